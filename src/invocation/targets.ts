/**
 * Where results and failed events of asynchronous invocations are delivered: whatever an ARN names. The interface
 * between the queue and the services; each service that can receive something brings a Target.
 */

/** As SQS and SNS know them. */
export interface MessageAttribute {
  readonly type: "String" | "Number";
  readonly value: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** Whose result it is, and why it is sent. */
export interface Origin {
  /** With its qualifier. */
  readonly functionArn: string;
  readonly purpose: "OnSuccess" | "OnFailure" | "DeadLetter";
  /** X-Ray header, with the chain that led here. */
  readonly traceId: string;
}

export interface Target {
  /**
   * Deliver, durably. May be asked again after it has.
   * @param message JSON
   * @throws TargetRefusal when asking again would not help; anything else is tried again later
   */
  deliver(arn: string, message: Buffer, attributes: MessageAttributes, origin: Origin): Promise<void>;
}

/** The target will never take it: it does not exist, or not so large a message. */
export class TargetRefusal extends Error {
  override readonly name = "TargetRefusal";
}

/** Finds the target that an ARN means by the service in it. */
export class Targets implements Target {
  readonly #byService: ReadonlyMap<string, Target>;

  /** @param services by their name in ARNs: `lambda`, `sqs`, ... */
  constructor(services: Readonly<Record<string, Target>>) {
    this.#byService = new Map(Object.entries(services));
  }

  async deliver(arn: string, message: Buffer, attributes: MessageAttributes, origin: Origin): Promise<void> {
    const service = arn.split(":")[2] ?? "";
    const target = this.#byService.get(service);
    if (!target) throw new TargetRefusal(`${service} is not served by this region yet: nothing can be sent to ${arn}`);
    await target.deliver(arn, message, attributes, origin);
  }
}
