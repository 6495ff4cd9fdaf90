/** Who may call a method of a REST API: signatures, Lambda authorizers and the API's own resource policy. */
import type { PolicyDocument, PolicyStatement } from "../../../functions/policy-document.ts";
import { listOf } from "../../../functions/policy-document.ts";
import { evaluatePolicy, type PolicyRequest } from "../../../functions/policy-evaluation.ts";
import type { Clock } from "../../../state/clock.ts";
import type { SurfaceHead, SurfaceSigner } from "../../../wire/http-surface.ts";
import { ServiceError } from "../../../wire/service-error.ts";
import { type ApiRequest, authorizerArn, executeArn, type Matched } from "./api-request.ts";
import { decide, type IamDecision, iamDecision } from "./authorizer-policy.ts";
import { DecisionCache } from "./decision-cache.ts";
import { type Caller, eventV1, NOBODY } from "./events.ts";
import type { FunctionCalls } from "./function-calls.ts";
import { REST_PROBLEMS } from "./gateway-responses.ts";
import { isUnauthorized } from "./http-authorizers.ts";
import { identityValue } from "./identity-sources.ts";
import type { RestAuthorizer, RestMethod, RestStage } from "./rest-stage.ts";
import { iamCallerV1 } from "./signer-identity.ts";

const TIMEOUT_MS = 29_000;

export interface RestCaller extends Caller {
  /** The API key that an authorizer has named. */
  readonly usageKey?: string | undefined;
}

export class RestAuthorizers {
  readonly #calls: FunctionCalls;
  readonly #cache: DecisionCache<IamDecision>;

  constructor(calls: FunctionCalls, clock: Clock) {
    this.#calls = calls;
    this.#cache = new DecisionCache(clock);
  }

  forget(apiId: string): void {
    this.#cache.forget(`${apiId}/`);
  }

  /** @throws Problem for who may not */
  async admit(
    method: RestMethod,
    stage: RestStage,
    head: SurfaceHead,
    request: ApiRequest,
    matched: Matched,
  ): Promise<RestCaller> {
    const arn = executeArn(request, `${head.method}${request.path}`);
    const signer = method.authorization === "AWS_IAM" ? signerOf(head) : undefined;
    const byPolicy = stage.policy && decideByPolicy(stage.policy, arn, request, signer);
    if (byPolicy === "deny") throw REST_PROBLEMS.deniedAction(notAuthorized(arn, signer, true));
    if (signer) {
      if (byPolicy !== "allow" && !signer.may("execute-api:Invoke", arn)) {
        throw REST_PROBLEMS.deniedAction(notAuthorized(arn, signer, false));
      }
      return iamCallerV1(signer);
    }
    if (byPolicy === "none") throw REST_PROBLEMS.deniedAction(notAuthorized(arn, undefined, false));
    if (method.authorization === "NONE") return NOBODY;
    if (!method.authorizer) throw REST_PROBLEMS.authorizerMisconfigured();
    return this.#ask(method.authorizer, request, matched, arn);
  }

