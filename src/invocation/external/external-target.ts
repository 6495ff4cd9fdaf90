/** A service that others keep as a target: what it is asked is said by its sender, what its refusals mean by this. */
import { type Delivery, type Target, TargetRefusal } from "../targets.ts";
import { AwsClientError } from "./aws-client.ts";
import type { ExternalService } from "./external-service.ts";

/** Hands one delivery to a service. @param signal ends the wait for it @throws AwsClientError, TargetRefusal */
export type Send = (service: ExternalService, arn: string, delivery: Delivery, signal: AbortSignal) => Promise<void>;

const TIMEOUT_MS = 30_000;
/** Refusals that may pass: too much at once, or credentials and clocks that the operator will mend. */
const MAY_PASS =
  /Throttl|TooMany|SlowDown|RequestLimit|Expired|Skewed|Signature|AccessKey|ClientToken|Unrecognized|Busy/;
const MISSING = /NotFound|NotExist|NonExistent|NoSuch/;
const DENIED = /AccessDenied|AuthorizationError|NotAuthorized|Forbidden/;

export class ExternalTarget implements Target {
  readonly #service: ExternalService;
  readonly #send: Send;

  constructor(service: ExternalService, send: Send) {
    this.#service = service;
    this.#send = send;
  }

  async deliver(arn: string, delivery: Delivery): Promise<void> {
    try {
      await this.#send(this.#service, arn, delivery, AbortSignal.timeout(TIMEOUT_MS));
    } catch (error) {
      throw error instanceof AwsClientError ? meant(error) : error;
    }
  }
}

/** What asking again would not change is a refusal. */
function meant(error: AwsClientError): Error {
  const { status, code, message } = error;
  if (status >= 500 || status === 429 || status < 400 || MAY_PASS.test(code)) return error;
  if (MISSING.test(code) || status === 404) return new TargetRefusal(message, "RESOURCE_NOT_FOUND");
  if (DENIED.test(code) || status === 403) return new TargetRefusal(message, "NO_PERMISSIONS");
  return new TargetRefusal(message);
}
