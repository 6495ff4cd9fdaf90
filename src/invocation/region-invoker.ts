/** The invoker of a region: catalog, admission and environment pool joined. One step after the other, each in its own file. */
import type { Outcome } from "../execution/outcome.ts";
import { type EnvironmentPool, NoRoomError } from "../execution/pool.ts";
import type { Catalog } from "../functions/catalog.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Admission } from "./admission.ts";
import type { InvokeRequest, Invoker } from "./invoker.ts";
import { InvokeRefusal } from "./refusal.ts";
import { throttled } from "./throttling.ts";

export class RegionInvoker implements Invoker {
  readonly #catalog: Catalog;
  readonly #admission: Admission;
  readonly #pool: EnvironmentPool;
  /** The ARN of a function that does not exist, for the message. */
  readonly #arnOf: (functionName: string) => string;

  constructor(catalog: Catalog, admission: Admission, pool: EnvironmentPool, arnOf: (functionName: string) => string) {
    this.#catalog = catalog;
    this.#admission = admission;
    this.#pool = pool;
    this.#arnOf = arnOf;
  }

  async invoke(request: InvokeRequest): Promise<Outcome> {
    const { functionName, qualifier, invocation } = request;
    const version = this.#catalog.cached(functionName, qualifier) ?? (await this.#resolve(functionName, qualifier));
    refuseUnready(version);
    // From here until the pool has taken its environment nothing waits: what demand() saw is what invoke() finds.
    const demand = this.#pool.demand(version);
    const place = this.#admission.enter(functionName, demand, request.isQueued !== true);
    try {
      return await this.#pool.invoke(version, invocation, request.wantsLogTail);
    } catch (error) {
      // A full machine is to the caller what a used-up account is: try again later.
      throw error instanceof NoRoomError ? throttled("ConcurrentInvocationLimitExceeded") : error;
    } finally {
      this.#admission.leave(place, demand);
    }
  }

  async check(functionName: string, qualifier: string | undefined): Promise<void> {
    refuseUnready(await this.#resolve(functionName, qualifier));
  }

  async #resolve(functionName: string, qualifier: string | undefined): Promise<FunctionVersion> {
    const version = await this.#catalog.resolve(functionName, qualifier);
    if (version) return version;
    if (qualifier === "$LATEST.PUBLISHED" && (await this.#catalog.describe(functionName))) {
      throw new InvokeRefusal("NoPublishedVersionException", "The function has no published versions available.");
    }
    const arn = `${this.#arnOf(functionName)}:${qualifier ?? "$LATEST"}`;
    throw new InvokeRefusal("ResourceNotFoundException", `Function not found: ${arn}`);
  }
}

function refuseUnready(version: FunctionVersion): void {
  if (version.state === "Active") return;
  throw new InvokeRefusal(
    "ResourceConflictException",
    `The operation cannot be performed at this time. The function is currently in the following state: ${version.state}`,
  );
}
