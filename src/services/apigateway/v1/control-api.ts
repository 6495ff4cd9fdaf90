/** The first control API as one map of handlers: REST APIs. */
import type { Handlers } from "../../../wire/handlers.ts";
import type { Control } from "../control.ts";
import { apiOperations } from "./api-operations.ts";
import { importOperations } from "./import-operations.ts";
import { keyOperations } from "./key-operations.ts";
import { methodOperations } from "./method-operations.ts";
import { partOperations } from "./part-operations.ts";
import { resourceOperations } from "./resource-operations.ts";
import { RestApis } from "./rest-apis.ts";
import type { ApiGatewayV1, FailV1 } from "./shapes.ts";
import { stageOperations } from "./stage-operations.ts";

export function createV1Handlers(control: Control, fail: FailV1): Handlers<ApiGatewayV1> {
  const apis = new RestApis(control, fail);
  return {
    ...apiOperations(apis),
    ...resourceOperations(apis),
    ...methodOperations(apis),
    ...stageOperations(apis),
    ...partOperations(apis),
    ...keyOperations(apis),
    ...importOperations(apis),
  };
}
