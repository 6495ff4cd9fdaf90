/** The types of the STS API, as the SDK publishes them, and what all of its handlers work with. */
import type { Clock } from "../../state/clock.ts";
import type { Fail } from "../../wire/fail.ts";
import type { Handlers } from "../../wire/handlers.ts";
import type { SessionCredentials } from "../companion.ts";

export type Sts = typeof import("@aws-sdk/client-sts");
export type StsHandlers = Handlers<Sts>;

export interface StsContext {
  readonly clock: Clock;
  readonly credentials: SessionCredentials;
  readonly fail: Fail<Sts>;
}
