/** examples/order-events: orders on a bus; big ones are packed, every one makes a sentence, what may not be delivered is a dead letter. */
import {
  CreateEventBusCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { RemovePermissionCommand } from "@aws-sdk/client-lambda";
import { QUEUE_ARN, type Stage } from "../stage.ts";
import type { Story } from "../story.ts";

const BUS = { EventBusName: "orders" };
const BIG = { source: ["shop"], detail: { total: [{ numeric: [">", 100] }] } };
const EVERY = { source: ["shop"] };
const SENTENCE = {
  InputPathsMap: { id: "$.detail.id", total: "$.detail.total" },
  InputTemplate: '"Order <id> of <total> arrived"',
};

interface Done {
  readonly responsePayload: { readonly packed?: string; readonly notified?: string };
}

export async function orders(stage: Stage): Promise<Story> {
  const done = await stage.queue("done");
  const undelivered = await stage.queue("undelivered");
  const caller = { caller: "events", told: "done" };
  const pack = await stage.deployExample("order-events", caller);
  const notify = await stage.deployExample("order-events", caller);
  const forbidden = await stage.deployExample("order-events", caller);
  await stage.region.lambda.send(new RemovePermissionCommand({ FunctionName: forbidden, StatementId: "story" }));
  await stage.clients.events.send(new CreateEventBusCommand({ Name: BUS.EventBusName }));
  const rule = async (Rule: string, pattern: object, target: Omit<Target, "Id">) => {
    const { events } = stage.clients;
    await events.send(new PutRuleCommand({ ...BUS, Name: Rule, EventPattern: JSON.stringify(pattern) }));
    await events.send(new PutTargetsCommand({ ...BUS, Rule, Targets: [{ Id: "1", ...target }] }));
  };
  await rule("big", BIG, { Arn: pack });
  await rule("every", EVERY, { Arn: notify, InputTransformer: SENTENCE });
  await rule("forbidden", BIG, { Arn: forbidden, DeadLetterConfig: { Arn: `${QUEUE_ARN}undelivered` } });
  return {
    groups: [],
    paceMs: 5,
    async send(message) {
      const Detail = JSON.stringify({ id: message, total: isBig(message) ? 120.5 : 7 });
      const entry = { ...BUS, Source: "shop", DetailType: "order placed", Detail };
      const { FailedEntryCount } = await stage.clients.events.send(new PutEventsCommand({ Entries: [entry] }));
      if (FailedEntryCount !== 0) throw new Error("not accepted");
    },
    ends: {
      packed: { expects: isBig, arrived: () => done.told(({ responsePayload }: Done) => responsePayload.packed) },
      notified: {
        expects: () => true,
        arrived: () =>
          done.told(({ responsePayload }: Done) => /^Order (\w+) /.exec(responsePayload.notified ?? "")?.[1]),
      },
      "dead letters": {
        expects: isBig,
        arrived: () => undelivered.told(({ detail }: { detail: { id: string } }) => detail.id),
      },
    },
  };
}

/** Every fourth. */
const isBig = (message: string): boolean => Number(message.slice(1)) % 4 === 0;
