/** examples/sns-fanout: orders on one topic, for three functions with filter policies and a queue; and a FIFO topic with its queue. */
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from "@aws-sdk/client-sns";
import { QUEUE_ARN, type Stage } from "../stage.ts";
import type { End, Story } from "../story.ts";

const TOPIC_ARN = "arn:aws:sns:us-east-1:000000000000:";

const SUBSCRIBERS = {
  invoice: { handler: "index.invoice", scope: "MessageAttributes", policy: { kind: ["placed"] } },
  pack: { handler: "index.pack", scope: "MessageBody", policy: { to: { country: ["de", "fr"] } } },
  review: { handler: "app.review", scope: "MessageAttributes", policy: { total: [{ numeric: [">=", 1000] }] } },
} as const;

/** What becomes of the n-th order. */
const order = (number: number) => ({
  kind: number % 2 === 0 ? "placed" : "changed",
  total: number % 5 === 0 ? 2400 : 12.5,
  to: { city: "Lyon", country: number % 3 === 0 ? "fr" : "us" },
});

type Order = ReturnType<typeof order>;

interface Done {
  readonly requestContext: { readonly functionArn: string };
  readonly requestPayload: { readonly Records: readonly [{ readonly Sns: { readonly Message: string } }] };
}

export async function fanOut(stage: Stage): Promise<Story> {
  const { sns } = stage.clients;
  const done = await stage.queue("done");
  const everything = await stage.queue("everything");
  const fifo = await stage.queue("orders.fifo");
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "orders" }));
  const raw = { RawMessageDelivery: "true" };
  const subscribe = (Protocol: string, Endpoint: string, Attributes: Record<string, string>, topic = TopicArn) =>
    sns.send(new SubscribeCommand({ TopicArn: topic, Protocol, Endpoint, Attributes }));
  const arns: Record<string, string> = {};
  for (const [name, { handler, scope, policy }] of Object.entries(SUBSCRIBERS)) {
    arns[name] = await stage.deployExample("sns-fanout", { handler, caller: "sns", told: "done" });
    await subscribe("lambda", arns[name], { FilterPolicyScope: scope, FilterPolicy: JSON.stringify(policy) });
  }
  await subscribe("sqs", `${QUEUE_ARN}everything`, raw);
  const Attributes = { FifoTopic: "true", ContentBasedDeduplication: "true" };
  await sns.send(new CreateTopicCommand({ Name: "orders.fifo", Attributes }));
  await subscribe("sqs", `${QUEUE_ARN}orders.fifo`, raw, `${TOPIC_ARN}orders.fifo`);
  /** What a function was told, by SNS, and has returned an answer to. */
  const end = (name: keyof typeof SUBSCRIBERS, isFor: (order: Order) => boolean): End => ({
    expects: (message) => message.startsWith("p") && isFor(order(Number(message.slice(1)))),
    arrived: () =>
      done.told(({ requestContext, requestPayload }: Done) =>
        requestContext.functionArn.startsWith(`${arns[name]}:`)
          ? idOf(requestPayload.Records[0].Sns.Message)
          : undefined,
      ),
  });
  return {
    groups: ["a", "b", "c"],
    paceMs: 5,
    async send(message, group) {
      const { kind, total, to } = order(Number(message.slice(1)));
      await stage.clients.sns.send(
        new PublishCommand({
          TopicArn: group === undefined ? TopicArn : `${TOPIC_ARN}orders.fifo`,
          Message: JSON.stringify({ id: message, total, to }),
          MessageAttributes: {
            kind: { DataType: "String", StringValue: kind },
            total: { DataType: "Number", StringValue: String(total) },
          },
          ...(group !== undefined && { MessageGroupId: group }),
        }),
      );
    },
    ends: {
      invoice: end("invoice", ({ kind }) => kind === "placed"),
      pack: end("pack", ({ to }) => to.country === "fr"),
      review: end("review", ({ total }) => total >= 1000),
      queue: {
        expects: (message) => message.startsWith("p"),
        arrived: async () => (await everything.bodies()).map(idOf),
      },
      "FIFO queue": {
        expects: (message) => !message.startsWith("p"),
        arrived: async () => (await fifo.bodies()).map(idOf),
        isOrdered: true,
      },
    },
  };
}

const idOf = (message: string): string => (JSON.parse(message) as { id: string }).id;
