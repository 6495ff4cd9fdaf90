/** Tags of APIs, stages and domain names, by ARN. */
import type { Handlers } from "../../../wire/handlers.ts";
import { type Control, controlArn } from "../control.ts";
import { ACCOUNT } from "../records.ts";
import type { Apis } from "./parts.ts";
import { type ApiGatewayV2, KINDS } from "./shapes.ts";

interface Tagged {
  readonly Tags?: Readonly<Record<string, string | undefined>> | undefined;
}

const MAX_TAGS = 50;

export function tagHandlers({ records, fail }: Apis, control: Control): Handlers<ApiGatewayV2> {
  const base = controlArn(control.place, "");

  /** Where the document of a resource is. */
  function keyOf(arn: string): readonly [owner: string, kind: string, id: string] {
    const path = arn.startsWith(base) ? arn.slice(base.length) : "";
    const [, stageApi, stage] = /^\/apis\/([^/]+)\/stages\/(.+)$/.exec(path) ?? [];
    if (stageApi && stage) return [stageApi, KINDS.stage, stage];
    const [, apiId] = /^\/apis\/([^/]+)$/.exec(path) ?? [];
    if (apiId) return [ACCOUNT, KINDS.api, apiId];
    const [, domain] = /^\/domainnames\/([^/]+)$/.exec(path) ?? [];
    return domain ? [ACCOUNT, KINDS.domainName, domain] : fail("BadRequestException", `Invalid resource ARN: ${arn}`);
  }

  function change(arn: string, decide: (tags: Map<string, string | undefined>) => void): void {
    const [owner, kind, id] = keyOf(arn);
    const document = records.get<Tagged>(owner, kind, id);
    if (!document) return fail("NotFoundException", `Invalid resource identifier specified ${arn}`);
    const tags = new Map(Object.entries(document.Tags ?? {}));
    decide(tags);
    if (tags.size > MAX_TAGS) fail("BadRequestException", `A resource can have at most ${MAX_TAGS} tags`);
    records.put(owner, kind, id, { ...document, Tags: Object.fromEntries(tags) });
  }

  return {
    TagResource: ({ ResourceArn, Tags = {} }) => {
      change(ResourceArn, (tags) => {
        for (const [key, value] of Object.entries(Tags)) tags.set(key, value);
      });
      return {};
    },
    UntagResource: ({ ResourceArn, TagKeys = [] }) => {
      change(ResourceArn, (tags) => {
        for (const key of TagKeys) tags.delete(key);
      });
      return {};
    },
    GetTags: ({ ResourceArn }) => {
      const document = records.get<Tagged>(...keyOf(ResourceArn));
      if (!document) return fail("NotFoundException", `Invalid resource identifier specified ${ResourceArn}`);
      return { Tags: { ...document.Tags } };
    },
  };
}
