/** Deployments: what of an API a stage serves. A stage that deploys by itself gets a new one after each change. */

import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import type { Control } from "../control.ts";
import { given } from "../control.ts";
import { type Apis, Parts } from "./parts.ts";
import {
  type ApiGatewayV2,
  type Authorizer,
  type Deployment,
  type Integration,
  KINDS,
  type Route,
  type RouteResponse,
  type Snapshot,
  type Stage,
} from "./shapes.ts";

const AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration";

export class Deployments {
  readonly #apis: Apis;
  readonly #control: Control;
  readonly #deployments: Parts<Deployment>;
  readonly #stages: Parts<Stage>;

  constructor(apis: Apis, control: Control) {
    this.#apis = apis;
    this.#control = control;
    this.#deployments = new Parts(apis, KINDS.deployment, "Deployment");
    this.#stages = new Parts(apis, KINDS.stage, "Stage");
  }

  /** Deploy the API as it is now. */
  create(apiId: string, more: Pick<Deployment, "Description" | "AutoDeployed"> = {}): Deployment {
    const { records } = this.#apis;
    const DeploymentId = newPartId(6);
    records.put(apiId, KINDS.snapshot, DeploymentId, this.#snapshot(apiId));
    return this.#deployments.put(apiId, DeploymentId, {
      AutoDeployed: false,
      CreatedDate: new Date(this.#control.clock.now()),
      DeploymentId,
      DeploymentStatus: "DEPLOYED",
      ...given(more),
    });
  }

  /** After a change: stages that deploy by themselves serve it. */
  autoDeploy(apiId: string): void {
    const stages = this.#stages.all(apiId).filter(({ AutoDeploy }) => AutoDeploy);
    if (stages.length === 0) return;
    const { DeploymentId } = this.create(apiId, { AutoDeployed: true, Description: AUTOMATIC });
    for (const stage of stages) {
      this.#stages.put(apiId, String(stage.StageName), {
        ...stage,
        DeploymentId,
        LastDeploymentStatusMessage: `Successfully deployed stage with deployment ID '${DeploymentId}'`,
        LastUpdatedDate: new Date(this.#control.clock.now()),
      });
    }
    this.#dropUnused(apiId);
  }

  /** Make changes, and have them served where stages deploy by themselves: all of it, or nothing. */
  changing<T>(apiId: string, change: () => T): T {
    return this.#apis.records.change(() => {
      const result = change();
      this.autoDeploy(apiId);
      return result;
    });
  }

  handlers(): Handlers<ApiGatewayV2> {
    const deployments = this.#deployments;
    return {
      CreateDeployment: ({ ApiId, Description, StageName }) => {
        this.#apis.get(ApiId);
        return this.#apis.records.change(() => {
          const stage = StageName === undefined ? undefined : this.#stages.get(ApiId, StageName);
          if (this.#stages.all(ApiId).some(({ AutoDeploy, StageName: name }) => AutoDeploy && name === StageName)) {
            this.#apis.fail(
              "BadRequestException",
              `Deploying to stage '${StageName}' with AutoDeploy enabled is not allowed`,
            );
          }
          const deployment = this.create(ApiId, { Description });
          if (stage) {
            const { DeploymentId } = deployment;
            const LastUpdatedDate = new Date(this.#control.clock.now());
            this.#stages.put(ApiId, String(StageName), { ...stage, DeploymentId, LastUpdatedDate });
          }
          return deployment;
        });
      },
      GetDeployment: ({ ApiId, DeploymentId }) => deployments.get(ApiId, DeploymentId),
      GetDeployments: ({ ApiId, ...paging }) => deployments.list(ApiId, paging),
      UpdateDeployment: ({ ApiId, DeploymentId, Description }) =>
        deployments.update(ApiId, DeploymentId, given({ Description })),
      DeleteDeployment: ({ ApiId, DeploymentId }) => {
        deployments.get(ApiId, DeploymentId);
        if (this.#stages.all(ApiId).some((stage) => stage.DeploymentId === DeploymentId)) {
          this.#apis.fail("BadRequestException", "Active stages pointing to this deployment must be moved or deleted");
        }
        this.#remove(ApiId, DeploymentId);
        return {};
      },
    };
  }

  #snapshot(apiId: string): Snapshot {
    const { records } = this.#apis;
    return {
      routes: records.list<Route>(apiId, KINDS.route),
      routeResponses: records.list<RouteResponse & { RouteId: string }>(apiId, KINDS.routeResponse),
      integrations: records.list<Integration>(apiId, KINDS.integration),
      authorizers: records.list<Authorizer>(apiId, KINDS.authorizer),
      cors: this.#apis.get(apiId).CorsConfiguration,
    };
  }

  /** Automatic deployments that no stage serves any more: a deployment for each change would be too many to keep. */
  #dropUnused(apiId: string): void {
    const used = new Set(this.#stages.all(apiId).map(({ DeploymentId }) => DeploymentId));
    for (const { AutoDeployed, DeploymentId } of this.#deployments.all(apiId)) {
      if (AutoDeployed && !used.has(DeploymentId)) this.#remove(apiId, String(DeploymentId));
    }
  }

  #remove(apiId: string, id: string): void {
    this.#apis.records.change(() => {
      this.#deployments.delete(apiId, id);
      this.#apis.records.delete(apiId, KINDS.snapshot, id);
    });
  }
}
