/** The way to every service but Invoke: find the service and operation, check who calls, read the body, hand over. */

import type { BodyBudget } from "../execution/body-budget.ts";
import type { Place } from "../functions/function-name.ts";
import { requestTooLarge } from "../wire/common-errors.ts";
import type { WireService } from "../wire/service.ts";
import { chunkedWireBytes } from "./aws-chunked.ts";
import { BodyTooLarge } from "./body.ts";
import type { Call } from "./exchange.ts";
import { lambdaPermission } from "./lambda-permission.ts";
import type { Permissions } from "./permissions.ts";
import { refusal } from "./refusal.ts";
import { isTreacherous, type RequestHead } from "./request-head.ts";
import { detectService } from "./service-detection.ts";
import type { SignatureVerifier } from "./sigv4.ts";

export class ServiceDoor {
  readonly #services: readonly WireService[];
  readonly #verifier: SignatureVerifier;
  readonly #unverified: BodyBudget;
  readonly #permissions: Permissions;
  readonly #place: Place;

  constructor(
    services: readonly WireService[],
    verifier: SignatureVerifier,
    unverified: BodyBudget,
    permissions: Permissions,
    place: Place,
  ) {
    this.#services = services;
    this.#verifier = verifier;
    this.#unverified = unverified;
    this.#permissions = permissions;
    this.#place = place;
  }

  /** @throws ServiceError */
  async handle({ exchange, head, endpoint }: Call): Promise<void> {
    const service = detectService(this.#services, head);
    if (service === undefined) throw refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
    exchange.service = service;
    const signature = this.#verifier.open(head, service.signingName);
    // Signatures cover normalised paths: what differs from the path that is routed must not be in it. S3's are literal.
    if (service.signingName !== "s3" && isTreacherous(head.path)) {
      throw refusal("ValidationException", "The request path must not contain dot segments or NULs");
    }
    const operation = service.operationOf(head.method, head.path, head.query, head.headers);
    if (operation === undefined) {
      throw refusal("UnknownOperationException", "The requested operation is not known to the service");
    }
    const { action, resource } =
      service.name === "lambda"
        ? lambdaPermission(operation, head, this.#place)
        : { action: `${service.name}:${operation}`, resource: "*" };
    const permission = this.#permissions.require(signature.principal, action, resource);
    if (permission !== undefined) await permission;
    const limit = service.maxBodyBytes(operation);
    let wire: Buffer;
    try {
      const budget = signature.isVerified ? undefined : this.#unverified;
      wire = await exchange.readBody(signature.isChunked ? chunkedWireBytes(limit) : limit, budget);
    } catch (error) {
      throw error instanceof BodyTooLarge ? requestTooLarge(operation, limit) : error;
    }
    const body = signature.accept(wire);
    if (body.length > limit) throw requestTooLarge(operation, limit);
    const answer = await service.handle(
      {
        method: head.method,
        path: head.path,
        query: head.query,
        headers: signature.isChunked ? withoutChunking(head.headers, body.length) : head.headers,
        body,
      },
      { requestId: exchange.requestId, principal: signature.principal, ...this.#place, endpoint },
    );
    exchange.reply(answer);
  }
}

/** The headers as if the body had been sent plainly. */
function withoutChunking(headers: RequestHead["headers"], bytes: number): RequestHead["headers"] {
  const encodings = (headers["content-encoding"] ?? "").split(",").map((name) => name.trim());
  const left = encodings.filter((name) => name !== "" && name !== "aws-chunked").join(", ");
  const { "content-encoding": _, ...others } = headers;
  return { ...others, "content-length": String(bytes), ...(left !== "" && { "content-encoding": left }) };
}
