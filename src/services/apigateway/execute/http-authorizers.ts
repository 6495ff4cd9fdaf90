/** Who may call a route of an HTTP API: JWT, Lambda and IAM authorizers. */
import type { Clock } from "../../../state/clock.ts";
import type { SurfaceRequest } from "../../../wire/http-surface.ts";
import { ServiceError } from "../../../wire/service-error.ts";
import type { FunctionTarget } from "../function-uri.ts";
import { type ApiRequest, authorizerArn, executeArn, type Matched } from "./api-request.ts";
import { decide, type IamDecision, iamDecision, parsed } from "./authorizer-policy.ts";
import { DecisionCache } from "./decision-cache.ts";
import { type Caller, eventV1, eventV2, NOBODY } from "./events.ts";
import type { FunctionCalls } from "./function-calls.ts";
import { identityValue } from "./identity-sources.ts";
import { claimTexts, type JwtIssuers } from "./jwt-authorizer.ts";
import { HTTP_PROBLEMS } from "./problem.ts";
import { iamCallerV1, iamCallerV2 } from "./signer-identity.ts";

/** Of the function, ms: what it has is what an integration of an HTTP API has. */
const TIMEOUT_MS = 30_000;

export type HttpAuthorization =
  | { readonly kind: "none" }
  | { readonly kind: "iam" }
  | {
      readonly kind: "jwt";
      readonly source: string;
      readonly issuer: string;
      readonly audience: readonly string[];
      /** Of these the token must have one. */
      readonly scopes: readonly string[];
      /** The issuer is not on this machine. */
      readonly isOutside: boolean;
    }
  | LambdaAuthorization;

export interface LambdaAuthorization {
  readonly kind: "lambda";
  readonly authorizerId: string;
  readonly target: FunctionTarget | undefined;
  readonly usesRole: boolean;
  readonly sources: readonly string[];
  readonly format: "1.0" | "2.0";
  readonly isSimple: boolean;
  /** 0: nothing is remembered. */
  readonly ttlSeconds: number;
}

type Decision = { readonly isAuthorized: boolean; readonly context: Readonly<Record<string, unknown>> } | IamDecision;

export class HttpAuthorizers {
  readonly #calls: FunctionCalls;
  readonly #issuers: JwtIssuers;
  readonly #cache: DecisionCache<Decision>;

  constructor(calls: FunctionCalls, issuers: JwtIssuers, clock: Clock) {
    this.#calls = calls;
    this.#issuers = issuers;
    this.#cache = new DecisionCache(clock);
  }

  forget(apiId: string): void {
    this.#cache.forget(`${apiId}/`);
  }

  /**
   * @param format of the integration that the caller is told to
   * @throws Problem for who may not
   */
  async admit(
    authorization: HttpAuthorization,
    surface: SurfaceRequest,
    request: ApiRequest,
    matched: Matched,
    format: "1.0" | "2.0",
  ): Promise<Caller> {
    switch (authorization.kind) {
      case "none":
        // Format 1.0 says that there is nobody.
        return format === "1.0" ? { authorizer: { claims: null, scopes: null } } : NOBODY;
      case "iam":
        return admitSigner(surface, request, matched, format);
      case "jwt":
        return this.#admitToken(authorization, request, matched, format);
      case "lambda":
        return this.#ask(authorization, request, matched, format);
    }
  }

