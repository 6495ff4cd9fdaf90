/** Create-, Delete-, List-, Purge- and Tag...Queue(s), their URLs, attributes and permissions. */
import { listOf } from "../../functions/policy-document.ts";
import { newHexId } from "../../state/ids.ts";
import type { CallContext } from "../../wire/service.ts";
import type { Queue } from "./queue.ts";
import { isFifoName, isStandardName, noSuchQueue, queueArn, queueOfUrl, queueUrl } from "./queue-address.ts";
import { changedAttributes, checkAttributes } from "./queue-attributes.ts";
import { pageOf } from "./queue-pages.ts";
import { policyOf, withPermission } from "./queue-policy.ts";
import { DEFAULTS, FIFO_DEFAULTS } from "./queue-rules.ts";
import { deadLetterSources } from "./redrive.ts";
import type { SqsContext, SqsHandlers } from "./sqs-api.ts";

const PURGE_EVERY_MS = 60_000;
const MOST_STATEMENTS = 20;
const MOST_ACTIONS = 7;
const MOST_TAGS = 50;
/** What others than the queue's account can be allowed (developer guide, "Amazon SQS API permissions"). */
const GRANTABLE: ReadonlySet<string> = new Set([
  "*",
  "ChangeMessageVisibility",
  "DeleteMessage",
  "GetQueueAttributes",
  "GetQueueUrl",
  "ListDeadLetterSourceQueues",
  "PurgeQueue",
  "ReceiveMessage",
  "SendMessage",
]);

