/** The invoker of a region: catalog, admission and environment pool joined. One step after the other, each in its own file. */
import type { Invocation } from "../execution/invocation.ts";
import type { Outcome } from "../execution/outcome.ts";
import { type EnvironmentPool, NoRoomError } from "../execution/pool.ts";
import { RestoreError } from "../execution/restore-error.ts";
import { isSnapStart } from "../execution/snapshots/snap-start.ts";
import type { Catalog } from "../functions/catalog.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Admission } from "./admission.ts";
import type { InvokeRequest, Invoker } from "./invoker.ts";
import { extendLineage, LONGEST_CHAIN } from "./lineage.ts";
import type { Meter } from "./metering/metering.ts";
import type { Precedence } from "./precedence.ts";
import { InvokeRefusal } from "./refusal.ts";
import { restoreFailed, snapshotPending } from "./snap-start-refusal.ts";
import { throttled } from "./throttling.ts";

const NOTHING = Buffer.alloc(0);

export class RegionInvoker implements Invoker {
  readonly #catalog: Catalog;
  readonly #admission: Admission;
  readonly #pool: EnvironmentPool;
  /** The ARN of a function that does not exist, for the message. */
  readonly #arnOf: (functionName: string) => string;
  readonly #meter: Meter;
  readonly #precedence: Pick<Precedence, "arrived">;

  constructor(
    catalog: Catalog,
    admission: Admission,
    pool: EnvironmentPool,
    arnOf: (functionName: string) => string,
    meter: Meter,
    precedence: Pick<Precedence, "arrived">,
  ) {
    this.#meter = meter;
    this.#precedence = precedence;
    this.#catalog = catalog;
    this.#admission = admission;
    this.#pool = pool;
    this.#arnOf = arnOf;
  }

  async invoke(request: InvokeRequest): Promise<Outcome> {
    const { functionName, qualifier } = request;
    if (request.isQueued !== true) this.#precedence.arrived();
    const version = this.#catalog.cached(functionName, qualifier) ?? (await this.#resolve(functionName, qualifier));
    if (request.isQueued && version.creationId !== request.creationId) throw this.#notFound(functionName, qualifier);
    if (version.state !== "Active") await this.#refuseUnready(version);
    refuseTenant(version, request.invocation.tenantId);
    const { traceId, invocations } = extendLineage(request.invocation.traceId, version.functionArn);
    if (invocations > LONGEST_CHAIN) await this.#refuseRecursion(functionName);
    const isImplied = qualifier === undefined && version.version !== "$LATEST";
    const invokedFunctionArn = isImplied
      ? `${version.functionArn}:${version.version}`
      : request.invocation.invokedFunctionArn;
    const invocation = rewritten(request.invocation, { traceId, invokedFunctionArn });
    // From here until the pool has taken its environment nothing waits: what demand() saw is what invoke() finds.
    const demand = this.#pool.demand(version, invocation.tenantId);
    const place = this.#admission.enter(functionName, demand, request.isQueued !== true);
    try {
      const outcome = await this.#pool.invoke(version, invocation, request.wantsLogTail);
      this.#record(version, request, outcome);
      return outcome;
    } catch (error) {
      if (error instanceof RestoreError) throw restoreFailed(error);
      // A full machine is to the caller what a used-up account is: try again later.
      throw error instanceof NoRoomError ? throttled("ConcurrentInvocationLimitExceeded") : error;
    } finally {
      this.#admission.leave(place, demand);
    }
  }

  async check(functionName: string, qualifier: string | undefined, tenantId?: string): Promise<void> {
    const version = await this.#resolve(functionName, qualifier);
    if (version.state !== "Active") await this.#refuseUnready(version);
    refuseTenant(version, tenantId);
  }

  /** Where extensions go on after the answer, what is billed is known when they are done. */
  #record(version: FunctionVersion, request: InvokeRequest, outcome: Outcome): void {
    if (!outcome.finalBilledMs) return this.#meter.record(version, request, outcome);
    void outcome.finalBilledMs.then((billedMs) => this.#meter.record(version, request, { ...outcome, billedMs }));
  }

  async #refuseUnready(unready: FunctionVersion): Promise<never> {
    const { functionName, version, state, capacityProvider } = unready;
    if (state === "Pending" && isSnapStart(unready)) throw snapshotPending();
    if (version !== "$LATEST" || capacityProvider === undefined) {
      throw new InvokeRefusal(
        "ResourceConflictException",
        `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
      );
    }
    if (await this.#catalog.describe(functionName, "$LATEST.PUBLISHED")) {
      throw new InvokeRefusal(
        "InvalidParameterValueException",
        "Functions configured with capacity provider configuration can't be invoked with $LATEST qualifier. To invoke this function, specify a published version qualifier or $LATEST.PUBLISHED.",
      );
    }
    throw new InvokeRefusal(
      "NoPublishedVersionException",
      "The function can't be invoked because no published version exists. For functions with capacity provider configuration, either publish a version to $LATEST.PUBLISHED, or specify a published version qualifier.",
    );
  }

  async #refuseRecursion(functionName: string): Promise<void> {
    const loops = await this.#catalog.settings<"Allow" | "Terminate">("recursion").get(functionName);
    if (loops === "Allow") return;
    throw new InvokeRefusal(
      "RecursiveInvocationException",
      // The text is unconfirmed.
      "Lambda has detected your function being invoked in a recursive loop and stopped the invocation.",
    );
  }

  async #resolve(functionName: string, qualifier: string | undefined): Promise<FunctionVersion> {
    const version = await this.#catalog.resolve(functionName, qualifier);
    if (version) return version;
    if (qualifier === "$LATEST.PUBLISHED" && (await this.#catalog.describe(functionName))) {
      throw new InvokeRefusal("NoPublishedVersionException", "The function has no published versions available.");
    }
    throw this.#notFound(functionName, qualifier);
  }

  #notFound(functionName: string, qualifier = "$LATEST"): InvokeRefusal {
    const arn = `${this.#arnOf(functionName)}:${qualifier}`;
    return new InvokeRefusal("ResourceNotFoundException", `Function not found: ${arn}`);
  }
}

/** Whoever lets go of a large event once it is delivered is not to be kept from it by this copy. */
function rewritten(made: Invocation, changed: Partial<Invocation>): Invocation {
  if (made.onDelivered === undefined) return { ...made, ...changed };
  const invocation: { -readonly [Member in keyof Invocation]: Invocation[Member] } = { ...made, ...changed };
  invocation.onDelivered = () => {
    invocation.payload = NOTHING;
    made.onDelivered?.();
  };
  return invocation;
}

/** A tenant belongs to exactly the functions that keep tenants apart (contract/03; the second text is not recorded). */
function refuseTenant(version: FunctionVersion, tenantId: string | undefined): void {
  const isolated = version.tenantIsolation !== undefined;
  if (isolated === (tenantId !== undefined)) return;
  throw new InvokeRefusal(
    "InvalidParameterValueException",
    isolated
      ? "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again."
      : "The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.",
  );
}
