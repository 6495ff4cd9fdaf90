/**
 * The registry of runtimes: for each runtime identifier, whether this machine can run it and how. It finds languages
 * and says what to start; it starts nothing itself but `python --version`.
 */
import { CURRENT_RUNTIMES } from "../functions/runtime-names.ts";
import { customRuntimes } from "./runtimes/custom.ts";
import type { MissingRuntime, RuntimeInstallation } from "./runtimes/installation.ts";
import { discoverJava, javaMissing } from "./runtimes/java.ts";
import { discoverNode, nodeMissing } from "./runtimes/node.ts";
import { defaultPythonDirectories, discoverPython, pythonMissing } from "./runtimes/python.ts";
import { discoverRuby, rubyMissing } from "./runtimes/ruby.ts";
import { type StandIn, withStandIns } from "./runtimes/stand-ins.ts";

export { findCustomBootstrap } from "./runtimes/custom.ts";
export type { LaunchOptions, MissingRuntime, RuntimeInstallation } from "./runtimes/installation.ts";
export { installJavaClient } from "./runtimes/java-client.ts";

const NOWHERE = "/nonexistent";

export interface Discovery {
  /** What `alonzo runtimes install` brought; without it nothing did. */
  readonly runtimesDirectory?: string;
  /** Where to look for python3.N, strongest first; by default wherever it usually is. */
  readonly pythonDirectories?: readonly string[];
  readonly standIns?: readonly StandIn[];
}

export class Runtimes {
  readonly #installations: ReadonlyMap<string, RuntimeInstallation>;
  readonly #prepared = new Map<string, Promise<void>>();

  readonly #runtimesDirectory: string;

  constructor(installations: readonly RuntimeInstallation[], runtimesDirectory: string) {
    this.#runtimesDirectory = runtimesDirectory;
    this.#installations = new Map(installations.map((installation) => [installation.runtime, installation]));
  }

  /**
   * Find every language on this machine. Takes some milliseconds: it reads directories, and asks only those programs
   * for their version whose directory does not tell it.
   */
  static async discover({
    runtimesDirectory = NOWHERE,
    pythonDirectories,
    standIns = [],
  }: Discovery = {}): Promise<Runtimes> {
    const directories = pythonDirectories ?? (await defaultPythonDirectories());
    const languages = await Promise.all([
      discoverNode(),
      discoverPython(directories),
      discoverJava(runtimesDirectory),
      discoverRuby(),
    ]);
    return new Runtimes([...withStandIns(languages.flat(), standIns), ...customRuntimes()], runtimesDirectory);
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

  /** What AWS has and this machine has not. */
  missing(): readonly ({ readonly runtime: string } & MissingRuntime)[] {
    const lacking = CURRENT_RUNTIMES.filter((runtime) => !this.#installations.has(runtime));
    return lacking.map((runtime) => ({ runtime, ...this.whyMissing(runtime) }));
  }

  /** For a runtime that find() does not know: why, and what the operator can do. */
  whyMissing(runtime: string): MissingRuntime {
    return (
      nodeMissing(runtime) ??
      pythonMissing(runtime) ??
      javaMissing(runtime, this.#runtimesDirectory) ??
      rubyMissing(runtime) ?? {
        reason: `this region has no runtime ${runtime}`,
        hint: "bring the language with the function: as a custom runtime (provided.al2023)",
      }
    );
  }
}
