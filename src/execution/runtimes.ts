/**
 * The registry of runtimes: for each runtime identifier, whether this machine can run it and how. It finds languages
 * and says what to start; it starts nothing itself but `python --version`.
 */
import { customRuntimes } from "./runtimes/custom.ts";
import type { MissingRuntime, RuntimeInstallation } from "./runtimes/installation.ts";
import { discoverNode, nodeMissing } from "./runtimes/node.ts";
import { defaultPythonDirectories, discoverPython, pythonMissing } from "./runtimes/python.ts";

export { findCustomBootstrap } from "./runtimes/custom.ts";
export type { LaunchOptions, MissingRuntime, RuntimeInstallation } from "./runtimes/installation.ts";

export class Runtimes {
  readonly #installations: ReadonlyMap<string, RuntimeInstallation>;
  readonly #prepared = new Map<string, Promise<void>>();

  constructor(installations: readonly RuntimeInstallation[]) {
    this.#installations = new Map(installations.map((installation) => [installation.runtime, installation]));
  }

  /**
   * Find every language on this machine. Takes a few milliseconds: it reads directories, and asks only those Pythons
   * for their version whose directory does not tell it.
   * @param pythonDirectories directories to look for python3.N in, strongest first
   */
  static async discover(pythonDirectories?: readonly string[]): Promise<Runtimes> {
    const directories = pythonDirectories ?? (await defaultPythonDirectories());
    const [node, python] = await Promise.all([discoverNode(), discoverPython(directories)]);
    return new Runtimes([...node, ...python, ...customRuntimes()]);
  }

  find(runtime: string): RuntimeInstallation | undefined {
    return this.#installations.get(runtime);
  }

  /** What makes later starts of a runtime quicker, done once. Never rejects. */
  prepare(runtime: string): Promise<void> {
    const known = this.#prepared.get(runtime) ?? Promise.resolve(this.find(runtime)?.prepare?.());
    this.#prepared.set(runtime, known);
    return known;
  }

  list(): readonly RuntimeInstallation[] {
    return [...this.#installations.values()];
  }

  /** For a runtime that find() does not know: why, and what the operator can do. */
  whyMissing(runtime: string): MissingRuntime {
    const usable = [...this.#installations.keys()].join(", ");
    return (
      nodeMissing(runtime) ??
      pythonMissing(runtime) ?? {
        reason: `this region has no runtime ${runtime}`,
        hint: `use one of ${usable}, or bring the language as a custom runtime (provided.al2023)`,
      }
    );
  }
}
