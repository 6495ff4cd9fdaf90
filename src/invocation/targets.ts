/**
 * Where messages are delivered: whatever an ARN names. The interface at which the rooms meet: destinations of
 * asynchronous invocations, event sources and companion services send through it, and each service that can receive
 * something brings a Target. None of them knows another.
 */

/** As SQS and SNS know them. `Number` values are decimal text; `Binary` values are base64. */
export interface MessageAttribute {
  readonly type: "String" | "Number" | "Binary";
  readonly value: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** Who sends: what the receiver's resource policy is asked about (contract/08 §2). */
export interface Sender {
  /** Service principal, e.g. `s3.amazonaws.com`, or `lambda.amazonaws.com` for destinations and event sources. */
  readonly principal: string;
  /** aws:SourceArn: the bucket, topic, rule, schedule, log group or function (with its qualifier). */
  readonly arn: string;
  /** aws:SourceAccount */
  readonly accountId: string;
  /** It acts with a role that it was given: resource policies of this account are not asked (Scheduler, destinations). */
  readonly usesRole?: true;
}

/** A message, and what comes with it. */
export interface Delivery {
  /**
   * Lambda: the event, JSON. SQS and SNS: the message, text. An event bus: one entry of PutEvents as JSON,
   * `{"source","detail-type","detail":{...},"resources":[...],"time"?}`. S3: the object.
   */
  readonly body: Buffer;
  readonly attributes?: MessageAttributes;
  /** SNS only. */
  readonly subject?: string;
  /** S3 only: the key of the object. */
  readonly objectKey?: string;
  /** FIFO queues and topics only. */
  readonly messageGroupId?: string;
  readonly messageDeduplicationId?: string;
  /** X-Ray header, with the chain of functions that led here (lineage.ts). */
  readonly traceId: string;
  readonly sender: Sender;
}

export interface Target {
  /**
   * Deliver, durably: resolves when the receiver has it on the disk. May be asked again after it has.
   * @throws TargetRefusal when asking again would not help; anything else is tried again later
   */
  deliver(arn: string, delivery: Delivery): Promise<void>;
}

/** The target will never take it: it does not exist, does not allow it, or not so large a message. */
export class TargetRefusal extends Error {
  override readonly name = "TargetRefusal";
  /** As EventBridge and SNS report it in dead letters, e.g. NO_PERMISSIONS, RESOURCE_NOT_FOUND. */
  readonly code: string;

  constructor(message: string, code = "INVALID_PARAMETER") {
    super(message);
    this.code = code;
  }
}

/** Finds the target that an ARN means by the service in it. */
export class Targets implements Target {
  readonly #byService = new Map<string, Target>();
  readonly #elsewhere = new Map<string, { readonly target: Target; readonly isThere: (arn: string) => boolean }>();

  /** @param service its name in ARNs: `lambda`, `sqs`, ... A region adds each once, before it serves. */
  add(service: string, target: Target): void {
    this.#byService.set(service, target);
  }

  /** @param target of what others keep @param isThere whether it is meant, and not what is here */
  addElsewhere(service: string, target: Target, isThere: (arn: string) => boolean): void {
    this.#elsewhere.set(service, { target, isThere });
  }

  /** Is it kept by others? Then nothing can be said about it before something is sent to it. */
  isElsewhere(arn: string): boolean {
    return this.#elsewhere.get(serviceOf(arn))?.isThere(arn) === true;
  }

  async deliver(arn: string, delivery: Delivery): Promise<void> {
    const service = serviceOf(arn);
    const target = this.isElsewhere(arn) ? this.#elsewhere.get(service)?.target : this.#byService.get(service);
    if (!target) {
      throw new TargetRefusal(`${service} is not served by this region: nothing can be sent to ${arn}`, "NOT_SERVED");
    }
    await target.deliver(arn, delivery);
  }
}

const serviceOf = (arn: string): string => arn.split(":")[2] ?? "";
