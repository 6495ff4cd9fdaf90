/** Alonzo's own routes under `/_alonzo/`: health, and those that other parts bring along. */
import type { WireResponse } from "../wire/service.ts";
import type { Call } from "./exchange.ts";
import type { AdminRoute } from "./gateway.ts";
import { refusal } from "./refusal.ts";
import { isTreacherous } from "./request-head.ts";
import type { SignatureVerifier } from "./sigv4.ts";

const HEALTH = "/_alonzo/health";

export class AdminDoor {
  readonly #routes: readonly AdminRoute[];
  readonly #verifier: SignatureVerifier;
  readonly #health: () => Readonly<Record<string, unknown>>;

  constructor(
    routes: readonly AdminRoute[],
    verifier: SignatureVerifier,
    health: () => Readonly<Record<string, unknown>>,
  ) {
    this.#routes = routes.toSorted((a, b) => b.prefix.length - a.prefix.length);
    this.#verifier = verifier;
    this.#health = health;
  }

  static matches(path: string): boolean {
    return path.startsWith("/_alonzo/");
  }

  /** Health, which is answered even when all else is refused. @returns false when something else is asked for */
  answerHealth({ exchange, head }: Call, isDraining: boolean): boolean {
    if (head.path !== HEALTH || (head.method !== "GET" && head.method !== "HEAD")) return false;
    const health = isDraining ? { ...this.#health(), status: "draining" } : this.#health();
    exchange.reply(json(isDraining ? 503 : 200, health));
    return true;
  }

  /** @throws ServiceError */
  async handle({ exchange, head }: Call): Promise<void> {
    if (isTreacherous(head.path)) throw refusal("ValidationException", "The request path is malformed");
    const route = this.#routes.find(({ method, prefix }) => method === head.method && head.path.startsWith(prefix));
    if (route === undefined) throw refusal("UnknownOperationException", "There is nothing at this path");
    const signature = route.signed ? this.#verifier.open(head, "lambda") : undefined;
    if (signature !== undefined) {
      if (signature.principal.kind !== "administrator") {
        throw refusal("AccessDeniedException", `User: ${signature.principal.arn} is not an administrator`);
      }
      signature.accept(await exchange.readBody(0));
    }
    const gone = new AbortController();
    const { socket } = exchange.request;
    const leave = (): void => gone.abort();
    // A killed caller only half-closes, which the server allows; these routes have no caller that does so and stays.
    socket.once("end", leave);
    exchange.response.once("close", () => {
      // The connection may go on to other requests.
      socket.off("end", leave);
      leave();
    });
    const answer = await route.handle({
      method: head.method,
      path: head.path,
      query: head.query,
      headers: head.headers,
      requestId: exchange.requestId,
      signal: gone.signal,
      ...(signature !== undefined && { principal: signature.principal }),
    });
    exchange.reply(answer);
  }
}

function json(status: number, value: unknown): WireResponse {
  return { status, headers: { "Content-Type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
