/** The second control API as one map of handlers: HTTP and WebSocket APIs. */
import type { Handlers } from "../../../wire/handlers.ts";
import type { Control } from "../control.ts";
import { apiHandlers } from "./apis.ts";
import { authorizerHandlers } from "./authorizers.ts";
import { Deployments } from "./deployments.ts";
import { domainNameHandlers } from "./domain-names.ts";
import { importHandlers } from "./imports.ts";
import { Integrations } from "./integrations.ts";
import { modelHandlers } from "./models.ts";
import { Apis } from "./parts.ts";
import { Routes } from "./routes.ts";
import type { ApiGatewayV2, FailV2 } from "./shapes.ts";
import { stageHandlers } from "./stages.ts";
import { tagHandlers } from "./tags.ts";

export function createV2Handlers(control: Control, fail: FailV2): Handlers<ApiGatewayV2> {
  const apis = new Apis(control.records, fail);
  const deployments = new Deployments(apis, control);
  const integrations = new Integrations(apis, deployments, control);
  const routes = new Routes(apis, deployments);
  const parts = { apis, control, deployments, routes, integrations };
  const handlers = {
    ...apiHandlers(parts),
    ...routes.handlers(),
    ...integrations.handlers(),
    ...authorizerHandlers(apis, deployments, control),
    ...deployments.handlers(),
    ...stageHandlers(apis, deployments, control),
    ...domainNameHandlers(apis, control),
    ...modelHandlers(apis),
    ...tagHandlers(apis, control),
  };
  return { ...handlers, ...importHandlers(parts, handlers) };
}
