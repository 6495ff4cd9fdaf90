/** A container started ahead: a sandbox of the smallest size with a waiting runtime, until a function adopts it. */
import type { Socket } from "node:net";
import { prepared } from "../prepared.ts";
import {
  CELL_VARIABLE,
  type Cell,
  type CellSpec,
  type Sandbox,
  type SandboxCommand,
  type SandboxPaths,
  type SandboxSpec,
} from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { CELL_SIZE, type ContainerSandbox } from "./sandbox.ts";

/** Where process 1 leaves the runtime's end of the pipe. */
const DESCRIPTOR = "4";

export class ContainerCell implements Cell {
  readonly id: string;
  readonly paths: SandboxPaths;
  readonly runtimeApiAddress: string;
  readonly runtimeApiSocketPath: string;
  readonly regionEndpoint: string;
  readonly ended: Promise<void>;
  readonly #sandbox: ContainerSandbox;
  /** Its connections to the Runtime API, which nobody serves yet. */
  readonly #early: Early;

  private constructor(sandbox: ContainerSandbox, early: Early) {
    this.id = sandbox.id;
    this.paths = sandbox.paths;
    this.runtimeApiAddress = sandbox.runtimeApiAddress;
    this.runtimeApiSocketPath = sandbox.runtimeApiSocketPath;
    this.regionEndpoint = sandbox.regionEndpoint;
    this.#sandbox = sandbox;
    this.#early = early;
    this.ended = early.ended.promise;
  }

  /** @param make a sandbox that is not prepared yet */
  static async create(spec: CellSpec, make: (spec: SandboxSpec) => Promise<ContainerSandbox>): Promise<ContainerCell> {
    const early = new Early();
    const sandbox = await make({
      ...spec,
      ...CELL_SIZE,
      // The places of code and layers are filled late.
      directories: { ...spec.directories, task: "" },
      onRuntimeApiConnection: (socket) => early.hold(socket),
      onRegionConnection: (socket) => socket.destroy(),
      onExtensionOutput: spec.onOutput,
    });
    await prepared(sandbox);
    return new ContainerCell(sandbox, early);
  }

  async boot(command: SandboxCommand): Promise<void> {
    const environment = { ...command.environment, [CELL_VARIABLE]: DESCRIPTOR };
    const { over } = await this.#sandbox.startCell({ ...command, environment });
    void over.then(() => this.#early.ended.resolve());
    const died = over.then(() => {
      throw new SandboxError(`the runtime of cell ${this.id} ended while it started`);
    });
    await Promise.race([this.#early.connected.promise, died]);
  }

  adopt(spec: Omit<SandboxSpec, "id">): Sandbox {
    this.#sandbox.adopt({ ...spec, id: this.id });
    this.#early.handOver(spec.onRuntimeApiConnection);
    return this.#sandbox;
  }

  destroy(): Promise<void> {
    return this.#sandbox.destroy();
  }
}

/** What comes of a cell before it is a function's. */
class Early {
  readonly connected = Promise.withResolvers<void>();
  readonly ended = Promise.withResolvers<void>();
  readonly #sockets: Socket[] = [];

  hold(socket: Socket): void {
    this.#sockets.push(socket);
    this.connected.resolve();
  }

  handOver(onConnection: (socket: Socket) => void): void {
    for (const socket of this.#sockets.splice(0)) if (!socket.destroyed) onConnection(socket);
  }
}
