/** API Gateway as a companion service: its control APIs, the APIs that they make, and what functions send to WebSockets by. */
import { createService } from "../../wire/engine.ts";
import { failFor } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { CompanionContext, OpenCompanion } from "../companion.ts";
import type { Control } from "./control.ts";
import { FunctionCalls } from "./execute/function-calls.ts";
import { HttpApis } from "./execute/http-api.ts";
import { HttpAuthorizers } from "./execute/http-authorizers.ts";
import { httpStage } from "./execute/http-stage.ts";
import { JwtIssuers } from "./execute/jwt-authorizer.ts";
import { type ApiKind, ExecuteSurface } from "./execute/surface.ts";
import { ACCOUNT, Records } from "./records.ts";
import { ServedStages } from "./served-stages.ts";
import { createV2Handlers } from "./v2/control-api.ts";
import { type Api, type ApiGatewayV2, KINDS, type Snapshot, type Stage } from "./v2/shapes.ts";

export const openApiGateway: OpenCompanion = async (context) => {
  const { place, clock } = context;
  const records = await Records.open(context.data.join("apigateway.sqlite"));
  const calls = new FunctionCalls(context.invoker, context.lambda, place);
  context.catalog.onChange(() => calls.forget());
  const authorizers = new HttpAuthorizers(calls, new JwtIssuers(), clock);
  const control: Control = { records, place, clock, resetAuthorizers: (apiId) => authorizers.forget(apiId) };

  const httpStages = new ServedStages(records, (apiId, name) => {
    const deployed = deployedStage(records, apiId, name);
    return deployed && httpStage(deployed.stage, deployed.snapshot, place);
  });
  const http = new HttpApis({
    stageOf: (apiId, name) => httpStages.get(apiId, name),
    authorizers,
    calls,
    place,
    clock,
  });

  return {
    service: v2Service(context, control),
    surface: new ExecuteSurface({
      place,
      hostNames: context.hostNames,
      kindOf: (apiId) => kindOf(records, apiId),
      kinds: { http },
    }),
    close: async () => records.close(),
  };
};

function v2Service({ log }: CompanionContext, control: Control) {
  const model = loadModel<ApiGatewayV2>("apigatewayv2");
  return createService({
    model,
    handlers: createV2Handlers(control, failFor(model)),
    onFault: (error, requestId) => log.error("apigatewayv2 fault", { requestId, error }),
  });
}

function kindOf(records: Records, apiId: string): ApiKind | undefined {
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
