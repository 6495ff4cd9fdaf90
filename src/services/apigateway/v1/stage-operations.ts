/** Deployments of REST APIs, and the stages that serve them. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { given } from "../control.ts";
import { type PatchRules, patched } from "./patch.ts";
import type { RestApis } from "./rest-apis.ts";
import {
  type ApiGatewayV1,
  type Authorizer,
  type Deployment,
  type GatewayResponse,
  KINDS,
  type Method,
  type RequestValidator,
  type Resource,
  type Snapshot,
  type Stage,
} from "./shapes.ts";

/** Settings of methods, as the paths of patch operations call them. */
const SETTINGS: Readonly<Record<string, string>> = {
  "logging/loglevel": "loggingLevel",
  "logging/dataTrace": "dataTraceEnabled",
  "metrics/enabled": "metricsEnabled",
  "throttling/burstLimit": "throttlingBurstLimit",
  "throttling/rateLimit": "throttlingRateLimit",
  "caching/enabled": "cachingEnabled",
  "caching/ttlInSeconds": "cacheTtlInSeconds",
  "caching/dataEncrypted": "cacheDataEncrypted",
  "caching/requireAuthorizationForCacheControl": "requireAuthorizationForCacheControl",
  "caching/unauthorizedCacheControlHeaderStrategy": "unauthorizedCacheControlHeaderStrategy",
};

const PATCH: PatchRules = {
  members: [
    "description",
    "deploymentId",
    "variables",
    "accessLogSettings",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "tracingEnabled",
    "clientCertificateId",
    "documentationVersion",
    "methodSettings",
    "canarySettings",
    "webAclArn",
  ],
  rewrite: (path) => {
    const setting = SETTINGS[path.slice(2).join("/")];
    if (path.length !== 4 || setting === undefined) return path;
    return ["methodSettings", `${(path[0] ?? "").replace(/^\/(?=.)/, "")}/${path[1]}`, setting];
  },
};

