/** Stages: under which name which deployment is served, with which variables. */
import type { Handlers } from "../../../wire/handlers.ts";
import { type Control, controlArn, given } from "../control.ts";
import type { Deployments } from "./deployments.ts";
import { type Apis, Parts } from "./parts.ts";
import { type ApiGatewayV2, type Deployment, KINDS, type Stage } from "./shapes.ts";

const VARIABLE_NAME = /^[A-Za-z0-9_]+$/;
const VARIABLE_VALUE = /^[A-Za-z0-9-._~:/?#&=,]*$/;

export function stageHandlers(apis: Apis, deployments: Deployments, control: Control): Handlers<ApiGatewayV2> {
  const stages = new Parts<Stage>(apis, KINDS.stage, "Stage");
  const known = new Parts<Deployment>(apis, KINDS.deployment, "Deployment");
  const { fail } = apis;

  function check(apiId: string, stage: Stage): void {
    if (stage.DeploymentId !== undefined) known.get(apiId, stage.DeploymentId);
    for (const [name, value] of Object.entries(stage.StageVariables ?? {})) {
      if (!VARIABLE_NAME.test(name)) {
        fail(
          "BadRequestException",
          `Stage variable name is invalid: ${name}. Please use alphanumeric characters and underscores`,
        );
      }
      if (!VARIABLE_VALUE.test(value ?? "")) fail("BadRequestException", `Stage variable value is invalid: ${value}`);
    }
  }

  const touched = () => ({ LastUpdatedDate: new Date(control.clock.now()) });
  const deployed = (apiId: string, stage: Stage): Stage => {
    if (stage.AutoDeploy) deployments.autoDeploy(apiId);
    return stages.get(apiId, String(stage.StageName));
  };

  return {
    CreateStage: ({ ApiId, ...input }) => {
      const { ProtocolType } = apis.get(ApiId);
      const { StageName } = input;
      const isName = /^[A-Za-z0-9_-]{1,128}$/.test(StageName) || (StageName === "$default" && ProtocolType === "HTTP");
      if (!isName) {
        fail("BadRequestException", "Stage name only allows a-zA-Z0-9_- and the $default stage of HTTP APIs");
      }
      if (stages.find(ApiId, StageName)) fail("ConflictException", "Stage already exists");
      if (input.AutoDeploy && input.DeploymentId !== undefined) {
        fail("BadRequestException", "DeploymentId cannot be set for a stage with AutoDeploy enabled");
      }
      const now = new Date(control.clock.now());
      const stage: Stage = {
        DefaultRouteSettings: { DetailedMetricsEnabled: false },
        RouteSettings: {},
        StageVariables: {},
        Tags: {},
        ...given(input),
        StageName,
        CreatedDate: now,
        LastUpdatedDate: now,
      };
      check(ApiId, stage);
      return apis.records.change(() => deployed(ApiId, stages.put(ApiId, StageName, stage)));
    },
    GetStage: ({ ApiId, StageName }) => stages.get(ApiId, StageName),
    GetStages: ({ ApiId, ...paging }) => stages.list(ApiId, paging),
    UpdateStage: ({ ApiId, StageName, ...input }) => {
      const before = stages.get(ApiId, StageName);
      const isAutomatic = input.AutoDeploy ?? before.AutoDeploy;
      if (isAutomatic && input.DeploymentId !== undefined) {
        fail("BadRequestException", "DeploymentId cannot be set for a stage with AutoDeploy enabled");
      }
      const changes: Partial<Stage> = { ...given(input), ...touched() };
      return apis.records.change(() => {
        const after = stages.update(ApiId, StageName, changes, (stage) => check(ApiId, stage));
        return input.AutoDeploy && !before.AutoDeploy ? deployed(ApiId, after) : after;
      });
    },
    DeleteStage: ({ ApiId, StageName }) => {
      stages.delete(ApiId, StageName);
      return {};
    },
    DeleteRouteSettings: ({ ApiId, StageName, RouteKey }) => {
      const { RouteSettings = {} } = stages.get(ApiId, StageName);
      if (!Object.hasOwn(RouteSettings, RouteKey)) {
        fail("NotFoundException", `Invalid Route settings identifier specified ${RouteKey}`);
      }
      const { [RouteKey]: _, ...others } = RouteSettings;
      stages.update(ApiId, StageName, { RouteSettings: others, ...touched() });
      return {};
    },
    DeleteAccessLogSettings: ({ ApiId, StageName }) => {
      const { AccessLogSettings: _, ...stage } = stages.get(ApiId, StageName);
      stages.put(ApiId, StageName, { ...stage, ...touched() });
      return {};
    },
  };
}

/** ARN of a stage, as its tags are asked for. */
export const stageArn = (control: Control, apiId: string, name: string): string =>
  controlArn(control.place, `/apis/${apiId}/stages/${name}`);