  async #admitToken(
    { source, issuer, audience, scopes, isOutside }: HttpAuthorization & { readonly kind: "jwt" },
    request: ApiRequest,
    matched: Matched,
    format: "1.0" | "2.0",
  ): Promise<Caller> {
    const token = identityValue(source, request, matched);
    if (token === undefined) throw HTTP_PROBLEMS.unauthorized("Bearer");
    const verdict = await this.#issuers.verify(token, { issuer, audience, isOutside });
    if ("error" in verdict) {
      const text = verdict.description.replace(/[^\x20-\x7e]|["\\]/g, "'");
      throw HTTP_PROBLEMS.unauthorized(`Bearer scope="" error="invalid_token" error_description="${text}"`);
    }
    if (scopes.length > 0 && !scopes.some((scope) => verdict.scopes.includes(scope))) {
      const wanted = scopes.join(" ").replace(/[^\x20-\x7e]|["\\]/g, "'");
      throw HTTP_PROBLEMS.forbidden(
        `Bearer scope="${wanted}" error="insufficient_scope" error_description="the token does not have the required scope"`,
      );
    }
    const told = { claims: claimTexts(verdict.claims), scopes: scopes.length > 0 ? verdict.scopes : null };
    return { authorizer: format === "2.0" ? { jwt: told } : told };
  }

  async #ask(
    authorization: LambdaAuthorization,
    request: ApiRequest,
    matched: Matched,
    format: "1.0" | "2.0",
  ): Promise<Caller> {
    const { authorizerId, sources, ttlSeconds } = authorization;
    const identity = sources.map((source) => identityValue(source, request, matched));
    if (identity.includes(undefined)) throw HTTP_PROBLEMS.unauthorized();
    const key = `${request.apiId}/${request.stage}/${authorizerId} ${JSON.stringify(identity)}`;
    let decision = ttlSeconds > 0 ? this.#cache.get(key) : undefined;
    if (!decision) {
      decision = await this.#decision(authorization, request, matched, identity as string[]);
      if (ttlSeconds > 0) this.#cache.keep(key, decision, ttlSeconds);
    }
    if ("isAuthorized" in decision) {
      if (!decision.isAuthorized) throw HTTP_PROBLEMS.forbidden();
    } else if (decide(decision, routeArn(request, matched), request.head.sourceIp) !== "allow") {
      throw HTTP_PROBLEMS.forbidden();
    }
    const { context } = decision;
    if (format === "2.0") return { authorizer: { lambda: context } };
    return { authorizer: { ...("principalId" in decision && { principalId: decision.principalId }), ...context } };
  }

  async #decision(
    authorization: LambdaAuthorization,
    request: ApiRequest,
    matched: Matched,
    identity: readonly string[],
  ): Promise<Decision> {
    const { target, usesRole, authorizerId, isSimple } = authorization;
    if (!target) throw HTTP_PROBLEMS.internal();
    const called = await this.#calls.call({
      target,
      event: authorizerEvent(authorization, request, matched, identity),
      sourceArn: authorizerArn(request.place, request.apiId, authorizerId),
      usesRole,
      timeoutMs: TIMEOUT_MS,
      traceId: request.head.traceId,
    });
    if (called.kind === "timeout") throw HTTP_PROBLEMS.unavailable();
    if (called.kind === "function-error" && isUnauthorized(called.payload)) throw HTTP_PROBLEMS.unauthorized();
    if (called.kind !== "answer") throw HTTP_PROBLEMS.internal();
    const decision = isSimple ? simpleDecision(called.payload) : iamDecision(called.payload);
    if (!decision) throw HTTP_PROBLEMS.internal();
    return decision;
  }
}

/** The function said so: `callback("Unauthorized")`, `raise Exception("Unauthorized")`. */
export const isUnauthorized = (payload: Buffer): boolean => parsed(payload)?.errorMessage === "Unauthorized";

function simpleDecision(payload: Buffer): Decision | undefined {
  const { isAuthorized, context = {} } = parsed(payload) ?? {};
  if (typeof isAuthorized !== "boolean" || typeof context !== "object" || context === null) return undefined;
  return { isAuthorized, context: context as Readonly<Record<string, unknown>> };
}

function authorizerEvent(
  { format }: LambdaAuthorization,
  request: ApiRequest,
  matched: Matched,
  identity: readonly string[],
): object {
  const arn = routeArn(request, matched);
  if (format === "2.0") {
    const { version, routeKey, ...event } = eventV2(request, matched, NOBODY, 0) as Record<string, unknown>;
    return { version, type: "REQUEST", routeArn: arn, identitySource: identity, routeKey, ...event };
  }
  const more = { version: "1.0", path: request.fullPath, requestId: request.token, resourceId: null } as const;
  const {
    body: _,
    isBase64Encoded: __,
    version,
    ...event
  } = eventV1(request, matched, NOBODY, 0, more) as Record<string, unknown>;
  const source = identity.join(",");
  return { version, type: "REQUEST", methodArn: arn, identitySource: source, authorizationToken: source, ...event };
}

/** What policies name: the method and the path as they were called. */
function routeArn(request: ApiRequest, { routeKey }: Matched): string {
  const resource = routeKey === "$default" ? "$default" : `${request.head.method}${request.path}`;
  return executeArn(request, resource);
}

function admitSigner(surface: SurfaceRequest, request: ApiRequest, matched: Matched, format: "1.0" | "2.0"): Caller {
  try {
    const signer = surface.signer("execute-api");
    if (!signer.may("execute-api:Invoke", routeArn(request, matched))) throw HTTP_PROBLEMS.forbidden();
    return format === "2.0" ? iamCallerV2(signer) : iamCallerV1(signer);
  } catch (error) {
    if (error instanceof ServiceError) throw HTTP_PROBLEMS.forbidden();
    throw error;
  }
}
