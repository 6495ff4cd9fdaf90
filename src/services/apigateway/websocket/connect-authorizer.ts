/** Who may connect to a WebSocket API: signatures and Lambda authorizers of $connect. */
import type { SurfaceHead } from "../../../wire/http-surface.ts";
import { ServiceError } from "../../../wire/service-error.ts";
import { type ApiRequest, authorizerArn, executeArn, type Matched } from "../execute/api-request.ts";
import { decide, iamDecision } from "../execute/authorizer-policy.ts";
import type { FunctionCalls } from "../execute/function-calls.ts";
import { type HttpAuthorization, isUnauthorized } from "../execute/http-authorizers.ts";
import { identityValue } from "../execute/identity-sources.ts";
import { HTTP_PROBLEMS } from "../execute/problem.ts";
import { authorizerEvent } from "./events.ts";
import type { ConnectionFacts } from "./shapes.ts";

const TIMEOUT_MS = 29_000;
const MATCHED: Matched = { routeKey: "$connect", resourcePath: "$connect", pathParameters: {} };

/** `requestContext.authorizer` of all events of the connection. @throws Problem for who may not */
export async function admitClient(
  authorization: HttpAuthorization,
  calls: FunctionCalls,
  head: SurfaceHead,
  request: ApiRequest,
  facts: ConnectionFacts,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const arn = executeArn(request, "$connect");
  if (authorization.kind === "iam") return admitSigner(head, arn);
  if (authorization.kind !== "lambda") return undefined;
  const { sources, target, usesRole, authorizerId } = authorization;
  const isMissing = sources.some((source) => identityValue(source, request, MATCHED) === undefined);
  if (isMissing) throw HTTP_PROBLEMS.unauthorized();
  if (!target) throw HTTP_PROBLEMS.internal();
  const startedMs = performance.now();
  const called = await calls.call({
    target,
    event: authorizerEvent(facts, head, request.token, arn),
    sourceArn: authorizerArn(request.place, request.apiId, authorizerId),
    usesRole,
    timeoutMs: TIMEOUT_MS,
    traceId: head.traceId,
  });
  if (called.kind === "function-error" && isUnauthorized(called.payload)) throw HTTP_PROBLEMS.unauthorized();
  const decision = called.kind === "answer" ? iamDecision(called.payload) : undefined;
  if (!decision) throw HTTP_PROBLEMS.internal();
  if (decide(decision, arn, head.sourceIp) !== "allow") throw HTTP_PROBLEMS.forbidden();
  const { principalId, context } = decision;
  return { ...context, principalId, integrationLatency: Math.round(performance.now() - startedMs) };
}

function admitSigner(head: SurfaceHead, arn: string): undefined {
  try {
    if (!head.signer("execute-api").may("execute-api:Invoke", arn)) throw HTTP_PROBLEMS.forbidden();
  } catch (error) {
    throw error instanceof ServiceError ? HTTP_PROBLEMS.forbidden() : error;
  }
}
