/**
 * The guard around every driver's sandbox, so that drivers may stay dumb: one operation at a time, dead after the first
 * failure, harmless after destroy(), repeated freeze() and thaw() cost nothing. After open-lambda's safeSandbox.
 */
import { Socket } from "node:net";
import type {
  Cell,
  CellSpec,
  RestoredSandbox,
  Sandbox,
  SandboxCommand,
  SandboxDriver,
  SandboxExit,
  SandboxExtensions,
  SandboxPlace,
  SandboxSnapshots,
  SandboxSpec,
} from "./sandbox.ts";
import { SandboxError } from "./sandbox-error.ts";

class Place implements SandboxPlace {
  readonly id: string;
  readonly paths;
  readonly runtimeApiAddress: string;
  readonly runtimeApiSocketPath?: string;
  readonly regionEndpoint: string;

  constructor(inner: SandboxPlace) {
    this.id = inner.id;
    this.paths = inner.paths;
    this.runtimeApiAddress = inner.runtimeApiAddress;
    if (inner.runtimeApiSocketPath !== undefined) this.runtimeApiSocketPath = inner.runtimeApiSocketPath;
    this.regionEndpoint = inner.regionEndpoint;
  }
}

class GuardedSandbox extends Place implements Sandbox {
  readonly #inner: Sandbox;
  #queue: Promise<unknown> = Promise.resolve();
  #isRunning = false;
  /** Extensions were started: `waiting` for the runtime, which `came`. */
  #extensions: "none" | "waiting" | "came" = "none";
  #isFrozen = false;
  #death: SandboxError | undefined;
  #destroyed: Promise<void> | undefined;
  #peakMemoryMb = 1;

  constructor(inner: Sandbox) {
    super(inner);
    this.#inner = inner;
  }

  static restored({ sandbox, exited, extensionsExited }: RestoredSandbox): RestoredSandbox {
    const guarded = new GuardedSandbox(sandbox);
    guarded.#isRunning = true;
    if (extensionsExited.length > 0) guarded.#extensions = "came";
    guarded.#watch(exited);
    return { sandbox: guarded, exited, extensionsExited };
  }

  /** Nothing runs in it afterwards, and nothing can. */
  take(snapshots: SandboxSnapshots, directory: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isUsable()) throw new SandboxError("nothing runs of which a snapshot could be taken");
      await snapshots.take(this.#inner, directory);
      this.#isRunning = false;
      this.#death = new SandboxError(`sandbox ${this.id} was taken as a snapshot`);
    });
  }

  startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]> {
    return this.#inTurn(() => {
      this.#begin();
      this.#extensions = "waiting";
      return this.#inner.startExtensions(extensions);
    });
  }

  start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    return this.#inTurn(async () => {
      if (this.#extensions === "waiting") this.#extensions = "came";
      else this.#begin();
      const { exited } = await this.#inner.start(command);
      this.#watch(exited);
      return { exited };
    });
  }

  terminate(): void {
    if (this.#isUsable()) this.#orDie(() => this.#inner.terminate());
  }

  killRuntime(): void {
    if (this.#isUsable()) this.#orDie(() => this.#inner.killRuntime());
  }

  reset(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#inner.reset();
      this.#isRunning = false;
      this.#extensions = "none";
      this.#isFrozen = false;
    });
  }

  freeze(): void {
    if (this.#isFrozen || !this.#isUsable()) return;
    this.#isFrozen = true;
    this.#orDie(() => this.#inner.freeze());
  }

  thaw(): void {
    if (!this.#isFrozen || !this.#isUsable()) return;
    this.#isFrozen = false;
    this.#orDie(() => this.#inner.thaw());
  }

  connect(port: number): Socket {
    try {
      if (this.#isUsable()) return this.#inner.connect(port);
      throw new SandboxError(`nothing runs in sandbox ${this.id}`);
    } catch (cause) {
      // No descriptor was free, or nothing is there: to whoever connects it is as if nobody had listened.
      return new Socket().destroy(cause as Error);
    }
  }

  peakMemoryMb(): number {
    if (this.#destroyed === undefined) {
      this.#orDie(() => {
        this.#peakMemoryMb = this.#inner.peakMemoryMb();
      });
    }
    return this.#peakMemoryMb;
  }

  destroy(): Promise<void> {
    this.#destroyed ??= this.#queue.then(async () => {
      this.#isRunning = false;
      try {
        await this.#inner.destroy();
      } catch {
        // Nothing can be done by the caller: what is left is swept when the region starts again.
      }
    });
    return this.#destroyed;
  }

  #watch(exited: Promise<SandboxExit>): void {
    const ended = () => {
      if (this.#extensions === "none") this.#isRunning = false;
    };
    exited.then(ended, ended);
  }

  #begin(): void {
    if (this.#isRunning) throw new SandboxError(`sandbox ${this.id} runs already`);
    this.#isRunning = true;
    this.#isFrozen = false;
  }

  #isUsable(): boolean {
    return this.#isRunning && this.#destroyed === undefined && this.#death === undefined;
  }

  /** Run after what is under way; the first failure is the end of the sandbox. */
  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#destroyed) return Promise.reject(this.#death ?? new SandboxError(`sandbox ${this.id} is destroyed`));
    const turn = this.#queue.then(async () => {
      if (this.#death) throw this.#death;
      try {
        return await operation();
      } catch (cause) {
        throw this.#die(cause);
      }
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** These are asked for from timers and in the middle of invocations: the death is heard of as the end of the processes. */
  #orDie(operation: () => void): void {
    try {
      operation();
    } catch (cause) {
      this.#die(cause);
    }
  }

  #die(cause: unknown): SandboxError {
    const hint = cause instanceof SandboxError && cause.hint !== undefined ? { hint: cause.hint } : {};
    this.#death ??= new SandboxError(`sandbox ${this.id} failed: ${(cause as Error).message}`, { cause, ...hint });
    // Not awaited: destroy() waits for the operation that is failing right now.
    void this.destroy();
    return this.#death;
  }
}

