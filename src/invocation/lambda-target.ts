/**
 * Functions as targets: each message is the payload of an asynchronous invocation, if the function's resource policy
 * lets the sender.
 */
import { functionArn, isOfOtherPartition, type Place, parseFunctionName } from "../functions/function-name.ts";
import type { PolicyDocument } from "../functions/policy-document.ts";
import { evaluatePolicy } from "../functions/policy-evaluation.ts";
import { newUuid } from "../state/ids.ts";
import { type EventAcceptor, LARGEST_EVENT_BYTES } from "./async/event-acceptor.ts";
import { InvokeRefusal } from "./refusal.ts";
import { type Delivery, type Sender, type Target, TargetRefusal } from "./targets.ts";

export interface LambdaTargetOptions {
  readonly events: EventAcceptor;
  readonly place: Place;
  /** The resource policy of a function, version or alias. */
  readonly policyOf: (functionName: string, qualifier?: string) => Promise<PolicyDocument | undefined>;
}

export class LambdaTarget implements Target {
  readonly #options: LambdaTargetOptions;

  constructor(options: LambdaTargetOptions) {
    this.#options = options;
  }

  async deliver(arn: string, { body, traceId, sender }: Delivery): Promise<void> {
    const { events, place } = this.#options;
    const { name, qualifier, region, accountId } = parseFunctionName(arn) ?? {};
    const isOurs = region === place.region && accountId === place.accountId;
    if (name === undefined || !isOurs || isOfOtherPartition(arn, place)) {
      throw new TargetRefusal(`${arn} is no function of this region`, "RESOURCE_NOT_FOUND");
    }
    if (body.length > LARGEST_EVENT_BYTES) {
      throw new TargetRefusal(`${body.length} bytes are more than an asynchronous invocation may have`);
    }
    const invokedFunctionArn = functionArn(place, name, qualifier);
    if (!(await this.allows(name, qualifier, sender))) {
      throw new TargetRefusal(`${sender.principal} may not invoke ${invokedFunctionArn}`, "NO_PERMISSIONS");
    }
    const invocation = { requestId: newUuid(), payload: body, invokedFunctionArn, traceId };
    try {
      await events.accept({ functionName: name, qualifier, invocation });
    } catch (error) {
      const isGone = error instanceof InvokeRefusal && error.code === "ResourceNotFoundException";
      throw isGone ? new TargetRefusal(error.message, "RESOURCE_NOT_FOUND") : error;
    }
  }

  /** Does the policy of the function, version or alias let the sender invoke it? (contract/08 §2) */
  async allows(functionName: string, qualifier: string | undefined, sender: Sender): Promise<boolean> {
    if (sender.usesRole) return true;
    const { place, policyOf } = this.#options;
    const decision = evaluatePolicy(await policyOf(functionName, qualifier === "$LATEST" ? undefined : qualifier), {
      action: "lambda:InvokeFunction",
      resource: functionArn(place, functionName, qualifier === "$LATEST" ? undefined : qualifier),
      principal: { kind: "service", service: sender.principal },
      conditions: { "AWS:SourceArn": sender.arn, "AWS:SourceAccount": sender.accountId },
    });
    return decision === "allow";
  }
}
