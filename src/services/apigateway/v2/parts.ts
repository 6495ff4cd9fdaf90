/** What belongs to an API, of one kind: found, listed, changed and removed as the second control API does it. */
import { given } from "../control.ts";
import { pageOf } from "../page.ts";
import { ACCOUNT, type Records } from "../records.ts";
import { type Api, type FailV2, KINDS } from "./shapes.ts";

export interface Paging {
  readonly MaxResults?: string | undefined;
  readonly NextToken?: string | undefined;
}

export class Apis {
  readonly records: Records;
  readonly fail: FailV2;

  constructor(records: Records, fail: FailV2) {
    this.records = records;
    this.fail = fail;
  }

  /** @throws ServiceError NotFoundException */
  get(apiId: string): Api {
    const api = this.records.get<Api>(ACCOUNT, KINDS.api, apiId);
    return api ?? this.fail("NotFoundException", `Invalid API identifier specified ${apiId}`);
  }

  page<T>(items: readonly T[], { MaxResults, NextToken }: Paging): { Items: readonly T[]; NextToken?: string } {
    const limit = MaxResults === undefined ? undefined : Number(MaxResults);
    if (limit !== undefined && !(Number.isInteger(limit) && limit > 0)) {
      this.fail("BadRequestException", "Invalid value for MaxResults");
    }
    const page = pageOf(items, NextToken, limit);
    if (!page) return this.fail("BadRequestException", "Invalid value for NextToken");
    return { Items: page.items, ...(page.next !== undefined && { NextToken: page.next }) };
  }
}

/** @typeParam T the shape, with the members by which it is found */
export class Parts<T extends object> {
  readonly #apis: Apis;
  readonly #kind: string;
  /** As messages call it, e.g. `Route`. */
  readonly #noun: string;

  constructor(apis: Apis, kind: string, noun: string) {
    this.#apis = apis;
    this.#kind = kind;
    this.#noun = noun;
  }

  /** @throws ServiceError NotFoundException, for the API or for its part */
  get(apiId: string, id: string): T {
    this.#apis.get(apiId);
    return this.find(apiId, id) ?? this.#missing(id);
  }

  find(apiId: string, id: string): T | undefined {
    return this.#apis.records.get<T>(apiId, this.#kind, id);
  }

  all(apiId: string): T[] {
    return this.#apis.records.list<T>(apiId, this.#kind);
  }

  list(apiId: string, paging: Paging): { Items: readonly T[]; NextToken?: string } {
    this.#apis.get(apiId);
    return this.#apis.page(this.all(apiId), paging);
  }

  put(apiId: string, id: string, part: T): T {
    this.#apis.records.put(apiId, this.#kind, id, part);
    return part;
  }

  /** What of `changes` is set replaces what was. @param check is asked about the result before it is kept */
  update(apiId: string, id: string, changes: Partial<T>, check?: (after: T) => void): T {
    const after = { ...this.get(apiId, id), ...given(changes) } as T;
    check?.(after);
    return this.put(apiId, id, after);
  }

  delete(apiId: string, id: string): void {
    this.#apis.get(apiId);
    if (!this.#apis.records.delete(apiId, this.#kind, id)) this.#missing(id);
  }

  #missing(id: string): never {
    return this.#apis.fail("NotFoundException", `Invalid ${this.#noun} identifier specified ${id}`);
  }
}
