/** How the processes of a sandbox ended, as its process 1 tells. */
import { constants } from "node:os";
import type { SandboxExit } from "../sandbox.ts";

export type End = Pick<SandboxExit, "code" | "signal">;

/** How process 1 calls the runtime where it tells of its end; extensions have their numbers. */
export const RUNTIME = "r";

const KILLED: End = { code: null, signal: "SIGKILL" };
const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** A shell tells a death by signal as 128 + its number. */
function endOf(status: number): End {
  const signal = SIGNAL_NAMES.get(status - 128);
  return signal === undefined ? { code: status, signal: null } : { code: null, signal };
}

export class Ends {
  readonly #ends = new Map<string, PromiseWithResolvers<End>>();
  readonly #over: Promise<void>;

  /** @param over process 1 is gone, and with it everything inside */
  constructor(over: Promise<void>) {
    this.#over = over;
  }

  /** How one of them ended: killed, when process 1 is gone without having told. */
  of(who: string): Promise<End> {
    return this.#end(who).promise;
  }

  /** @param status as a shell has it */
  tell(who: string, status: number): void {
    this.#end(who).resolve(endOf(status));
  }

  #end(who: string): PromiseWithResolvers<End> {
    const known = this.#ends.get(who);
    if (known) return known;
    const end = Promise.withResolvers<End>();
    this.#ends.set(who, end);
    void this.#over.then(() => end.resolve(KILLED));
    return end;
  }
}
