/** The way to every service but Invoke: find the service and operation, check who calls, read the body, hand over. */

import type { BodyBudget } from "../execution/body-budget.ts";
import type { Place } from "../functions/function-name.ts";
import { isTraceId } from "../invocation/trace-id.ts";
import { requestTooLarge } from "../wire/common-errors.ts";
import type { SurfaceMatch } from "../wire/http-surface.ts";
import type { Principal, WireHead, WireRequest, WireService } from "../wire/service.ts";
import { chunkedWireBytes } from "./aws-chunked.ts";
import { BodyTooLarge } from "./body.ts";
import type { Call, Exchange } from "./exchange.ts";
import type { OpenSignature } from "./open-signature.ts";
import type { Permissions } from "./permissions.ts";
import { withQueryHeaders } from "./query-headers.ts";
import { refusal } from "./refusal.ts";
import { isTreacherous, type RequestHead } from "./request-head.ts";
import { detectService } from "./service-detection.ts";
import { permissionsOf } from "./service-permission.ts";
import { isSigned } from "./signature-claim.ts";
import { isSignedByV2 } from "./sigv2.ts";
import type { SignatureVerifier } from "./sigv4.ts";

const NOTHING = Buffer.alloc(0);
/** Who calls without a signature. */
const ANYONE: Principal = { arn: "*", accountId: "anonymous", kind: "anonymous" };

type Body = Pick<WireRequest, "body" | "stream">;

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
    const headers = service.signingName === "s3" ? withQueryHeaders(head) : head.headers;
    const plain: WireHead = { method: head.method, path, query: head.query, headers };
    exchange.service = { renderError: (error, requestId) => service.renderError(error, requestId, plain) };
    const signature = this.#open(service, head, plain);
    // Signatures cover normalised paths: what differs from the path that is routed must not be in it. S3's are literal.
    if (service.signingName !== "s3" && isTreacherous(head.path)) {
      throw refusal("ValidationException", "The request path must not contain dot segments or NULs");
    }
    const request = signature?.isChunked ? { ...plain, headers: withoutChunking(headers) } : plain;
    const body = service.namesOperationInBody(request)
      ? await this.#readThenPermit(exchange, service, request, signature)
      : await this.#permitThenRead(exchange, service, request, signature);
    const { remoteAddress } = exchange.request.socket;
    const trace = head.headers["x-amzn-trace-id"];
    const answer = await service.handle(
      { ...request, ...body },
      {
        requestId: exchange.requestId,
        principal: signature?.principal ?? ANYONE,
        ...this.#place,
        endpoint,
        callerGone: () => exchange.whenAbandoned(),
        ...(remoteAddress && { sourceIp: remoteAddress }),
        ...(isTraceId(trace) && { traceId: trace }),
      },
    );
    exchange.reply(answer);
  }

  /** @returns undefined for a request without a signature, of which only its operation can tell whether it may be so */
  #open(service: WireService, head: RequestHead, request: WireHead): OpenSignature | undefined {
    const isByV2 = service.signingName === "s3" && isSignedByV2(head);
    if (isByV2 || isSigned(head)) return this.#verifier.open(head, service.signingName);
    if (!service.namesOperationInBody(request)) requireOpen(service, service.operationOf(request));
    return undefined;
  }

  async #permitThenRead(
    exchange: Exchange,
    service: WireService,
    request: WireHead,
    signature: OpenSignature | undefined,
  ): Promise<Body> {
    const operation = known(service.operationOf(request));
    await this.#permit(service, operation, request, signature);
    return readRequest(exchange, service, operation, signature, this.#unverified);
  }

  /** Where nothing but the body tells what is wanted. */
  async #readThenPermit(
    exchange: Exchange,
    service: WireService,
    request: WireHead,
    signature: OpenSignature | undefined,
  ): Promise<Body> {
    const body = await readRequest(exchange, service, undefined, signature, this.#unverified);
    await this.#permit(service, known(service.operationOf({ ...request, ...body })), request, signature);
    return body;
  }

  async #permit(
    service: WireService,
    operation: string,
    request: WireHead,
    signature: OpenSignature | undefined,
  ): Promise<void> {
    if (signature === undefined) return requireOpen(service, operation);
    for (const { action, resource } of permissionsOf(service, operation, request, this.#place)) {
      const permission = this.#permissions.require(signature.principal, action, resource);
      if (permission !== undefined) await permission;
    }
  }
}

/** @throws ServiceError MissingAuthenticationToken */
function requireOpen(service: WireService, operation: string | undefined): void {
  if (operation !== undefined && service.isOpen(operation)) return;
  throw refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
}

function known(operation: string | undefined): string {
  if (operation !== undefined) return operation;
  throw refusal("UnknownOperationException", "The requested operation is not known to the service");
}

/** @param operation undefined while it is not known @throws ServiceError */
async function readRequest(
  exchange: Exchange,
  service: WireService,
  operation: string | undefined,
  signature: OpenSignature | undefined,
  unverified: BodyBudget,
): Promise<Body> {
  const limit = service.maxBodyBytes(operation ?? "");
  const wireLimit = signature?.isChunked ? chunkedWireBytes(limit) : limit;
  try {
    // Who might not be who they say could make us write gigabytes: their bodies are read whole, within the budget.
    if (operation !== undefined && service.streamsBody(operation) && signature?.isVerified) {
      const { bytes, length } = exchange.streamBody(wireLimit);
      return { body: NOTHING, stream: signature.acceptStream(bytes, length) };
    }
    const wire = await exchange.readBody(wireLimit, signature?.isVerified ? undefined : unverified);
    const body = signature === undefined ? wire : signature.accept(wire);
    if (body.length > limit) throw new BodyTooLarge(body.length);
    return { body };
  } catch (error) {
    throw error instanceof BodyTooLarge ? requestTooLarge(operation ?? service.name, limit) : error;
  }
}

/** The headers as if the body had been sent plainly. */
function withoutChunking(headers: RequestHead["headers"]): RequestHead["headers"] {
  const encodings = (headers["content-encoding"] ?? "").split(",").map((name) => name.trim());
  const left = encodings.filter((name) => name !== "" && name !== "aws-chunked").join(", ");
  const { "content-encoding": _, "x-amz-decoded-content-length": bytes, ...others } = headers;
  return {
    ...others,
    ...(bytes !== undefined && { "content-length": bytes }),
    ...(left !== "" && { "content-encoding": left }),
  };
}
