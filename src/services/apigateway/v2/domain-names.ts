/** Domain names and what is mapped to them: kept and told; nothing is served under them yet. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { type Control, controlArn, given } from "../control.ts";
import { ACCOUNT } from "../records.ts";
import { type Apis, Parts } from "./parts.ts";
import { type ApiGatewayV2, type ApiMapping, type DomainName, KINDS, type Stage } from "./shapes.ts";

/** What belongs to a domain name is owned by it. */
const ownerOf = (domainName: string): string => `domain ${domainName}`;

export function domainNameHandlers(apis: Apis, control: Control): Handlers<ApiGatewayV2> {
  const { records, fail } = apis;
  const stages = new Parts<Stage>(apis, KINDS.stage, "Stage");

  const find = (name: string): DomainName =>
    records.get<DomainName>(ACCOUNT, KINDS.domainName, name) ??
    fail("NotFoundException", `Invalid domain name identifier specified ${name}`);
  const mappings = (name: string): ApiMapping[] =>
    records.list(ownerOf(find(name).DomainName ?? name), KINDS.apiMapping);
  const mapping = (name: string, id: string): ApiMapping =>
    mappings(name).find(({ ApiMappingId }) => ApiMappingId === id) ??
    fail("NotFoundException", `Invalid API mapping identifier specified ${id}`);

  function keep(name: string, candidate: ApiMapping): ApiMapping {
    stages.get(String(candidate.ApiId), String(candidate.Stage));
    const { ApiMappingKey: key = "", ApiMappingId: id } = candidate;
    if (mappings(name).some((other) => (other.ApiMappingKey ?? "") === key && other.ApiMappingId !== id)) {
      fail("ConflictException", "ApiMapping key already exists for this domain name");
    }
    records.put(ownerOf(name), KINDS.apiMapping, String(id), candidate);
    return candidate;
  }

  return {
    CreateDomainName: ({ DomainName: name, DomainNameConfigurations = [], ...input }) => {
      if (records.get(ACCOUNT, KINDS.domainName, name)) {
        fail("ConflictException", "The domain name you provided already exists.");
      }
      const domainName: DomainName = {
        ApiMappingSelectionExpression: "$request.basepath",
        RoutingMode: "API_MAPPING_ONLY",
        Tags: {},
        ...given(input),
        DomainName: name,
        DomainNameArn: controlArn(control.place, `/domainnames/${name}`),
        DomainNameConfigurations: DomainNameConfigurations.map((one) => ({
          ApiGatewayDomainName: `d-${newPartId(10)}.execute-api.${control.place.region}.localhost`,
          DomainNameStatus: "AVAILABLE",
          EndpointType: "REGIONAL",
          SecurityPolicy: "TLS_1_2",
          ...given(one),
        })),
      };
      records.put(ACCOUNT, KINDS.domainName, name, domainName);
      return domainName;
    },
    GetDomainName: ({ DomainName: name }) => find(name),
    GetDomainNames: (paging) => apis.page(records.list<DomainName>(ACCOUNT, KINDS.domainName), paging),
    UpdateDomainName: ({ DomainName: name, ...changes }) => {
      const after: DomainName = { ...find(name), ...given(changes) };
      records.put(ACCOUNT, KINDS.domainName, name, after);
      return after;
    },
    DeleteDomainName: ({ DomainName: name }) => {
      find(name);
      records.change(() => {
        records.delete(ACCOUNT, KINDS.domainName, name);
        records.deleteAll(ownerOf(name));
      });
      return {};
    },
    CreateApiMapping: ({ DomainName: name, ...input }) => {
      const ApiMappingId = newPartId(6);
      return keep(name, { ...given(input), ApiId: input.ApiId, Stage: input.Stage, ApiMappingId });
    },
    GetApiMapping: ({ DomainName: name, ApiMappingId }) => mapping(name, ApiMappingId),
    GetApiMappings: ({ DomainName: name, ...paging }) => apis.page(mappings(name), paging),
    UpdateApiMapping: ({ DomainName: name, ApiMappingId, ...changes }) =>
      keep(name, { ...mapping(name, ApiMappingId), ...given(changes) }),
    DeleteApiMapping: ({ DomainName: name, ApiMappingId }) => {
      mapping(name, ApiMappingId);
      records.delete(ownerOf(name), KINDS.apiMapping, ApiMappingId);
      return {};
    },
  };
}
