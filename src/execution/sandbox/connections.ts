/**
 * The connections of one sandbox and its listeners, whatever they listen on. Keeps the sockets so that nothing of a dead
 * sandbox stays open. Knows nothing of what is spoken over them.
 */
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";

/**
 * Open at a time on one listener: a function may not use up the region's descriptors, nor its memory with requests that
 * it never finishes. SDKs keep up to 50 connections.
 */
const MOST_OPEN = 64;

export class Connections {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /**
   * Accept connections and hand each to `onConnection`.
   * @throws the listener's error, e.g. EADDRINUSE
   */
  listen(options: ListenOptions | { readonly fd: number }, onConnection: (socket: Socket) => void): Promise<Server> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.hold(socket);
      // A killed peer resets its connections: without a listener that would be an uncaught error of the region.
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    server.maxConnections = MOST_OPEN;
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(options, () => {
        server.off("error", reject);
        // accept() can fail later for want of descriptors: the peer's connection fails, the region goes on.
        server.on("error", () => {});
        resolve(server);
      });
    });
  }

  /** It goes with the others, if it was made and not accepted, too: a machine that is gone says no goodbye. */
  hold(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }

  /** Drop every open connection, keep listening. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    for (const server of this.#servers) server.close();
    this.drop();
  }
}
