/** The way to every service but Invoke: find the service and operation, check who calls, read the body, hand over. */

import type { BodyBudget } from "../execution/body-budget.ts";
import type { Place } from "../functions/function-name.ts";
import { requestTooLarge } from "../wire/common-errors.ts";
import type { SurfaceMatch } from "../wire/http-surface.ts";
import type { WireRequest, WireService } from "../wire/service.ts";
import { chunkedWireBytes } from "./aws-chunked.ts";
import { BodyTooLarge } from "./body.ts";
import type { Call, Exchange } from "./exchange.ts";
import { lambdaPermission } from "./lambda-permission.ts";
import type { Permissions } from "./permissions.ts";
import { refusal } from "./refusal.ts";
import { isTreacherous, type RequestHead } from "./request-head.ts";
import { detectService } from "./service-detection.ts";
import type { OpenSignature, SignatureVerifier } from "./sigv4.ts";

const NOTHING = Buffer.alloc(0);

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

  /**
   * @param meant the service, and the path that it knows, where another part of the request's path has told these
   * @throws ServiceError
   */
  async handle({ exchange, head, endpoint }: Call, meant?: SurfaceMatch["call"]): Promise<void> {
    const service = meant?.service ?? detectService(this.#services, head);
    const path = meant?.path ?? head.path;
    if (service === undefined) throw refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
    exchange.service = service;
    const signature = this.#verifier.open(head, service.signingName);
    // Signatures cover normalised paths: what differs from the path that is routed must not be in it. S3's are literal.
    if (service.signingName !== "s3" && isTreacherous(head.path)) {
      throw refusal("ValidationException", "The request path must not contain dot segments or NULs");
    }
    const operation = service.operationOf(head.method, path, head.query, head.headers);
    if (operation === undefined) {
      throw refusal("UnknownOperationException", "The requested operation is not known to the service");
    }
    const { action, resource } =
      service.name === "lambda"
        ? lambdaPermission(operation, head, this.#place)
        : { action: `${service.name}:${operation}`, resource: "*" };
    const permission = this.#permissions.require(signature.principal, action, resource);
    if (permission !== undefined) await permission;
    const headers = signature.isChunked ? withoutChunking(head) : head.headers;
    const body = await readRequest(exchange, service, operation, signature, this.#unverified);
    const answer = await service.handle(
      { method: head.method, path, query: head.query, headers, ...body },
      {
        requestId: exchange.requestId,
        principal: signature.principal,
        ...this.#place,
        endpoint,
        ...(exchange.request.socket.remoteAddress && { sourceIp: exchange.request.socket.remoteAddress }),
      },
    );
    exchange.reply(answer);
  }
}

/** @throws ServiceError */
async function readRequest(
  exchange: Exchange,
  service: WireService,
  operation: string,
  signature: OpenSignature,
  unverified: BodyBudget,
): Promise<Pick<WireRequest, "body" | "stream">> {
  const limit = service.maxBodyBytes(operation);
  const wireLimit = signature.isChunked ? chunkedWireBytes(limit) : limit;
  try {
    // Who might not be who they say could make us write gigabytes: their bodies are read whole, within the budget.
    if (service.streamsBody(operation) && signature.isVerified) {
      const { bytes, length } = exchange.streamBody(wireLimit);
      return { body: NOTHING, stream: signature.acceptStream(bytes, length) };
    }
    const wire = await exchange.readBody(wireLimit, signature.isVerified ? undefined : unverified);
    const body = signature.accept(wire);
    if (body.length > limit) throw new BodyTooLarge(body.length);
    return { body };
  } catch (error) {
    throw error instanceof BodyTooLarge ? requestTooLarge(operation, limit) : error;
  }
}

/** The headers as if the body had been sent plainly. */
function withoutChunking({ headers }: RequestHead): RequestHead["headers"] {
  const encodings = (headers["content-encoding"] ?? "").split(",").map((name) => name.trim());
  const left = encodings.filter((name) => name !== "" && name !== "aws-chunked").join(", ");
  const { "content-encoding": _, "x-amz-decoded-content-length": bytes, ...others } = headers;
  return {
    ...others,
    ...(bytes !== undefined && { "content-length": bytes }),
    ...(left !== "" && { "content-encoding": left }),
  };
}
