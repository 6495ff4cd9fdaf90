/**
 * The end of the processes of an environment that has extensions (contract/01, Shutdown budget): the runtime is asked to
 * end, extensions are told why and get what is left of the time. Without extensions there is nothing to do, and no time.
 */
import type { Extensions, ShutdownReason } from "./extensions.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** ms from the first signal to the last, by what has registered */
const BUDGET_MS = { none: 0, internal: 500, external: 2000 } as const;
/** Of that, for the runtime, when others are to come after it. */
const RUNTIME_SHARE = 0.3;
/** ms that subscribers have to take what there is for them before they are told of the end, on which many end at once */
const FLUSH_MS = 300;

export interface Ending {
  readonly sandbox: Sandbox;
  readonly extensions: Extensions;
  readonly telemetry: Telemetry;
  readonly runtimeEnd: Promise<unknown>;
  /** By name of the extension. */
  readonly extensionEnds: ReadonlyMap<string, Promise<unknown>>;
}

/** Resolves when all that may still do something has ended or its time is over. Whoever calls kills what is left. */
export async function shutDown(ending: Ending, reason: ShutdownReason): Promise<void> {
  const { sandbox, extensions, telemetry, runtimeEnd, extensionEnds } = ending;
  const { registered } = extensions;
  const budgetMs = BUDGET_MS[registered];
  if (budgetMs === 0) return;
  const deadlineMs = Date.now() + budgetMs;
  const endMs = performance.now() + budgetMs;
  // Those of the runtime have no time of their own later.
  void telemetry.flush();
  sandbox.terminate();
  await within(runtimeEnd, registered === "external" ? budgetMs * RUNTIME_SHARE : budgetMs);
  sandbox.killRuntime();
  if (!telemetry.isSettled) await within(telemetry.flush(), Math.min(FLUSH_MS, endMs - performance.now()));
  const told = extensions.shutdown(reason, deadlineMs);
  const ends = told.map((name) => extensionEnds.get(name));
  if (ends.length > 0) await within(Promise.all(ends), endMs - performance.now());
}

async function within(end: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([end.catch(() => {}), limit]);
  clearTimeout(timer);
}
