/** Functions as targets: each message is the payload of an asynchronous invocation. */
import { functionArn, isOfOtherPartition, type Place, parseFunctionName } from "../functions/function-name.ts";
import { newUuid } from "../state/ids.ts";
import { type EventAcceptor, LARGEST_EVENT_BYTES } from "./async/event-acceptor.ts";
import { InvokeRefusal } from "./refusal.ts";
import { type MessageAttributes, type Origin, type Target, TargetRefusal } from "./targets.ts";

export class LambdaTarget implements Target {
  readonly #events: EventAcceptor;
  readonly #place: Place;

  constructor(events: EventAcceptor, place: Place) {
    this.#events = events;
    this.#place = place;
  }

  async deliver(arn: string, message: Buffer, _: MessageAttributes, { traceId }: Origin): Promise<void> {
    const { name, qualifier, region, accountId } = parseFunctionName(arn) ?? {};
    const isOurs = region === this.#place.region && accountId === this.#place.accountId;
    if (name === undefined || !isOurs || isOfOtherPartition(arn, this.#place)) {
      throw new TargetRefusal(`${arn} is no function of this region`);
    }
    if (message.length > LARGEST_EVENT_BYTES) {
      throw new TargetRefusal(`${message.length} bytes are more than an asynchronous invocation may have`);
    }
    const invokedFunctionArn = functionArn(this.#place, name, qualifier);
    const invocation = { requestId: newUuid(), payload: message, invokedFunctionArn, traceId };
    try {
      await this.#events.accept({ functionName: name, qualifier, invocation });
    } catch (error) {
      const isGone = error instanceof InvokeRefusal && error.code === "ResourceNotFoundException";
      throw isGone ? new TargetRefusal(error.message) : error;
    }
  }
}
