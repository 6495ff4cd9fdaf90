/** The one init of a SnapStart version, up to the point at which its environments go on, and the snapshot of it. */
import type { Remembered } from "../environment-assembly.ts";
import type { EnvironmentParts } from "../environment-parts.ts";
import type { Failure } from "../failure.ts";
import { Initialisation } from "../init-phase.ts";
import { PlatformLog } from "../platform-log.ts";
import { RuntimeProcess } from "../runtime-process.ts";
import type { SandboxSnapshots } from "../sandbox/sandbox.ts";

export type Taken =
  | { readonly kind: "taken"; readonly initMs: number; readonly remembered: Remembered }
  /** The function cannot be initialised. */
  | { readonly kind: "failed"; readonly failure: Failure };

/**
 * @param parts of an environment in which nothing runs yet; nothing is left of it afterwards
 * @throws a fault of ours or of the machine's
 */
export async function takeSnapshot(
  parts: EnvironmentParts,
  snapshots: SandboxSnapshots,
  directory: string,
): Promise<Taken> {
  const { sandbox, slot, extensions, telemetry, log } = parts;
  const platform = new PlatformLog({ ...parts, instanceId: sandbox.id });
  let fault: unknown;
  const runtime = new RuntimeProcess(sandbox, slot, extensions, telemetry, parts.launch, {
    onExit: () => {},
    onFault: (error) => {
      fault ??= error;
    },
  });
  const flushOutput = () => log.flushPartial();
  const initialisation = new Initialisation({ ...parts, platform, runtime, flushOutput });
  const onArrival = () => void runtime.cameForWork();
  const onInitialised = () => {
    extensions.closeRegistration();
    initialisation.runtimeCame();
    onArrival();
  };
  extensions.listen(onArrival);
  slot.listen({
    onNext: onInitialised,
    onRestoreReady: onInitialised,
    onInitError: (body, errorType) => runtime.failedInit(body, errorType),
    onStream: () => undefined,
    onAnswer: () => {},
  });
  try {
    const { failure, durationMs } = await initialisation.ahead(() => true);
    if (fault) throw fault;
    if (failure) return { kind: "failed", failure };
    // What there is to tell of the init does not wait for a restore.
    await telemetry.settle();
    if (!runtime.isUp) throw new Error("the function ended while it waited for its snapshot");
    const remembered = { extensions: extensions.waiting, subscriptions: telemetry.orders };
    await snapshots.take(sandbox, directory);
    return { kind: "taken", initMs: durationMs, remembered };
  } finally {
    runtime.abandon();
    telemetry.reset();
    await sandbox.destroy();
    log.flushPartial();
  }
}
