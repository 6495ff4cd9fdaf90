/** API keys and the usage plans that say where each may be used, and how much. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { given } from "../control.ts";
import { ACCOUNT } from "../records.ts";
import { patched, pathOf } from "./patch.ts";
import type { RestApis } from "./rest-apis.ts";
import {
  type ApiGatewayV1,
  type ApiKey,
  KINDS,
  type PatchOperation,
  PLAN_KEY,
  type PlanKey,
  type UsagePlan,
} from "./shapes.ts";

const PLAN_MEMBERS = ["name", "description", "throttle", "quota", "productCode"];

export function keyOperations(apis: RestApis): Handlers<ApiGatewayV1> {
  return { ...apiKeys(apis), ...usagePlans(apis), ...planKeys(apis) };
}

function apiKeys(apis: RestApis): Handlers<ApiGatewayV1> {
  const { fail } = apis;
  const { records } = apis.control;
  const find = (id: string) => apis.own<ApiKey>(KINDS.apiKey, id, "API Key");
  const told = (key: ApiKey, includeValue: boolean | undefined): ApiKey => {
    const { value: _, ...hidden } = key;
    return includeValue ? key : hidden;
  };
  return {
    CreateApiKey: ({ generateDistinctId: _, stageKeys: __, ...input }) => {
      const id = newPartId(10);
      const { value = newPartId(40) } = input;
      if (value.length < 20) fail("BadRequestException", "API Key value should be at least 20 characters");
      if (records.list<ApiKey>(ACCOUNT, KINDS.apiKey).some((key) => key.value === value)) {
        fail("ConflictException", "API Key already exists");
      }
      const now = apis.now();
      const key: ApiKey = {
        enabled: false,
        ...given(input),
        id,
        value,
        createdDate: now,
        lastUpdatedDate: now,
        stageKeys: [],
      };
      records.put(ACCOUNT, KINDS.apiKey, id, key);
      return key;
    },
    GetApiKey: ({ apiKey, includeValue }) => told(find(apiKey), includeValue),
    GetApiKeys: ({ nameQuery, customerId, includeValues, ...paging }) => {
      const keys = records
        .list<ApiKey>(ACCOUNT, KINDS.apiKey)
        .filter(
          (key) =>
            (nameQuery === undefined || key.name?.startsWith(nameQuery)) &&
            (customerId === undefined || key.customerId === customerId),
        );
      const page = apis.page(keys, paging);
      return { ...page, items: page.items.map((key) => told(key, includeValues)) };
    },
    UpdateApiKey: ({ apiKey, patchOperations }) => {
      const members = ["name", "description", "enabled", "customerId"];
      const after = { ...patched(find(apiKey), patchOperations, { members }, fail), lastUpdatedDate: apis.now() };
      records.put(ACCOUNT, KINDS.apiKey, apiKey, after);
      return told(after, false);
    },
    DeleteApiKey: ({ apiKey }) => {
      find(apiKey);
      records.change(() => {
        records.delete(ACCOUNT, KINDS.apiKey, apiKey);
        for (const { planId, keyId } of records.list<PlanKey>(ACCOUNT, PLAN_KEY)) {
          if (keyId === apiKey) records.delete(ACCOUNT, PLAN_KEY, `${planId}/${keyId}`);
        }
      });
      return {};
    },
  };
}

function usagePlans(apis: RestApis): Handlers<ApiGatewayV1> {
  const { fail } = apis;
  const { records } = apis.control;
  const find = (id: string) => apis.own<UsagePlan>(KINDS.usagePlan, id, "Usage Plan");

  function put(plan: UsagePlan): UsagePlan {
    for (const { apiId = "", stage = "" } of plan.apiStages ?? []) {
      apis.part(apiId, KINDS.stage, stage, "API Stage");
    }
    const { quota } = plan;
    if (quota && (!((quota.limit ?? 0) > 0) || !["DAY", "WEEK", "MONTH"].includes(quota.period ?? ""))) {
      fail("BadRequestException", "Usage Plan quota must have a limit and a period of DAY, WEEK or MONTH");
    }
    records.put(ACCOUNT, KINDS.usagePlan, String(plan.id), plan);
    return plan;
  }

  /** Stages are added and removed by `apiId:stage`. */
  function withStages(plan: UsagePlan, operations: readonly PatchOperation[]): UsagePlan {
    let stages = [...(plan.apiStages ?? [])];
    for (const { op, value = "" } of operations) {
      const [apiId = "", stage = ""] = value.split(":");
      const others = stages.filter((one) => one.apiId !== apiId || one.stage !== stage);
      if (op === "remove" && others.length === stages.length) apis.missing("API Stage");
      stages = op === "add" ? [...others, { apiId, stage }] : others;
    }
    return { ...plan, apiStages: stages };
  }

  return {
    CreateUsagePlan: (input) => put({ apiStages: [], ...given(input), id: newPartId(6) }),
    GetUsagePlan: ({ usagePlanId }) => find(usagePlanId),
    GetUsagePlans: ({ keyId, ...paging }) => {
      const plans = records.list<UsagePlan>(ACCOUNT, KINDS.usagePlan);
      const has = (plan: UsagePlan) => records.get(ACCOUNT, PLAN_KEY, `${plan.id}/${keyId}`) !== undefined;
      return apis.page(keyId === undefined ? plans : plans.filter(has), paging);
    },
    UpdateUsagePlan: ({ usagePlanId, patchOperations = [] }) => {
      const isStage = ({ path = "" }: PatchOperation): boolean => pathOf(path)[0] === "apiStages";
      const members = patched(
        find(usagePlanId),
        patchOperations.filter((operation) => !isStage(operation)),
        { members: PLAN_MEMBERS },
        fail,
      );
      return put(withStages(members, patchOperations.filter(isStage)));
    },
    DeleteUsagePlan: ({ usagePlanId }) => {
      const { apiStages = [] } = find(usagePlanId);
      if (apiStages.length > 0) {
        fail(
          "BadRequestException",
          `Cannot delete Usage Plan ${usagePlanId}. Please remove associated API stages first.`,
        );
      }
      records.change(() => {
        records.delete(ACCOUNT, KINDS.usagePlan, usagePlanId);
        for (const { planId, keyId } of records.list<PlanKey>(ACCOUNT, PLAN_KEY)) {
          if (planId === usagePlanId) records.delete(ACCOUNT, PLAN_KEY, `${planId}/${keyId}`);
        }
      });
      return {};
    },
  };
}