export function stageOperations(apis: RestApis): Handlers<ApiGatewayV1> {
  const { fail, control } = apis;
  const { records } = control;
  const stageOf = (restApiId: string, name: string) => apis.part<Stage>(restApiId, KINDS.stage, name, "stage");
  const deploymentOf = (restApiId: string, id: string) =>
    apis.part<Deployment>(restApiId, KINDS.deployment, id, "Deployment");

  function putStage(restApiId: string, stage: Stage): Stage {
    const { stageName = "", variables = {} } = stage;
    if (!/^[a-zA-Z0-9_]{1,128}$/.test(stageName)) fail("BadRequestException", "Stage name only allows a-zA-Z0-9_");
    for (const [name, value] of Object.entries(variables)) {
      if (!/^[A-Za-z0-9_]+$/.test(name) || !/^[A-Za-z0-9-._~:/?#&=,]*$/.test(value ?? "")) {
        fail("BadRequestException", `Stage variable name or value is invalid: ${name}`);
      }
    }
    records.put(restApiId, KINDS.stage, stageName, stage);
    return stage;
  }

  function newStage(stageName: string, deploymentId: string, more: Partial<Stage>): Stage {
    const now = apis.now();
    return {
      cacheClusterEnabled: false,
      cacheClusterStatus: "NOT_AVAILABLE",
      methodSettings: {},
      tracingEnabled: false,
      ...given(more),
      stageName,
      deploymentId,
      createdDate: now,
      lastUpdatedDate: now,
    };
  }

  return {
    CreateDeployment: ({ restApiId, stageName, stageDescription, description, variables, tracingEnabled }) => {
      const snapshot = snapshotOf(apis, restApiId);
      checkComplete(snapshot, fail);
      const id = newPartId(6);
      const deployment: Deployment = { id, ...given({ description }), createdDate: apis.now() };
      return records.change(() => {
        records.put(restApiId, KINDS.deployment, id, deployment);
        records.put(restApiId, KINDS.snapshot, id, snapshot);
        if (!stageName) return deployment;
        const before = records.get<Stage>(restApiId, KINDS.stage, stageName);
        const more = given({ description: stageDescription, variables, tracingEnabled });
        putStage(
          restApiId,
          before
            ? { ...before, ...more, deploymentId: id, lastUpdatedDate: apis.now() }
            : newStage(stageName, id, more),
        );
        return deployment;
      });
    },
    GetDeployment: ({ restApiId, deploymentId, embed }) => {
      const deployment = deploymentOf(restApiId, deploymentId);
      return embed?.includes("apisummary")
        ? { ...deployment, apiSummary: summary(apis, restApiId, deploymentId) }
        : deployment;
    },
    GetDeployments: ({ restApiId, ...paging }) => {
      apis.get(restApiId);
      return apis.page(records.list<Deployment>(restApiId, KINDS.deployment), paging);
    },
    UpdateDeployment: ({ restApiId, deploymentId, patchOperations }) => {
      const before = deploymentOf(restApiId, deploymentId);
      const after = patched(before, patchOperations, { members: ["description"] }, fail);
      records.put(restApiId, KINDS.deployment, deploymentId, after);
      return after;
    },
    DeleteDeployment: ({ restApiId, deploymentId }) => {
      deploymentOf(restApiId, deploymentId);
      if (records.list<Stage>(restApiId, KINDS.stage).some((stage) => stage.deploymentId === deploymentId)) {
        fail("BadRequestException", "Active stages pointing to this deployment must be moved or deleted");
      }
      records.change(() => {
        records.delete(restApiId, KINDS.deployment, deploymentId);
        records.delete(restApiId, KINDS.snapshot, deploymentId);
      });
      return {};
    },
    CreateStage: ({ restApiId, stageName, deploymentId, ...more }) => {
      deploymentOf(restApiId, deploymentId);
      if (records.get(restApiId, KINDS.stage, stageName)) fail("ConflictException", "Stage already exists");
      return putStage(restApiId, newStage(stageName, deploymentId, more));
    },
    GetStage: ({ restApiId, stageName }) => stageOf(restApiId, stageName),
    GetStages: ({ restApiId, deploymentId }) => {
      apis.get(restApiId);
      const stages = records.list<Stage>(restApiId, KINDS.stage);
      return { item: deploymentId === undefined ? stages : stages.filter((one) => one.deploymentId === deploymentId) };
    },
    UpdateStage: ({ restApiId, stageName, patchOperations }) => {
      const after = patched(stageOf(restApiId, stageName), patchOperations, PATCH, fail);
      deploymentOf(restApiId, String(after.deploymentId));
      return putStage(restApiId, { ...after, lastUpdatedDate: apis.now() });
    },
    DeleteStage: ({ restApiId, stageName }) => {
      stageOf(restApiId, stageName);
      records.delete(restApiId, KINDS.stage, stageName);
      return {};
    },
    FlushStageCache: ({ restApiId, stageName }) => {
      stageOf(restApiId, stageName);
      return {};
    },
    FlushStageAuthorizersCache: ({ restApiId, stageName }) => {
      stageOf(restApiId, stageName);
      control.resetAuthorizers(restApiId);
      return {};
    },
  };
}

export function snapshotOf(apis: RestApis, restApiId: string): Snapshot {
  const { records } = apis.control;
  return {
    api: apis.get(restApiId),
    resources: records.list<Resource>(restApiId, KINDS.resource),
    authorizers: records.list<Authorizer>(restApiId, KINDS.authorizer),
    validators: records.list<RequestValidator>(restApiId, KINDS.validator),
    gatewayResponses: records.list<GatewayResponse>(restApiId, KINDS.gatewayResponse),
  };
}

function checkComplete({ resources }: Snapshot, fail: RestApis["fail"]): void {
  const methods = resources.flatMap(({ resourceMethods = {} }) => Object.values(resourceMethods));
  if (methods.length === 0) fail("BadRequestException", "The REST API doesn't contain any methods");
  if (methods.some((method) => method?.methodIntegration === undefined)) {
    fail("BadRequestException", "No integration defined for method");
  }
}

function summary(apis: RestApis, restApiId: string, deploymentId: string) {
  const { resources = [] } = apis.control.records.get<Snapshot>(restApiId, KINDS.snapshot, deploymentId) ?? {};
  const shown = ({ authorizationType = "NONE", apiKeyRequired = false }: Method) => ({
    authorizationType,
    apiKeyRequired,
  });
  return Object.fromEntries(
    resources
      .filter(({ resourceMethods }) => resourceMethods !== undefined)
      .map(({ path, resourceMethods = {} }) => [
        String(path),
        Object.fromEntries(Object.entries(resourceMethods).map(([name, method]) => [name, shown(method ?? {})])),
      ]),
  );
}
