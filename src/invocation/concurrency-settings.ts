/**
 * Brings what owners set in the catalog (reserved and provisioned concurrency) to admission and to the environments, when
 * the region starts and whenever a function changes.
 */
import type { AllocationStatus, Provision, ProvisionedEnvironments } from "../execution/provisioned-environments.ts";
import type { Catalog } from "../functions/catalog.ts";
import type { ProvisionedConcurrency, ReservedConcurrency } from "../functions/concurrency.ts";
import type { FunctionSettings, Setting } from "../functions/function-settings.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Route } from "../functions/route.ts";
import { Serial } from "../state/serial.ts";
import type { Admission } from "./admission.ts";

export class ConcurrencySettings {
  readonly #catalog: Catalog;
  readonly #admission: Admission;
  readonly #environments: ProvisionedEnvironments;
  readonly #reserved: FunctionSettings<ReservedConcurrency>;
  readonly #provisioned: FunctionSettings<ProvisionedConcurrency>;
  readonly #onApplied: () => void;
  readonly #serial = new Serial();

  /** @param onApplied what is provisioned may have changed */
  constructor(
    catalog: Catalog,
    admission: Admission,
    environments: ProvisionedEnvironments,
    onApplied: () => void = () => {},
  ) {
    this.#onApplied = onApplied;
    this.#catalog = catalog;
    this.#admission = admission;
    this.#environments = environments;
    this.#reserved = catalog.settings("reservedConcurrency");
    this.#provisioned = catalog.settings("provisionedConcurrency");
  }

  /** Everything that an earlier life of the region was told. */
  async load(): Promise<void> {
    const provisioned = new Set((await this.#provisioned.all()).map(({ functionName }) => functionName));
    for (const functionName of provisioned) await this.apply(functionName);
    // As many as there are functions: what apply() would ask of each is known here.
    for (const { functionName, value } of await this.#reserved.all()) {
      if (provisioned.has(functionName)) continue;
      this.#admission.setLimits(functionName, { reserved: value.executions, provisioned: 0 });
    }
  }

  /** When this resolves the function's invocations meet its settings as they are in the catalog, or newer ones. */
  apply(functionName: string): Promise<void> {
    return this.#serial.run(functionName, async () => {
      const provisioned = await this.#provisioned.list(functionName, { limit: Number.MAX_SAFE_INTEGER });
      const reserved = await this.#reserved.get(functionName);
      const provisions = new Map<string, Provision>();
      for (const setting of provisioned) provisions.set(setting.qualifier, await this.#provision(setting));
      if (reserved || provisioned.length > 0 || (await this.#catalog.describe(functionName))) {
        this.#admission.setLimits(functionName, {
          reserved: reserved?.executions,
          provisioned: provisioned.reduce((sum, { value }) => sum + value.executions, 0),
        });
      } else {
        this.#admission.forget(functionName);
      }
      this.#environments.set(functionName, provisions);
      this.#onApplied();
    });
  }

  /** What there is of a version's or alias's provisioned concurrency; undefined when it has none. */
  allocation(functionName: string, qualifier: string): AllocationStatus | undefined {
    return this.#environments.status(functionName, qualifier);
  }

  async #provision({ functionName, qualifier, value }: Setting<ProvisionedConcurrency>): Promise<Provision> {
    const route = await this.#catalog.route(functionName, qualifier);
    const shares = route ? split(route, value.executions) : [];
    return {
      generation: value.generation,
      // A version that is not ready yet is provisioned when it is: that, too, is a change of the function.
      shares: shares.filter(({ version, count }) => count > 0 && isProvisionable(version)),
    };
  }
}

/** An alias with two versions has its environments of both, by their weights. */
function split({ main, additional }: Route, executions: number): { version: FunctionVersion; count: number }[] {
  if (!additional) return [{ version: main, count: executions }];
  const second = Math.round(executions * additional.weight);
  return [
    { version: main, count: executions - second },
    { version: additional.version, count: second },
  ];
}

const isProvisionable = ({ version, state }: FunctionVersion): boolean => version !== "$LATEST" && state === "Active";