/** A cell boots once and is adopted once, when it has booted and lives; what cannot boot is destroyed. */
class GuardedCell extends Place implements Cell {
  readonly ended: Promise<void>;
  readonly #inner: Cell;
  #state: "new" | "booting" | "waiting" | "adopted" | "destroyed" = "new";
  #destroyed: Promise<void> | undefined;

  constructor(inner: Cell) {
    super(inner);
    this.#inner = inner;
    this.ended = inner.ended;
  }

  async boot(command: SandboxCommand): Promise<void> {
    if (this.#state !== "new") throw new SandboxError(`cell ${this.id} cannot boot: it is ${this.#state}`);
    this.#state = "booting";
    try {
      await this.#inner.boot(command);
    } catch (error) {
      await this.destroy();
      throw error;
    }
    if (this.#state === "booting") this.#state = "waiting";
  }

  adopt(spec: Omit<SandboxSpec, "id">): Sandbox {
    if (this.#state !== "waiting") throw new SandboxError(`cell ${this.id} cannot be adopted: it is ${this.#state}`);
    this.#state = "adopted";
    return new GuardedSandbox(this.#inner.adopt(spec));
  }

  /** Of an adopted cell nothing is left to destroy but the sandbox that it became. */
  destroy(): Promise<void> {
    if (this.#state === "adopted") return Promise.resolve();
    this.#state = "destroyed";
    this.#destroyed ??= this.#inner.destroy().catch(() => {});
    return this.#destroyed;
  }
}

function guardSnapshots(snapshots: SandboxSnapshots, check: (spec: SandboxSpec) => void): SandboxSnapshots {
  return {
    get machine() {
      return snapshots.machine;
    },
    async take(sandbox, directory) {
      if (!(sandbox instanceof GuardedSandbox)) throw new SandboxError(`sandbox ${sandbox.id} is not of this driver`);
      await sandbox.take(snapshots, directory);
    },
    async restore(directory, spec) {
      check(spec);
      return GuardedSandbox.restored(await snapshots.restore(directory, spec));
    },
  };
}

/** Wrap a driver so that every sandbox it makes keeps the promises that sandbox.ts does not ask of drivers. */
export function guardDriver(driver: SandboxDriver): SandboxDriver {
  let isClosed = false;
  const check = ({ id }: { readonly id: string }) => {
    if (isClosed) throw new SandboxError("the isolation driver is closed");
    if (!/^[a-z0-9-]{1,100}$/.test(id)) throw new SandboxError(`'${id}' cannot name a sandbox`);
  };
  return {
    name: driver.name,
    capabilities: driver.capabilities,
    description: driver.description,
    async create(spec: SandboxSpec): Promise<Sandbox> {
      check(spec);
      return new GuardedSandbox(await driver.create(spec));
    },
    ...(driver.imageRoot && { imageRoot: driver.imageRoot }),
    ...(driver.createCell && {
      async createCell(spec: CellSpec): Promise<Cell> {
        check(spec);
        return new GuardedCell(await (driver.createCell as NonNullable<SandboxDriver["createCell"]>)(spec));
      },
    }),
    ...(driver.snapshots && { snapshots: guardSnapshots(driver.snapshots, check) }),
    async close(): Promise<void> {
      if (isClosed) return;
      isClosed = true;
      await driver.close();
    },
  };
}
