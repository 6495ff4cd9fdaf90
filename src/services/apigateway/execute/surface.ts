/** The APIs of a region on the web: which API a request means, and how its kind answers. */
import type { Place } from "../../../functions/function-name.ts";
import type { HttpSurface, SurfaceMatch, SurfaceRequest, SurfaceUpgrade } from "../../../wire/http-surface.ts";
import type { WireResponse, WireService } from "../../../wire/service.ts";
import type { ServiceError } from "../../../wire/service-error.ts";
import { type ApiAddress, apiOfHost, apiOfPath } from "./address.ts";

export type ApiKind = "http" | "websocket" | "rest";

/** How one kind of API answers. */
export interface KindOfApi {
  handle(request: SurfaceRequest, address: ApiAddress): Promise<void>;
  upgrade?(request: SurfaceUpgrade, address: ApiAddress): Promise<void>;
}

export interface ExecuteSurfaceParts {
  readonly place: Place;
  readonly hostNames: readonly string[];
  /** Undefined for an API that does not exist, or is not to be served here. */
  readonly kindOf: (apiId: string) => ApiKind | undefined;
  readonly kinds: Readonly<Record<ApiKind, KindOfApi>>;
  /** By which functions send to the clients of WebSocket APIs. */
  readonly management: WireService;
}

const CONNECTIONS = /^\/[^/]+(\/@connections\/.+)$/;

export class ExecuteSurface implements HttpSurface {
  readonly #parts: ExecuteSurfaceParts;
  /** Clients say the same host again and again: it is taken apart once. */
  #lastHost = "";
  #lastApi: string | undefined;

  constructor(parts: ExecuteSurfaceParts) {
    this.#parts = parts;
  }

  ownsHost(host: string): boolean {
    return this.#apiOf(host) !== undefined;
  }

  match(host: string, path: string): SurfaceMatch | undefined {
    const apiId = this.#apiOf(host);
    const address: ApiAddress | undefined =
      apiId === undefined ? apiOfPath(path, this.#parts.place) : { apiId, domainName: host, by: "host", path };
    return address && this.#matched(address);
  }

  #apiOf(host: string): string | undefined {
    if (host !== this.#lastHost) {
      this.#lastHost = host;
      this.#lastApi = apiOfHost(host, this.#parts.place, this.#parts.hostNames);
    }
    return this.#lastApi;
  }

  #matched(address: ApiAddress): SurfaceMatch {
    const { kindOf, kinds, management } = this.#parts;
    const name = kindOf(address.apiId);
    const kind = name && kinds[name];
    const [, connections] = (name === "websocket" && CONNECTIONS.exec(address.path)) || [];
    const match = {
      by: address.by,
      handle: async (request: SurfaceRequest) => {
        if (kind === undefined) request.send(403, FORBIDDEN_HEAD, FORBIDDEN);
        else await kind.handle(request, address);
      },
      upgrade: async (request: SurfaceUpgrade) => {
        if (kind?.upgrade) await kind.upgrade(request, address);
        else request.refuse(403, FORBIDDEN_HEAD, FORBIDDEN);
      },
      renderError,
    };
    return connections === undefined ? match : { ...match, call: { service: management, path: connections } };
  }
}

const FORBIDDEN_HEAD = ["Content-Type", "application/json", "x-amzn-ErrorType", "ForbiddenException"];
/** There is no such API, or it does not want to be called here. */
const FORBIDDEN = Buffer.from(JSON.stringify({ message: "Forbidden" }));

const MESSAGES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

/** In the words of APIs, whatever was wrong. */
function renderError({ status, code }: ServiceError): WireResponse {
  const message = MESSAGES[status] ?? "Internal Server Error";
  return {
    status,
    headers: { "Content-Type": "application/json", "x-amzn-ErrorType": code },
    body: Buffer.from(JSON.stringify({ message })),
  };
}
