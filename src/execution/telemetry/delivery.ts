/**
 * How a batch of events gets to a subscriber: a port inside the sandbox. The peer is untrusted: little of what it says is
 * read, nothing of it is followed, and it has its time.
 */
import type { Socket } from "node:net";

export type Destination =
  | { readonly protocol: "HTTP"; readonly method: "POST" | "PUT"; readonly port: number; readonly target: string }
  | { readonly protocol: "TCP"; readonly port: number };

export interface Delivery {
  /** @param events JSON, each; rejects when it is not known to have arrived */
  send(events: readonly string[], signal: AbortSignal): Promise<void>;
  close(): void;
}

/** bytes of an answer that are read: only its status counts */
const MOST_ANSWER_BYTES = 16_384;
/** ms that a peer has to close its side once it has answered */
const CLOSE_MS = 1000;
const STATUS = /^HTTP\/1\.[01] (\d{3})[ \r]/;

export function deliveryTo(destination: Destination, connect: (port: number) => Socket): Delivery {
  if (destination.protocol === "TCP") return new TcpDelivery(() => connect(destination.port));
  const { port, method, target } = destination;
  const head = `${method} ${target} HTTP/1.1\r\nHost: sandbox.localdomain:${port}\r\n`;
  return {
    send: (events, signal) => post(connect(port), head, `[${events.join(",")}]`, signal),
    close() {},
  };
}

/** One request, one connection. */
function post(socket: Socket, head: string, body: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = "";
    let closing: NodeJS.Timeout | undefined;
    const giveUp = () => socket.destroy(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    socket.on("error", reject);
    socket.once("close", () => {
      clearTimeout(closing);
      signal.removeEventListener("abort", giveUp);
      reject(new Error("the connection closed without an answer"));
    });
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
      const [, status] = STATUS.exec(answer) ?? [];
      if (status?.startsWith("1") && answer.includes("\r\n\r\n")) answer = answer.slice(answer.indexOf("\r\n\r\n") + 4);
      else if (status?.startsWith("2")) resolve();
      else if (status !== undefined) reject(new Error(`the subscriber answered ${status}`));
      if (answer.length > MOST_ANSWER_BYTES) return void socket.destroy(new Error("the answer is too long"));
      if (status !== undefined) closing ??= setTimeout(() => socket.destroy(), CLOSE_MS).unref();
    });
    const length = Buffer.byteLength(body);
    const rest = `Content-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
    socket.write(head + rest + body);
  });
}

/** One connection for all batches, made anew when it broke. What the peer says stays with it. */
class TcpDelivery implements Delivery {
  readonly #connect: () => Socket;
  #socket: Socket | undefined;

  constructor(connect: () => Socket) {
    this.#connect = connect;
  }

  send(events: readonly string[], signal: AbortSignal): Promise<void> {
    const socket = this.#open();
    return new Promise((resolve, reject) => {
      const giveUp = () => socket.destroy(signal.reason);
      const onClose = () => end(new Error("the connection closed"));
      const end = (error?: Error | null) => {
        signal.removeEventListener("abort", giveUp);
        socket.off("error", end);
        socket.off("close", onClose);
        if (error) reject(error);
        else resolve();
      };
      signal.addEventListener("abort", giveUp, { once: true });
      socket.once("error", end);
      socket.once("close", onClose);
      socket.write(`${events.join("\n")}\n`, end);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = this.#connect();
    socket.on("error", () => {});
    this.#socket = socket;
    return socket;
  }
}
