/** A companion service: an AWS API that functions expect beside them. What every folder here takes and brings. */
import type { Catalog } from "../functions/catalog.ts";
import type { CodeObjects } from "../functions/code-objects.ts";
import type { Place } from "../functions/function-name.ts";
import type { PolicyDocument } from "../functions/policy-document.ts";
import type { Invoker } from "../invocation/invoker.ts";
import type { LambdaTarget } from "../invocation/lambda-target.ts";
import type { PolledQueues } from "../invocation/polled-queues.ts";
import type { Target, Targets } from "../invocation/targets.ts";
import type { Log } from "../observability/log.ts";
import type { LogStore } from "../observability/log-store.ts";
import type { Clock } from "../state/clock.ts";
import type { DataDirectory } from "../state/data-directory.ts";
import type { HttpSurface } from "../wire/http-surface.ts";
import type { WireService } from "../wire/service.ts";

/** Hands out temporary credentials that the region's gateway will know. */
export interface SessionCredentials {
  /** @param identity whose @param expiresMs unix ms */
  issue(
    identity: { readonly roleArn: string; readonly sessionName: string },
    nowMs: number,
    expiresMs: number,
  ): { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string };
}

/** What a region gives to each companion service. */
export interface CompanionContext {
  readonly place: Place;
  /** Each service keeps files of its own there, named after it. */
  readonly data: DataDirectory;
  readonly clock: Clock;
  readonly log: Log;
  /** Everything that a message can be sent to; complete when start() is called. */
  readonly targets: Targets;
  readonly catalog: Catalog;
  /** For those who wait for the function's answer. */
  readonly invoker: Invoker;
  /** Asks resource policies of functions. */
  readonly lambda: Pick<LambdaTarget, "allows">;
  readonly credentials: SessionCredentials;
  /** What functions wrote. */
  readonly functionLogs: LogStore;
  /** Host names besides loopback's and AWS's own under which the region is reached. */
  readonly hostNames: readonly string[];
}

export interface Companion {
  /** Its AWS API. */
  readonly service: WireService;
  /** Further APIs of it, where AWS has split one thing into several. */
  readonly moreServices?: readonly WireService[];
  /** What it serves over HTTP that is no AWS API. */
  readonly surface?: HttpSurface;
  /** By the service's name in ARNs: what can be sent to its resources. */
  readonly target?: { readonly service: string; readonly target: Target };
  /** The resource policy that belongs to an ARN of the service's. */
  policyOf?(resource: string): PolicyDocument | undefined;
  /** Where code of functions may come from. */
  readonly codeObjects?: CodeObjects;
  /** What event sources can poll. */
  readonly queues?: PolledQueues;
  /** Go on with what an earlier life left, and with what comes: timers, deliveries. The region serves by then. */
  start?(): Promise<void> | void;
  /** Take up no new work. */
  stop?(): void;
  /** What runs finishes; files are closed. */
  close(): Promise<void>;
}

export type OpenCompanion = (context: CompanionContext) => Promise<Companion>;
