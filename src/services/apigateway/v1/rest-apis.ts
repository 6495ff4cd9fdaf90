/** REST APIs and what belongs to each: how handlers find, list, change and tell them. */
import { newApiId, newPartId } from "../api-ids.ts";
import { type Control, given } from "../control.ts";
import { pageOf } from "../page.ts";
import { ACCOUNT } from "../records.ts";
import { type FailV1, KINDS, type Resource, type RestApi } from "./shapes.ts";

interface Paging {
  readonly position?: string | undefined;
  readonly limit?: number | undefined;
}

const DEFAULT_LIMIT = 25;

export class RestApis {
  readonly control: Control;
  readonly fail: FailV1;

  constructor(control: Control, fail: FailV1) {
    this.control = control;
    this.fail = fail;
  }

  /** @throws ServiceError NotFoundException */
  get(restApiId: string): RestApi {
    const { records, place } = this.control;
    const api = records.get<RestApi>(ACCOUNT, KINDS.api, restApiId);
    return api ?? this.fail("NotFoundException", `Invalid API identifier specified ${place.accountId}:${restApiId}`);
  }

  /** A part of an API. @param noun as messages call it @throws ServiceError NotFoundException */
  part<T>(restApiId: string, kind: string, id: string, noun: string): T {
    this.get(restApiId);
    return this.control.records.get<T>(restApiId, kind, id) ?? this.missing(noun);
  }

  /** Of the account. @throws ServiceError NotFoundException */
  own<T>(kind: string, id: string, noun: string): T {
    return this.control.records.get<T>(ACCOUNT, kind, id) ?? this.missing(noun);
  }

  missing(noun: string): never {
    return this.fail("NotFoundException", `Invalid ${noun} identifier specified`);
  }

  page<T>(
    items: readonly T[],
    { position, limit = DEFAULT_LIMIT }: Paging,
  ): { items: readonly T[]; position?: string } {
    const page = pageOf(items, position, limit);
    if (!page) return this.fail("BadRequestException", "Invalid position parameter specified");
    return { items: page.items, ...(page.next !== undefined && { position: page.next }) };
  }

  now(): Date {
    return new Date(this.control.clock.now());
  }

  /** A new API with its root resource. */
  create(members: Partial<RestApi> & Pick<RestApi, "name">): RestApi {
    const id = newApiId();
    const root: Resource = { id: newPartId(10), path: "/" };
    const api: RestApi = {
      apiKeySource: "HEADER",
      disableExecuteApiEndpoint: false,
      endpointConfiguration: { types: ["EDGE"], ipAddressType: "ipv4" },
      ...given(members),
      id,
      createdDate: this.now(),
      rootResourceId: String(root.id),
      apiStatus: "AVAILABLE",
    };
    const { records } = this.control;
    records.change(() => {
      records.put(ACCOUNT, KINDS.api, id, api);
      records.put(id, KINDS.resource, String(root.id), root);
    });
    return api;
  }

  resources(restApiId: string): Resource[] {
    return this.control.records.list<Resource>(restApiId, KINDS.resource);
  }

  resource(restApiId: string, resourceId: string): Resource {
    return this.part<Resource>(restApiId, KINDS.resource, resourceId, "Resource");
  }

  putResource(restApiId: string, resource: Resource): Resource {
    this.control.records.put(restApiId, KINDS.resource, String(resource.id), resource);
    return resource;
  }
}
