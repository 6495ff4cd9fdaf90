/** API Gateway as a companion service: its control APIs, the APIs that they make, and what functions send to WebSockets by. */

import { violationsText } from "../../wire/constraints.ts";
import { createService } from "../../wire/engine.ts";
import { failFor, serviceError } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { CompanionContext, OpenCompanion } from "../companion.ts";
import type { Control } from "./control.ts";
import { ApiKeys } from "./execute/api-keys.ts";
import { FunctionCalls } from "./execute/function-calls.ts";
import { HttpApis } from "./execute/http-api.ts";
import { HttpAuthorizers } from "./execute/http-authorizers.ts";
import { httpStage } from "./execute/http-stage.ts";
import { JwtIssuers } from "./execute/jwt-authorizer.ts";
import { RestApis } from "./execute/rest-api.ts";
import { RestAuthorizers } from "./execute/rest-authorizers.ts";
import { restStage } from "./execute/rest-stage.ts";
import { type ApiKind, ExecuteSurface } from "./execute/surface.ts";
import { isOutside, markingRoles } from "./outside-apis.ts";
import { ACCOUNT, Records } from "./records.ts";
import { ServedStages } from "./served-stages.ts";
import { createV1Handlers } from "./v1/control-api.ts";
import * as V1 from "./v1/shapes.ts";
import { createV2Handlers } from "./v2/control-api.ts";
import { type Api, type ApiGatewayV2, KINDS, type Snapshot, type Stage } from "./v2/shapes.ts";
import { Connections } from "./websocket/connections.ts";
import { createManagementHandlers, type ManagementApi } from "./websocket/management.ts";
import { WebSocketApis } from "./websocket/websocket-api.ts";
import { webSocketStage } from "./websocket/websocket-stage.ts";

export const openApiGateway: OpenCompanion = async (context) => {
  const { place, clock } = context;
  const records = await Records.open(context.data.join("apigateway.sqlite"));
  const calls = new FunctionCalls(context.invoker, context.lambda, place);
  context.catalog.onChange(() => calls.forget());
  const httpAuthorizers = new HttpAuthorizers(calls, new JwtIssuers(), clock);
  const restAuthorizers = new RestAuthorizers(calls, clock);
  const resetAuthorizers = (apiId: string): void => {
    httpAuthorizers.forget(apiId);
    restAuthorizers.forget(apiId);
  };
  const control: Control = { records, place, clock, resetAuthorizers };

  const httpStages = new ServedStages(records, (apiId, name) => {
    const deployed = deployedStage(records, apiId, name);
    return deployed && httpStage(deployed.stage, deployed.snapshot, place, isOutside(records, apiId));
  });
  const http = new HttpApis({
    stageOf: (apiId, name) => httpStages.get(apiId, name),
    authorizers: httpAuthorizers,
    calls,
    place,
    clock,
  });
  const keys = new ApiKeys(records, clock);
  const restStages = new ServedStages(records, (apiId, name) => {
    const stage = records.get<V1.Stage>(apiId, V1.KINDS.stage, name);
    const snapshot = records.get<V1.Snapshot>(apiId, V1.KINDS.snapshot, stage?.deploymentId ?? "");
    return stage && snapshot && restStage(stage, snapshot, place, isOutside(records, apiId));
  });
  const rest = new RestApis({
    stageOf: (apiId, name) => restStages.get(apiId, name),
    authorizers: restAuthorizers,
    keys,
    calls,
    place,
    clock,
  });

  const connections = new Connections(clock);
  const webSocketStages = new ServedStages(records, (apiId, name) => {
    const api = records.get<Api>(ACCOUNT, KINDS.api, apiId);
    const deployed = deployedStage(records, apiId, name);
    return api && deployed && webSocketStage(api, deployed.stage, deployed.snapshot, place);
  });
  const websocket = new WebSocketApis({
    stageOf: (apiId, name) => webSocketStages.get(apiId, name),
    connections,
    keys,
    calls,
    place,
    clock,
    log: context.log,
  });
  const management = managementService(context, connections);

  return {
    service: v2Service(context, control),
    moreServices: [v1Service(context, control), management],
    surface: new ExecuteSurface({
      place,
      hostNames: context.hostNames,
      kindOf: (apiId) => kindOf(records, apiId),
      kinds: { http, rest, websocket },
      management,
    }),
    stop: () => connections.closeAll(),
    close: async () => records.close(),
  };
};

function v2Service({ log }: CompanionContext, control: Control) {
  const model = loadModel<ApiGatewayV2>("apigatewayv2");
  return createService({
    model,
    handlers: markingRoles(createV2Handlers(control, failFor(model)), control.records),
    invalidInput: (violations) => serviceError(model, "BadRequestException", violationsText(violations)),
    onFault: (error, requestId) => log.error("apigatewayv2 fault", { requestId, error }),
  });
}

function v1Service({ log }: CompanionContext, control: Control) {
  const model = loadModel<V1.ApiGatewayV1>("api-gateway");
  return createService({
    model,
    handlers: markingRoles(createV1Handlers(control, failFor(model)), control.records),
    invalidInput: (violations) => serviceError(model, "BadRequestException", violationsText(violations)),
    onFault: (error, requestId) => log.error("api-gateway fault", { requestId, error }),
  });
}

function managementService({ log }: CompanionContext, connections: Connections) {
  const model = loadModel<ManagementApi>("apigatewaymanagementapi");
  return createService({
    model,
    handlers: createManagementHandlers(model, connections),
    invalidInput: (violations) => serviceError(model, "PayloadTooLargeException", violationsText(violations)),
    onFault: (error, requestId) => log.error("apigatewaymanagementapi fault", { requestId, error }),
  });
}

function kindOf(records: Records, apiId: string): ApiKind | undefined {
  const restApi = records.get<V1.RestApi>(ACCOUNT, V1.KINDS.api, apiId);
  if (restApi) return restApi.disableExecuteApiEndpoint ? undefined : "rest";
  const api = records.get<Api>(ACCOUNT, KINDS.api, apiId);
  if (api === undefined || api.DisableExecuteApiEndpoint) return undefined;
  return api.ProtocolType === "HTTP" ? "http" : "websocket";
}

function deployedStage(
  records: Records,
  apiId: string,
  name: string,
): { readonly stage: Stage; readonly snapshot: Snapshot } | undefined {
  const stage = records.get<Stage>(apiId, KINDS.stage, name);
  const snapshot = stage?.DeploymentId && records.get<Snapshot>(apiId, KINDS.snapshot, stage.DeploymentId);
  return stage && snapshot ? { stage, snapshot } : undefined;
}