  async #ask(authorizer: RestAuthorizer, request: ApiRequest, matched: Matched, arn: string): Promise<RestCaller> {
    const identity = authorizer.sources.map((source) => identityValue(source, request, matched));
    const { ttlSeconds, validation, type } = authorizer;
    // Without caching a request authorizer decides itself what it needs.
    if (identity.includes(undefined) && (type === "TOKEN" || ttlSeconds > 0)) throw REST_PROBLEMS.unauthorized();
    if (validation && !validation.matches(identity[0] ?? "")) throw REST_PROBLEMS.unauthorized();
    const key = `${request.apiId}/${request.stage}/${authorizer.id} ${JSON.stringify(identity)}`;
    const startedMs = performance.now();
    let decision = ttlSeconds > 0 ? this.#cache.get(key) : undefined;
    let latencyMs = 0;
    if (!decision) {
      decision = await this.#decision(authorizer, request, matched, identity[0] ?? "", arn);
      latencyMs = Math.round(performance.now() - startedMs);
      if (ttlSeconds > 0) this.#cache.keep(key, decision, ttlSeconds);
    }
    const verdict = decide(decision, arn, request.head.sourceIp);
    if (verdict !== "allow") throw REST_PROBLEMS.denied(verdict === "deny");
    const { principalId, context, usageIdentifierKey } = decision;
    const texts = Object.entries(context).map(([name, value]) => [name, String(value)] as const);
    return {
      authorizer: { ...Object.fromEntries(texts), principalId, integrationLatency: latencyMs },
      usageKey: usageIdentifierKey,
    };
  }

  async #decision(
    { target, usesRole, id, type }: RestAuthorizer,
    request: ApiRequest,
    matched: Matched,
    token: string,
    arn: string,
  ): Promise<IamDecision> {
    if (!target) throw REST_PROBLEMS.authorizerMisconfigured();
    const event =
      type === "TOKEN" ? { type, methodArn: arn, authorizationToken: token } : requestEvent(request, matched, arn);
    const called = await this.#calls.call({
      target,
      event,
      sourceArn: authorizerArn(request.place, request.apiId, id),
      usesRole,
      timeoutMs: TIMEOUT_MS,
      traceId: request.head.traceId,
    });
    if (called.kind === "function-error" && isUnauthorized(called.payload)) throw REST_PROBLEMS.unauthorized();
    if (called.kind === "forbidden") throw REST_PROBLEMS.authorizerMisconfigured();
    if (called.kind !== "answer") throw REST_PROBLEMS.authorizerFailure();
    const decision = iamDecision(called.payload);
    // Nested values cannot be handed on.
    if (!decision || Object.values(decision.context).some((value) => typeof value === "object" && value !== null)) {
      throw REST_PROBLEMS.authorizerMisconfigured();
    }
    return decision;
  }
}

function requestEvent(request: ApiRequest, matched: Matched, methodArn: string): object {
  const more = { path: request.path, requestId: request.head.requestId, resourceId: matched.routeKey };
  const {
    body: _,
    isBase64Encoded: __,
    ...event
  } = eventV1(request, matched, NOBODY, 0, more) as Record<string, unknown>;
  const orEmpty = (name: string): unknown => event[name] ?? {};
  return {
    type: "REQUEST",
    methodArn,
    ...event,
    queryStringParameters: orEmpty("queryStringParameters"),
    multiValueQueryStringParameters: orEmpty("multiValueQueryStringParameters"),
    pathParameters: orEmpty("pathParameters"),
    stageVariables: orEmpty("stageVariables"),
  };
}

function signerOf(head: SurfaceHead): SurfaceSigner {
  try {
    return head.signer("execute-api");
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === "MissingAuthenticationTokenException") throw REST_PROBLEMS.missingToken();
    throw REST_PROBLEMS.invalidSignature(error.message);
  }
}

/** Resources of an API's policy may leave out what is the same for all: `execute-api:/prod/GET/*`. */
function decideByPolicy(policy: PolicyDocument, arn: string, request: ApiRequest, signer: SurfaceSigner | undefined) {
  const api = arn.slice(0, arn.indexOf("/"));
  const whole = (resource: string): string => resource.replace(/^execute-api:\/?/, `${api}/`);
  const statements = listOf(policy.Statement).map(
    (statement): PolicyStatement => ({
      ...statement,
      ...(statement.Resource !== undefined && { Resource: listOf(statement.Resource).map(whole) }),
      ...(statement.NotResource !== undefined && { NotResource: listOf(statement.NotResource).map(whole) }),
    }),
  );
  const principal: PolicyRequest["principal"] = signer
    ? { kind: "account", arn: signer.principal.arn, accountId: signer.principal.accountId }
    : { kind: "anonymous" };
  return evaluatePolicy(
    { Statement: statements },
    {
      action: "execute-api:Invoke",
      resource: arn,
      principal,
      conditions: {
        "aws:SourceIp": request.head.sourceIp,
        "aws:UserAgent": request.head.headers["user-agent"] ?? "",
        "aws:Referer": request.head.headers.referer ?? "",
        ...(signer && { "aws:PrincipalAccount": signer.principal.accountId }),
      },
    },
  );
}

function notAuthorized(arn: string, signer: SurfaceSigner | undefined, isExplicit: boolean): string {
  // AWS hides the first digits of the account.
  const hidden = arn.replace(/:\d{8}(\d{4}):/, ":********$1:");
  const why = isExplicit ? " with an explicit deny" : "";
  return `User: ${signer?.principal.arn ?? "anonymous"} is not authorized to perform: execute-api:Invoke on resource: ${hidden}${why}`;
}
