/** Makes execution environments: from a snapshot where the version has one, from a stem cell where one fits, or from nothing. */
import type { FunctionVersion } from "../functions/function-version.ts";
import { Environment, type EnvironmentListener } from "./environment.ts";
import type { AssemblyOrder, EnvironmentAssembly, Placed } from "./environment-assembly.ts";
import type { InitializationType } from "./initialization.ts";
import type { SandboxDriver, SandboxSpec } from "./sandbox/sandbox.ts";
import { isSnapStart, type SnapStart } from "./snapshots/snap-start.ts";
import type { StemCells } from "./stem-cells.ts";

export interface FactoryParts {
  readonly assembly: EnvironmentAssembly;
  readonly driver: SandboxDriver;
  /** Absent where nothing is started ahead. */
  readonly cells?: StemCells;
  /** Absent where no snapshots are taken. */
  readonly snapStart?: SnapStart;
}

export class EnvironmentFactory {
  readonly #parts: FactoryParts;

  constructor(parts: FactoryParts) {
    this.#parts = parts;
  }

  /** @throws when the runtime is not installed here or the driver has no room for another sandbox */
  async create(
    version: FunctionVersion,
    initialization: InitializationType,
    listener: EnvironmentListener,
  ): Promise<Environment> {
    const restored = isSnapStart(version) ? await this.#parts.snapStart?.restore(version) : undefined;
    if (restored) return new Environment(restored, listener);
    const order: AssemblyOrder = {
      version,
      // Its hooks are run all the same, with nothing between them.
      ...(isSnapStart(version) ? { initialization: "snap-start", restoreMode: "at-once" } : { initialization }),
      place: (spec, hasExtensions) => this.#place(version, spec, hasExtensions),
    };
    return new Environment(await this.#parts.assembly.assemble(order), listener);
  }

  async #place(version: FunctionVersion, { id, ...spec }: SandboxSpec, hasExtensions: boolean): Promise<Placed> {
    const { driver, cells } = this.#parts;
    // Extensions start before the runtime: none that runs already will do.
    const cell = hasExtensions ? undefined : await cells?.take(version);
    return { sandbox: cell ? cell.adopt(spec) : await driver.create({ ...spec, id }) };
  }
}
