/**
 * An invocation as a caller asks for it, read and checked once for every door that takes one: signature over the raw
 * bytes, limits, headers, target, permission, JSON. Every line here is paid for by every invocation.
 */

import type { BodyBudget } from "../execution/body-budget.ts";
import { release } from "../execution/body-memory.ts";
import type { Invocation } from "../execution/invocation.ts";
import type { Turn } from "../execution/large-bodies.ts";
import type { Place } from "../functions/function-name.ts";
import { LARGEST_EVENT_BYTES } from "../invocation/async/event-acceptor.ts";
import { jsonFault, positionOf } from "../wire/json-validity.ts";
import { chunkedWireBytes } from "./aws-chunked.ts";
import { BodyTooLarge } from "./body.ts";
import type { InvokeExchange } from "./exchange.ts";
import { type InvokeTarget, readTarget } from "./invoke-target.ts";
import type { Permissions } from "./permissions.ts";
import { refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import { isUuid, traceId } from "./request-id.ts";
import type { SignatureVerifier } from "./sigv4.ts";

const ACTION = "lambda:InvokeFunction";
const LOG_TYPES: readonly string[] = ["None", "Tail"];
const SYNC_BYTES = 6_291_456;
const CLIENT_CONTEXT_BYTES = 3583;
const TENANT_PATTERN = "[a-zA-Z0-9\\._:\\/=+\\-@ ]+";
const EMPTY_EVENT = Buffer.from("{}");
const NOTHING = Buffer.alloc(0);

export interface InvokeCall {
  readonly exchange: InvokeExchange;
  readonly head: RequestHead;
  /** Of a body that is large, or may be. */
  readonly turn?: Pick<Turn, "leave">;
}

/** An operation whose requests all ask for the same, whatever Invoke's headers and Qualifier would say. */
export interface FixedRequest {
  readonly type: string;
  readonly action: string;
}

/** Its maker's, until it is on its way. */
export type OwnInvocation = { -readonly [Member in keyof Invocation]: Invocation[Member] };

export interface InvokeRequestRead {
  /** One of the types that the door takes. */
  readonly type: string;
  readonly target: InvokeTarget;
  readonly invocation: OwnInvocation;
  readonly wantsLogTail: boolean;
}

export class InvokeReader {
  readonly #verifier: SignatureVerifier;
  readonly #unverified: BodyBudget;
  readonly #permissions: Permissions;
  readonly #place: Place;
  readonly #now: () => number;

  constructor(
    verifier: SignatureVerifier,
    unverified: BodyBudget,
    permissions: Permissions,
    place: Place,
    now: () => number,
  ) {
    this.#verifier = verifier;
    this.#unverified = unverified;
    this.#permissions = permissions;
    this.#place = place;
    this.#now = now;
  }

  /**
   * @param types values of X-Amz-Invocation-Type that the operation has
   * @throws ServiceError
   */
  async read(
    { exchange, head, turn }: InvokeCall,
    encodedName: string,
    types: readonly string[],
    fixed?: FixedRequest,
  ): Promise<InvokeRequestRead> {
    const { headers } = head;
    const signature = this.#verifier.open(head, "lambda");
    const type = fixed?.type ?? headers["x-amz-invocation-type"] ?? "RequestResponse";
    const limit = type === "Event" ? LARGEST_EVENT_BYTES : SYNC_BYTES;
    let wire: Buffer;
    try {
      const budget = signature.isVerified ? undefined : this.#unverified;
      wire = await exchange.readBody(signature.isChunked ? chunkedWireBytes(limit) : limit, budget);
    } catch (error) {
      throw error instanceof BodyTooLarge ? tooLarge(error.bytes, limit, type) : error;
    }
    const body = signature.accept(wire);
    if (body.length > limit) throw tooLarge(body.length, limit, type);

    const given = headers["x-amzn-requestid"];
    if (given !== undefined) {
      if (!isUuid(given)) throw refusal("InvalidRequestContentException", "The request ID must be a valid UUID");
      exchange.requestId = given.toLowerCase();
    }
    const target = this.#validated(encodedName, fixed ? "" : head.query, headers, type, types, signature.principal.arn);
    const clientContext = readClientContext(headers["x-amz-client-context"]);
    const permission = this.#permissions.require(signature.principal, fixed?.action ?? ACTION, target.arn);
    if (permission !== undefined) await permission;
    const fault = body.length === 0 ? undefined : jsonFault(body);
    if (fault !== undefined) throw notJson(body, fault.message, fault.offset);

    const tenantId = headers["x-amz-tenant-id"];
    const invocation: OwnInvocation = {
      requestId: exchange.requestId,
      payload: body.length === 0 ? EMPTY_EVENT : body,
      invokedFunctionArn: target.arn,
      traceId: traceId(headers["x-amzn-trace-id"], this.#now()),
      ...(clientContext !== undefined && { clientContext }),
      ...(tenantId !== undefined && { tenantId }),
    };
    // A synchronous event is delivered once: a large one need not be in memory for as long as its function runs.
    if (turn !== undefined && type === "RequestResponse") {
      invocation.onDelivered = () => {
        invocation.payload = NOTHING;
        release(body);
        turn.leave();
      };
    }
    return { type, target, invocation, wantsLogTail: headers["x-amz-log-type"] === "Tail" };
  }

  #validated(
    encodedName: string,
    query: string,
    headers: Readonly<Record<string, string>>,
    type: string,
    types: readonly string[],
    caller: string,
  ): InvokeTarget {
    const violations: string[] = [];
    if (!types.includes(type)) violations.push(enumViolation(type, "invocationType", types));
    const logType = headers["x-amz-log-type"];
    if (logType !== undefined && !LOG_TYPES.includes(logType)) {
      violations.push(enumViolation(logType, "logType", LOG_TYPES));
    }
    const tenantId = headers["x-amz-tenant-id"];
    if (tenantId !== undefined) checkTenant(tenantId, violations);
    const target = readTarget(encodedName, query, this.#place, caller, violations);
    if (target !== undefined && violations.length === 0) return target;
    const count = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected`;
    throw refusal("ValidationException", `${count}: ${violations.join("; ")}`);
  }
}

const enumViolation = (value: string, member: string, values: readonly string[]): string =>
  `Value '${value.slice(0, 1024)}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${values.join(", ")}]`;

function checkTenant(text: string, violations: string[]): void {
  const at = `Value '${text.slice(0, 1024)}' at 'tenantId' failed to satisfy constraint:`;
  if (text.length === 0) violations.push(`${at} Member must have length greater than or equal to 1`);
  else if (text.length > 256) violations.push(`${at} Member must have length less than or equal to 256`);
  else if (/[^a-zA-Z0-9._:/=+\-@ ]/.test(text)) {
    violations.push(`${at} Member must satisfy regular expression pattern: ${TENANT_PATTERN}`);
  }
}

function readClientContext(encoded: string | undefined): string | undefined {
  if (encoded === undefined || encoded === "") return undefined;
  if (encoded.length > CLIENT_CONTEXT_BYTES) {
    throw refusal(
      "InvalidRequestContentException",
      `Client context must be no more than ${CLIENT_CONTEXT_BYTES} bytes of base64-encoded data.`,
    );
  }
  const decoded = Buffer.from(encoded, "base64");
  // Node's decoder skips what is not base64; an object's text cannot come out of such by accident and still be JSON.
  const isObject = !/[^A-Za-z0-9+/=_-]/.test(encoded) && jsonFault(decoded) === undefined && isJsonObject(decoded);
  if (!isObject) {
    throw refusal("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.");
  }
  return decoded.toString();
}

const isJsonObject = (json: Buffer): boolean => json.toString().trimStart().startsWith("{");

const tooLarge = (bytes: number, limit: number, type: string): Error =>
  refusal(
    "RequestTooLargeException",
    `${bytes} byte payload is too large for the ${type === "Event" ? "Event" : "RequestResponse"} invocation type (limit ${limit} bytes)`,
  );

function notJson(body: Buffer, message: string, offset: number): Error {
  const { line, column } = positionOf(body, offset);
  return refusal(
    "InvalidRequestContentException",
    `Could not parse request body into json: Could not parse payload into json: ${message}\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: ${line}, column: ${column}]`,
  );
}
