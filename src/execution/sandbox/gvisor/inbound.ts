/**
 * Connections from the region to ports inside a sandbox. The network inside is gVisor's own, where the host cannot connect:
 * process 1 does, and joins each connection with one that it makes to the driver's socket.
 */
import { Socket } from "node:net";
import type { Linux } from "../oci/linux.ts";

interface Wished {
  /** What whoever connects holds. */
  readonly near: Socket;
  /** Its other end, to be joined. */
  readonly far: Socket;
  readonly port: number;
}

export class Inbound {
  readonly #linux: Linux;
  readonly #wished = new Map<string, Wished>();
  readonly #joined = new Set<Socket>();
  #count = 0;

  constructor(linux: Linux) {
    this.#linux = linux;
  }

  /** @param dial tells process 1 */
  connect(port: number, dial: (connection: string, port: number) => void): Socket {
    const [near, far] = this.#linux.socketPair().map((fd) => new Socket({ fd, readable: true, writable: true })) as [
      Socket,
      Socket,
    ];
    far.on("error", () => far.destroy());
    const connection = String(this.#count++);
    this.#wished.set(connection, { near, far, port });
    near.once("close", () => this.#wished.delete(connection));
    dial(connection, port);
    return near;
  }

  /** Process 1 has come with it. @param socket whose first line was the name of the connection */
  join(connection: string, socket: Socket): void {
    const wished = this.#wished.get(connection);
    if (!wished) {
      socket.destroy();
      return;
    }
    this.#wished.delete(connection);
    const { far } = wished;
    this.#joined.add(far);
    far.once("close", () => this.#joined.delete(far));
    socket.once("close", () => far.destroy());
    far.once("close", () => socket.destroy());
    far.pipe(socket).pipe(far);
  }

  refuse(connection: string): void {
    const wished = this.#wished.get(connection);
    if (!wished) return;
    this.#wished.delete(connection);
    const message = `connect ECONNREFUSED 127.0.0.1:${wished.port}`;
    wished.near.destroy(Object.assign(new Error(message), { code: "ECONNREFUSED", syscall: "connect" }));
    wished.far.destroy();
  }

  /** Nothing is inside any more. */
  drop(): void {
    for (const connection of this.#wished.keys()) this.refuse(connection);
    for (const socket of this.#joined) socket.destroy();
  }
}
