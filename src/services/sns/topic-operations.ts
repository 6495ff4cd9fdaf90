/** Topics: made, shown, changed, deleted; their permissions and tags. */
import { listOf } from "../../functions/policy-document.ts";
import { pageOf } from "./page.ts";
import { invalid } from "./refusal.ts";
import type { SnsContext, SnsHandlers } from "./sns-api.ts";
import type { Attributes, Topic } from "./topic.ts";
import { checkTopicAttribute, topicAttributes } from "./topic-attributes.ts";
import { policyOf, requireNotDenied, withPermission } from "./topic-policy.ts";

const NAME = /^[A-Za-z0-9_-]{1,256}$/;
const FIFO_NAME = /^[A-Za-z0-9_-]{1,251}\.fifo$/;
const MOST_TAGS = 50;
const ACTIONS = /^(?:\*|[A-Za-z]+)$/;

/** @throws ServiceError */
export function findTopic({ book, fail }: Pick<SnsContext, "book" | "fail">, arn: string | undefined): Topic {
  const parts = (arn ?? "").split(":");
  if (parts.length < 6) invalid(fail, `TopicArn Reason: An ARN must have at least 6 elements, not ${parts.length}`);
  return book.topic(arn ?? "") ?? fail("NotFoundException", "Topic does not exist");
}

export function topicHandlers(context: SnsContext) {
  const { book, fail, place } = context;

  return {
    async CreateTopic({ Name: name, Attributes: given = {}, Tags: tags = [] }) {
      const attributes = { ...given } as Record<string, string>;
      const isFifo = attributes.FifoTopic === "true";
      if (isFifo !== name.endsWith(".fifo") || !(isFifo ? FIFO_NAME : NAME).test(name)) {
        const rules =
          "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.";
        invalid(fail, isFifo ? rules : "Topic Name");
      }
      for (const [key, value] of Object.entries(attributes)) checkTopicAttribute(fail, key, value, isFifo);
      if (!isFifo) delete attributes.FifoTopic;
      const definition = { name, attributes, tags: checkTags(context, {}, tags), subscriptionsDeleted: 0 };
      const topic = await book.createTopic(definition);
      if (topic.definition !== definition) requireSame(topic, attributes, definition.tags);
      return { TopicArn: topic.arn };
    },

    async DeleteTopic({ TopicArn: arn }, { principal }) {
      const topic = book.topic(arn);
      if (topic === undefined) {
        if (arn.split(":").length < 6) findTopic(context, arn);
        return {};
      }
      requireNotDenied(fail, topic, place, "DeleteTopic", principal);
      await book.deleteTopic(topic);
      return {};
    },

    GetTopicAttributes({ TopicArn: arn }, { principal }) {
      const topic = findTopic(context, arn);
      requireNotDenied(fail, topic, place, "GetTopicAttributes", principal);
      return { Attributes: topicAttributes(context, topic) };
    },

    async SetTopicAttributes({ TopicArn: arn, AttributeName: name, AttributeValue: value = "" }, { principal }) {
      const topic = findTopic(context, arn);
      requireNotDenied(fail, topic, place, "SetTopicAttributes", principal);
      if (name === "FifoTopic") invalid(fail, "AttributeName");
      const isUnset = value === "" && name !== "DisplayName";
      if (!isUnset) checkTopicAttribute(fail, name, value, topic.isFifo);
      await book.changeTopic(topic, (before) => {
        const { [name]: _, ...others } = before.attributes;
        return { ...before, attributes: isUnset ? others : { ...others, [name]: value } };
      });
      return {};
    },

    ListTopics({ NextToken: token }) {
      const { items, ...more } = pageOf(fail, book.topics(), ({ arn }) => arn, token);
      return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), ...more };
    },

    async AddPermission({ TopicArn: arn, Label: label, AWSAccountId: accountIds, ActionName: actions }, { principal }) {
      const topic = findTopic(context, arn);
      requireNotDenied(fail, topic, place, "AddPermission", principal);
      if (accountIds.length === 0 || accountIds.some((id) => !/^\d{12}$/.test(id))) invalid(fail, "AWSAccountId");
      if (actions.length === 0 || actions.some((action) => !ACTIONS.test(action))) invalid(fail, "ActionName");
      await book.changeTopic(topic, (before) => {
        const policy = policyOf(topic, place);
        if (listOf(policy.Statement).some(({ Sid }) => Sid === label)) invalid(fail, "Statement already exists");
        const changed = withPermission(policy, topic.arn, { label, accountIds, actions });
        return { ...before, attributes: { ...before.attributes, Policy: JSON.stringify(changed) } };
      });
      return {};
    },

    async RemovePermission({ TopicArn: arn, Label: label }, { principal }) {
      const topic = findTopic(context, arn);
      requireNotDenied(fail, topic, place, "RemovePermission", principal);
      await book.changeTopic(topic, (before) => {
        const policy = policyOf(topic, place);
        const left = listOf(policy.Statement).filter(({ Sid }) => Sid !== label);
        if (left.length === listOf(policy.Statement).length) fail("NotFoundException", `No statement ${label}`);
        const { Policy: _, ...others } = before.attributes;
        if (left.length === 0) return { ...before, attributes: others };
        return { ...before, attributes: { ...others, Policy: JSON.stringify({ ...policy, Statement: left }) } };
      });
      return {};
    },

    async TagResource({ ResourceArn: arn, Tags: tags }) {
      const topic = taggedTopic(arn);
      await book.changeTopic(topic, (before) => ({ ...before, tags: checkTags(context, before.tags, tags) }));
      return {};
    },

    async UntagResource({ ResourceArn: arn, TagKeys: keys }) {
      const gone = new Set(keys);
      await book.changeTopic(taggedTopic(arn), (before) => ({
        ...before,
        tags: Object.fromEntries(Object.entries(before.tags).filter(([key]) => !gone.has(key))),
      }));
      return {};
    },

    ListTagsForResource({ ResourceArn: arn }) {
      const { tags } = taggedTopic(arn).definition;
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  } satisfies SnsHandlers;

  function taggedTopic(arn: string): Topic {
    return book.topic(arn) ?? fail("ResourceNotFoundException", "Resource does not exist");
  }

  /** Whoever makes a topic again gets it, unless they want another. @throws ServiceError */
  function requireSame(topic: Topic, attributes: Attributes, tags: Attributes): void {
    const current = topicAttributes(context, topic);
    const differs = Object.entries(attributes).some(([key, value]) => current[key] !== value);
    if (differs) invalid(fail, "Attributes Reason: Topic already exists with different attributes");
    const known = topic.definition.tags;
    if (Object.entries(tags).some(([key, value]) => known[key] !== value)) {
      invalid(fail, "Tags Reason: Topic already exists with different tags");
    }
  }
}

/** @throws ServiceError @returns the tags with the given ones */
function checkTags(
  { fail }: SnsContext,
  before: Attributes,
  given: readonly { readonly Key: string; readonly Value: string }[],
): Attributes {
  const keys = given.map(({ Key }) => Key);
  if (new Set(keys).size !== keys.length) invalid(fail, "Duplicated keys are not allowed.");
  if (keys.some((key) => key.startsWith("aws:"))) {
    invalid(fail, "aws: prefixed tag key names are not allowed for external use.");
  }
  const tags = { ...before, ...Object.fromEntries(given.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(tags).length > MOST_TAGS) {
    fail("TagLimitExceededException", "Could not complete request: tag quota of per resource exceeded");
  }
  return tags;
}
