/** What an environment is built from. */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { EnvironmentLog } from "./environment-log.ts";
import type { Extensions } from "./extensions.ts";
import type { InitializationType } from "./initialization.ts";
import type { InvocationSlot } from "./invocation-slot.ts";
import type { Launch, RestoredProcesses } from "./runtime-process.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** A snapshot that goes on in the sandbox. */
export interface Restored extends RestoredProcesses {
  /** performance.now() when the restore began */
  readonly startedMs: number;
  /** Nothing went on: it is of no use. */
  onUseless(): void;
}

export interface EnvironmentParts {
  readonly version: FunctionVersion;
  readonly sandbox: Sandbox;
  readonly slot: InvocationSlot;
  readonly extensions: Extensions;
  readonly log: EnvironmentLog;
  readonly telemetry: Telemetry;
  readonly launch: Launch;
  readonly initialization: InitializationType;
  /** Bytes a second of a streamed answer after its first 6 MB; Infinity is no limit. */
  readonly streamingRate: number;
  /** Absent: the processes are to be started. */
  readonly restored?: Restored;
}
