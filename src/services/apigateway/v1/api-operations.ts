/** REST APIs themselves, their tags and the account. */
import type { Handlers } from "../../../wire/handlers.ts";
import { controlArn, given } from "../control.ts";
import { ACCOUNT } from "../records.ts";
import { type PatchRules, patched } from "./patch.ts";
import type { RestApis } from "./rest-apis.ts";
import { type ApiGatewayV1, KINDS, type RestApi } from "./shapes.ts";

const PATCH: PatchRules = {
  members: [
    "name",
    "description",
    "version",
    "binaryMediaTypes",
    "minimumCompressionSize",
    "apiKeySource",
    "policy",
    "disableExecuteApiEndpoint",
    "endpointConfiguration",
  ],
  lists: ["binaryMediaTypes"],
};

/** Resources that may have tags, by the path of their ARN. */
const TAGGED: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/^\/restapis\/([^/]+)$/, KINDS.api],
  [/^\/apikeys\/([^/]+)$/, KINDS.apiKey],
  [/^\/usageplans\/([^/]+)$/, KINDS.usagePlan],
];

export function apiOperations(apis: RestApis) {
  const { fail, control } = apis;
  const { records } = control;
  const get = (id: string): RestApi => apis.get(id);

  function check(api: RestApi): RestApi {
    if (!api.name) fail("BadRequestException", "API name cannot be blank");
    const { minimumCompressionSize: size } = api;
    if (size !== undefined && (size < -1 || size > 10_485_760)) {
      fail("BadRequestException", "Invalid minimum compression size, must be between 0 and 10485760");
    }
    if (api.apiKeySource !== undefined && !["HEADER", "AUTHORIZER"].includes(api.apiKeySource)) {
      fail("BadRequestException", "Invalid API key source");
    }
    if (api.policy) policyText(api.policy, fail);
    return api;
  }

  return {
    CreateRestApi: ({ cloneFrom, ...members }) => {
      if (cloneFrom !== undefined) fail("BadRequestException", "Cloning an API is not served by this region");
      check(members);
      return apis.create(members);
    },
    GetRestApi: ({ restApiId }) => get(restApiId),
    GetRestApis: (paging) => apis.page(records.list<RestApi>(ACCOUNT, KINDS.api), paging),
    UpdateRestApi: ({ restApiId, patchOperations }) => {
      const after = check(patched(get(restApiId), patchOperations, PATCH, fail));
      records.put(ACCOUNT, KINDS.api, restApiId, after);
      return after;
    },
    DeleteRestApi: ({ restApiId }) => {
      get(restApiId);
      records.change(() => {
        records.delete(ACCOUNT, KINDS.api, restApiId);
        records.deleteAll(restApiId);
      });
      return {};
    },
    GetAccount: () => ({
      throttleSettings: { burstLimit: 5000, rateLimit: 10_000 },
      features: ["UsagePlans"],
      apiKeyVersion: "4",
    }),
    TagResource: ({ resourceArn, tags }) => {
      retag(resourceArn, (before) => ({ ...before, ...given(tags) }));
      return {};
    },
    UntagResource: ({ resourceArn, tagKeys }) => {
      retag(resourceArn, (before) =>
        Object.fromEntries(Object.entries(before).filter(([key]) => !tagKeys.includes(key))),
      );
      return {};
    },
    GetTags: ({ resourceArn }) => ({ tags: taggedOf(resourceArn).document.tags ?? {} }),
  } satisfies Handlers<ApiGatewayV1>;

  function taggedOf(arn: string): { owner: string; kind: string; id: string; document: Pick<RestApi, "tags"> } {
    const base = controlArn(control.place, "");
    const path = arn.startsWith(base) ? arn.slice(base.length) : "";
    const [, stageApi, stageName] = /^\/restapis\/([^/]+)\/stages\/([^/]+)$/.exec(path) ?? [];
    if (stageApi !== undefined && stageName !== undefined) {
      const document = apis.part<Pick<RestApi, "tags">>(stageApi, KINDS.stage, stageName, "stage");
      return { owner: stageApi, kind: KINDS.stage, id: stageName, document };
    }
    for (const [pattern, kind] of TAGGED) {
      const id = pattern.exec(path)?.[1];
      if (id !== undefined) return { owner: ACCOUNT, kind, id, document: apis.own(kind, id, "resource") };
    }
    return fail("BadRequestException", `Invalid resource ARN: ${arn}`);
  }

  function retag(arn: string, decide: (before: Record<string, string>) => object): void {
    const { owner, kind, id, document } = taggedOf(arn);
    const tags = decide({ ...document.tags } as Record<string, string>);
    if (Object.keys(tags).length > 50) fail("BadRequestException", "A resource can have at most 50 tags");
    records.put(owner, kind, id, { ...document, tags });
  }
}

function policyText(policy: string, fail: RestApis["fail"]): void {
  try {
    JSON.parse(policy);
  } catch {
    fail(
      "BadRequestException",
      "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
    );
  }
}
