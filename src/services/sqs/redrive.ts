/** Which queue may be whose dead-letter queue. Texts of errors are AWS's as recorded, unless a comment says otherwise. */
import { parsed } from "./parsed-json.ts";
import type { Queue } from "./queue.ts";
import { queueArn, queueNameOf } from "./queue-address.ts";
import { redrivePolicy } from "./queue-rules.ts";
import type { SqsContext } from "./sqs-api.ts";

/** @returns the policy as SQS writes it @throws ServiceError */
export function checkRedrivePolicy(context: SqsContext, queueName: string, isFifo: boolean, text: string): string {
  const { engine, place, fail } = context;
  const refuse = (reason: string): never =>
    fail("InvalidParameterValue", `Value ${text} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
  const policy = parsed(text);
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) {
    return refuse("Redrive policy is not a valid JSON map.");
  }
  const { deadLetterTargetArn: arn, maxReceiveCount: count } = policy as Record<string, unknown>;
  for (const name of ["deadLetterTargetArn", "maxReceiveCount"]) {
    if (!Object.hasOwn(policy, name)) refuse(`Redrive policy does not contain mandatory attribute: ${name}.`);
  }
  if (typeof arn !== "string" || !/^arn:[^:]+:sqs:[^:]*:\d{12}:[^:]+$/.test(arn)) {
    return refuse("Invalid value for deadLetterTargetArn.");
  }
  const most = Number(count);
  if (!Number.isInteger(most) || most < 1 || most > 1000 || count === "") {
    refuse(`Invalid value for maxReceiveCount: ${count}, valid values are from 1 to 1000 both inclusive.`);
  }
  const target = engine.book.find(queueNameOf(place, arn) ?? "");
  if (!target) return refuse("Dead letter target does not exist.");
  if (target.rules.isFifo !== isFifo) refuse("Dead-letter queue must be same type of queue as the source.");
  if (!allowsSource(target, queueArn(place, queueName))) {
    // Unverified.
    refuse("The dead-letter queue does not allow this queue as its source.");
  }
  return JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: most });
}

/** What the target's RedriveAllowPolicy says; without one every queue may. */
function allowsSource({ definition }: Queue, sourceArn: string): boolean {
  const { RedriveAllowPolicy: text } = definition.attributes;
  if (!text) return true;
  const { redrivePermission, sourceQueueArns = [] } = JSON.parse(text);
  return redrivePermission === "allowAll" || (sourceQueueArns as string[]).includes(sourceArn);
}

/** The queues that send their dead letters to this one. */
export function deadLetterSources({ engine, place }: SqsContext, target: Queue): Queue[] {
  const arn = queueArn(place, target.name);
  return engine.book
    .all()
    .filter(({ definition }) => redrivePolicy(definition.attributes)?.deadLetterTargetArn === arn);
}
