/** A bucket's notification configuration: how it is kept, whether it makes sense, and which events it asks for. */
import { newUuid } from "../../state/ids.ts";
import type { EventName } from "./object-event.ts";
import type { S3Input } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

export type Given = S3Input<"PutBucketNotificationConfiguration">["NotificationConfiguration"];

/** One destination and what it wants to hear of. */
export interface NotificationRule {
  readonly id: string;
  readonly kind: "function" | "queue" | "topic";
  readonly arn: string;
  /** With their `s3:`. */
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

export interface Notifications {
  readonly rules: readonly NotificationRule[];
  /** Everything goes to EventBridge. */
  readonly eventBridge: boolean;
}

/** What S3 tells of here, by name and by group. Others may be asked for; they never come. */
const KNOWN_EVENTS: ReadonlySet<string> = new Set([
  "s3:TestEvent",
  "s3:ReducedRedundancyLostObject",
  "s3:ObjectCreated:*",
  "s3:ObjectCreated:Put",
  "s3:ObjectCreated:Post",
  "s3:ObjectCreated:Copy",
  "s3:ObjectCreated:CompleteMultipartUpload",
  "s3:ObjectRemoved:*",
  "s3:ObjectRemoved:Delete",
  "s3:ObjectRemoved:DeleteMarkerCreated",
  "s3:ObjectRestore:*",
  "s3:ObjectRestore:Post",
  "s3:ObjectRestore:Completed",
  "s3:ObjectRestore:Delete",
  "s3:Replication:*",
  "s3:Replication:OperationFailedReplication",
  "s3:Replication:OperationNotTracked",
  "s3:Replication:OperationMissedThreshold",
  "s3:Replication:OperationReplicatedAfterThreshold",
  "s3:LifecycleTransition",
  "s3:IntelligentTiering",
  "s3:ObjectAcl:Put",
  "s3:LifecycleExpiration:*",
  "s3:LifecycleExpiration:Delete",
  "s3:LifecycleExpiration:DeleteMarkerCreated",
  "s3:ObjectTagging:*",
  "s3:ObjectTagging:Put",
  "s3:ObjectTagging:Delete",
]);

const SERVICES = { function: "lambda", queue: "sqs", topic: "sns" } as const;

/** @throws ServiceError InvalidArgument, in S3's words */
export function readNotifications(given: Given): Notifications {
  const rules = [
    ...(given.TopicConfigurations ?? []).map((one) => readRule("topic", one.TopicArn, one)),
    ...(given.QueueConfigurations ?? []).map((one) => readRule("queue", one.QueueArn, one)),
    ...(given.LambdaFunctionConfigurations ?? []).map((one) => readRule("function", one.LambdaFunctionArn, one)),
  ];
  const ids = new Set(rules.map(({ id }) => id));
  if (ids.size < rules.length) invalid("Same ID used for multiple configurations. Configuration IDs must be unique");
  for (const [index, rule] of rules.entries()) {
    for (const other of rules.slice(index + 1)) checkApart(rule, other);
  }
  return { rules, eventBridge: given.EventBridgeConfiguration !== undefined };
}

interface GivenRule {
  readonly Id?: string | undefined;
  readonly Events: readonly string[];
  readonly Filter?:
    | {
        readonly Key?:
          | {
              readonly FilterRules?:
                | readonly { readonly Name?: string | undefined; readonly Value?: string | undefined }[]
                | undefined;
            }
          | undefined;
      }
    | undefined;
}

function readRule(kind: NotificationRule["kind"], arn: string, given: GivenRule): NotificationRule {
  if (arn.split(":").length < 6 || arn.split(":")[2] !== SERVICES[kind]) {
    invalid("The ARN could not be parsed", arn);
  }
  for (const event of given.Events) {
    if (!KNOWN_EVENTS.has(event)) invalid("The event is not supported for notifications", event);
  }
  const filters = { prefix: "", suffix: "" };
  const seen = new Set<string>();
  for (const { Name = "", Value = "" } of given.Filter?.Key?.FilterRules ?? []) {
    const name = Name.toLowerCase();
    if (name !== "prefix" && name !== "suffix") invalid("filter rule name must be either prefix or suffix", Name);
    if (seen.has(name)) invalid(`Cannot specify more than one ${name} rule in a filter.`, Value);
    if (Value.length > 1024)
      invalid("Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation", Value);
    seen.add(name);
    filters[name] = Value;
  }
  return { id: given.Id ?? newUuid(), kind, arn, events: [...given.Events], ...filters };
}

/** One event must not go to two destinations of a bucket. */
function checkApart(a: NotificationRule, b: NotificationRule): void {
  const overlap = a.events.some((one) => b.events.some((other) => covers(one, other) || covers(other, one)));
  if (!overlap) return;
  const isOpen = (rule: NotificationRule): boolean => rule.prefix === "" && rule.suffix === "";
  const prefixesMeet = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
  const suffixesMeet = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
  if (!prefixesMeet || !suffixesMeet) return;
  if (isOpen(a) && isOpen(b)) {
    invalid("Configurations overlap. Configurations on the same bucket cannot share a common event type.");
  }
  const [first, second] = a.suffix === "" && b.suffix === "" ? ["prefixes", "suffixes"] : ["suffixes", "prefixes"];
  invalid(
    `Configuration is ambiguously defined. Cannot have overlapping ${first} in two rules if the ${second} are overlapping for the same event type.`,
  );
}

/** @param event one that `wanted` may be, or may be a group with */
const covers = (wanted: string, event: string): boolean =>
  wanted === event || (wanted.endsWith(":*") && event.startsWith(wanted.slice(0, -1)));

function invalid(message: string, value?: string): never {
  return refuse("InvalidArgument", { message, ...(value !== undefined && { members: { ArgumentValue: value } }) });
}

/** The rules that ask for an event of a key. */
export function matching({ rules }: Notifications, name: EventName, key: string): NotificationRule[] {
  return rules.filter(
    ({ events, prefix, suffix }) =>
      key.startsWith(prefix) && key.endsWith(suffix) && events.some((wanted) => covers(wanted, `s3:${name}`)),
  );
}

/** As it was given, for GetBucketNotificationConfiguration. */
export function shownNotifications({ rules, eventBridge }: Notifications) {
  const of = (kind: NotificationRule["kind"]) => rules.filter((rule) => rule.kind === kind);
  const topics = of("topic").map((rule) => ({ TopicArn: rule.arn, ...shownRule(rule) }));
  const queues = of("queue").map((rule) => ({ QueueArn: rule.arn, ...shownRule(rule) }));
  const functions = of("function").map((rule) => ({ LambdaFunctionArn: rule.arn, ...shownRule(rule) }));
  return {
    ...(topics.length > 0 && { TopicConfigurations: topics }),
    ...(queues.length > 0 && { QueueConfigurations: queues }),
    ...(functions.length > 0 && { LambdaFunctionConfigurations: functions }),
    ...(eventBridge && { EventBridgeConfiguration: {} }),
  };
}

function shownRule({ id, events, prefix, suffix }: NotificationRule) {
  const filters = [
    ...(prefix === "" ? [] : [{ Name: "Prefix", Value: prefix }]),
    ...(suffix === "" ? [] : [{ Name: "Suffix", Value: suffix }]),
  ];
  return { Id: id, Events: events, ...(filters.length > 0 && { Filter: { Key: { FilterRules: filters } } }) };
}