function planKeys(apis: RestApis): Handlers<ApiGatewayV1> {
  const { records } = apis.control;
  const plan = (id: string) => apis.own<UsagePlan>(KINDS.usagePlan, id, "Usage Plan");
  const told = ({ keyId }: PlanKey) => {
    const { id, value, name } = apis.own<ApiKey>(KINDS.apiKey, keyId, "API Key");
    return { id, type: "API_KEY", value, name };
  };
  const find = (planId: string, keyId: string): PlanKey => {
    plan(planId);
    return apis.own<PlanKey>(PLAN_KEY, `${planId}/${keyId}`, "Usage Plan Key");
  };
  return {
    CreateUsagePlanKey: ({ usagePlanId: planId, keyId, keyType }) => {
      plan(planId);
      apis.own(KINDS.apiKey, keyId, "API Key");
      if (keyType !== "API_KEY") apis.fail("BadRequestException", "Usage Plan Key type must be API_KEY");
      if (records.get(ACCOUNT, PLAN_KEY, `${planId}/${keyId}`)) {
        apis.fail("ConflictException", "Usage plan key already exists for this usage plan");
      }
      const key: PlanKey = { planId, keyId };
      records.put(ACCOUNT, PLAN_KEY, `${planId}/${keyId}`, key);
      return told(key);
    },
    GetUsagePlanKey: ({ usagePlanId, keyId }) => told(find(usagePlanId, keyId)),
    GetUsagePlanKeys: ({ usagePlanId, nameQuery, ...paging }) => {
      plan(usagePlanId);
      const keys = records.list<PlanKey>(ACCOUNT, PLAN_KEY).filter(({ planId }) => planId === usagePlanId);
      const named = keys.map(told).filter(({ name = "" }) => nameQuery === undefined || name.startsWith(nameQuery));
      return apis.page(named, paging);
    },
    DeleteUsagePlanKey: ({ usagePlanId, keyId }) => {
      find(usagePlanId, keyId);
      records.delete(ACCOUNT, PLAN_KEY, `${usagePlanId}/${keyId}`);
      return {};
    },
  };
}