export function queueHandlers(context: SqsContext) {
  const { engine, clock, place, fail } = context;
  const queueOf = (url: string | undefined) => queueOfUrl(context, url);
  const urlOf = ({ endpoint }: CallContext, { name }: Queue) => queueUrl(endpoint, place, name);

  function checkName(name: string | undefined, isFifo: boolean): string {
    if (!name) return fail("MissingParameter", "The request must contain the parameter QueueName.");
    if (isFifo ? isFifoName(name) : isStandardName(name)) return name;
    return fail(
      "InvalidParameterValue",
      isFifo
        ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."
        : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  }

  function refuseDifferent({ definition }: Queue, given: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(given)) {
      if ((definition.attributes[name] ?? "") === value) continue;
      fail("QueueNameExists", `A queue already exists with the same name and a different value for attribute ${name}`);
    }
  }

  function checkTags(tags: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
    if (Object.keys(tags).length > MOST_TAGS) fail("InvalidParameterValue", "Too many tags added for queue.");
    return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, value ?? ""]));
  }

  /** In whole seconds, as SQS writes times of queues. */
  const seconds = (ms: number): string => String(Math.floor(ms / 1000));

  async function readOnly(queue: Queue): Promise<Readonly<Record<string, string>>> {
    const { ready, inFlight, delayed } = await engine.count(queue);
    return {
      QueueArn: queueArn(place, queue.name),
      ApproximateNumberOfMessages: String(ready),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
      CreatedTimestamp: seconds(queue.definition.createdMs),
      LastModifiedTimestamp: seconds(queue.definition.lastModifiedMs),
    };
  }

  return {
    async CreateQueue(input, call) {
      const { FifoQueue: fifo, ...others } = input.Attributes ?? {};
      const isFifo = fifo === "true";
      const name = checkName(input.QueueName, isFifo);
      const given = checkAttributes(context, {
        queueName: name,
        isFifo,
        given: fifo === undefined ? others : { FifoQueue: fifo, ...others },
      });
      const defaults = { ...DEFAULTS, ...(isFifo && FIFO_DEFAULTS) };
      const nowMs = clock.now();
      const { queue, isNew } = await engine.create({
        name,
        attributes: changedAttributes(context, defaults, given),
        tags: checkTags(input.tags ?? {}),
        createdMs: nowMs,
        lastModifiedMs: nowMs,
        secret: newHexId(16),
      });
      if (!isNew) refuseDifferent(queue, given);
      return { QueueUrl: urlOf(call, queue) };
    },

    GetQueueUrl(input, call) {
      const { QueueName: name, QueueOwnerAWSAccountId: owner = place.accountId } = input;
      if (!name) fail("MissingParameter", "The request must contain the parameter QueueName.");
      const queue = owner === place.accountId ? engine.book.find(name ?? "") : undefined;
      return { QueueUrl: urlOf(call, queue ?? noSuchQueue(fail)) };
    },

    ListQueues(input, call) {
      const prefix = input.QueueNamePrefix ?? "";
      const queues = engine.book.all().filter(({ name }) => name.startsWith(prefix));
      const { page, next } = pageOf(fail, queues, input);
      return {
        ...(page.length > 0 && { QueueUrls: page.map((queue) => urlOf(call, queue)) }),
        ...(next !== undefined && { NextToken: next }),
      };
    },

    ListDeadLetterSourceQueues(input, call) {
      const { page, next } = pageOf(fail, deadLetterSources(context, queueOf(input.QueueUrl)), input);
      return {
        queueUrls: page.map((queue) => urlOf(call, queue)),
        ...(next !== undefined && { NextToken: next }),
      };
    },

    async DeleteQueue(input) {
      await engine.remove(queueOf(input.QueueUrl));
      return {};
    },

    async PurgeQueue(input) {
      const queue = queueOf(input.QueueUrl);
      const { lastPurgedMs = Number.NEGATIVE_INFINITY } = queue.definition;
      if (clock.now() < lastPurgedMs + PURGE_EVERY_MS) {
        fail("PurgeQueueInProgress", `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`);
      }
      await engine.purge(queue);
      return {};
    },

    async GetQueueAttributes(input) {
      const queue = queueOf(input.QueueUrl);
      const asked = input.AttributeNames ?? [];
      if (asked.length === 0) return {};
      const all: Readonly<Record<string, string>> = { ...(await readOnly(queue)), ...queue.definition.attributes };
      if (asked.includes("All")) return { Attributes: all };
      for (const name of asked) {
        if (!isAttributeName(name)) fail("InvalidAttributeName", `Unknown Attribute ${name}.`);
      }
      const chosen = Object.entries(all).filter(([name]) => (asked as readonly string[]).includes(name));
      return chosen.length > 0 ? { Attributes: Object.fromEntries(chosen) } : {};
    },

    async SetQueueAttributes(input) {
      const queue = queueOf(input.QueueUrl);
      const given = input.Attributes ?? {};
      if ("FifoQueue" in given && given.FifoQueue !== queue.definition.attributes.FifoQueue) {
        fail("InvalidAttributeName", "Unknown Attribute FifoQueue.");
      }
      const { isFifo } = queue.rules;
      const change = checkAttributes(context, { queueName: queue.name, isFifo, given });
      await engine.change(queue, (before) => ({
        ...before,
        attributes: changedAttributes(context, before.attributes, change),
        lastModifiedMs: clock.now(),
      }));
      return {};
    },

    async TagQueue(input) {
      await engine.change(queueOf(input.QueueUrl), (before) => ({
        ...before,
        tags: checkTags({ ...before.tags, ...input.Tags }),
      }));
      return {};
    },

    async UntagQueue(input) {
      const names = new Set<string>(input.TagKeys ?? []);
      await engine.change(queueOf(input.QueueUrl), (before) => ({
        ...before,
        tags: Object.fromEntries(Object.entries(before.tags).filter(([name]) => !names.has(name))),
      }));
      return {};
    },

    ListQueueTags(input) {
      const { tags } = queueOf(input.QueueUrl).definition;
      return Object.keys(tags).length > 0 ? { Tags: tags } : {};
    },

    async AddPermission(input) {
      const queue = queueOf(input.QueueUrl);
      const { Label: label = "", AWSAccountIds: accountIds = [], Actions: actions = [] } = input;
      const required = { Label: label, AWSAccountIds: accountIds, Actions: actions };
      for (const [name, value] of Object.entries(required)) {
        if (value.length === 0) fail("MissingParameter", `The request must contain the parameter ${name}.`);
      }
      const badAccount = accountIds.find((id) => !/^\d{12}$/.test(id));
      if (badAccount !== undefined) {
        fail(
          "InvalidParameterValue",
          `Value ${JSON.stringify(accountIds)} for parameter PrincipalId is invalid. Reason: Unable to verify.`,
        );
      }
      const owners = actions.find((action) => !GRANTABLE.has(action));
      if (owners !== undefined) {
        fail(
          "InvalidParameterValue",
          `Value SQS:${owners} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.`,
        );
      }
      if (actions.length > MOST_ACTIONS) {
        fail("OverLimit", `${actions.length} Actions were found, maximum allowed is ${MOST_ACTIONS}.`);
      }
      await engine.change(queue, (before) => {
        const policy = policyOf(queue);
        const statements = listOf(policy?.Statement);
        if (statements.some(({ Sid: sid }) => sid === label)) {
          fail("InvalidParameterValue", `Value ${label} for parameter Label is invalid. Reason: Already exists.`);
        }
        if (statements.length >= MOST_STATEMENTS) {
          fail("OverLimit", `${statements.length + 1} statements were found, maximum allowed is ${MOST_STATEMENTS}.`);
        }
        const changed = withPermission(policy, queueArn(place, queue.name), { label, accountIds, actions });
        return { ...before, attributes: { ...before.attributes, Policy: JSON.stringify(changed) } };
      });
      return {};
    },

    async RemovePermission(input) {
      const queue = queueOf(input.QueueUrl);
      const { Label: label } = input;
      await engine.change(queue, (before) => {
        const policy = policyOf(queue);
        const statements = listOf(policy?.Statement);
        const left = statements.filter(({ Sid: sid }) => sid !== label);
        if (!policy || left.length === statements.length) {
          return fail(
            "InvalidParameterValue",
            `Value ${label} for parameter Label is invalid. Reason: can't find label.`,
          );
        }
        const { Policy: _, ...attributes } = before.attributes;
        if (left.length === 0) return { ...before, attributes };
        return { ...before, attributes: { ...attributes, Policy: JSON.stringify({ ...policy, Statement: left }) } };
      });
      return {};
    },
  } satisfies SqsHandlers;
}

const OTHERS = [
  "QueueArn",
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
  "Policy",
  "RedrivePolicy",
  "RedriveAllowPolicy",
  "KmsMasterKeyId",
  "KmsDataKeyReusePeriodSeconds",
];
const NAMES: ReadonlySet<string> = new Set([...OTHERS, ...Object.keys(DEFAULTS), ...Object.keys(FIFO_DEFAULTS)]);

const isAttributeName = (name: string): boolean => NAMES.has(name);
