/**
 * Browsers at the door. Loopback does not keep web pages out: any site's script can make a browser send requests here,
 * and on loopback the administrator's key is well known, so a signature alone proves nothing. Therefore: an origin that
 * is not ours is refused before anything is done (not merely denied the answer), and host names that a hostile DNS
 * could point at this machine are refused too.
 */
import { isIP } from "node:net";
import { urlOfHost } from "../functions/function-url-address.ts";
import { refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";

const EXPOSED =
  "x-amzn-RequestId, x-amzn-ErrorType, x-amzn-Trace-Id, X-Amz-Function-Error, X-Amz-Log-Result, X-Amz-Executed-Version, Date";
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
/** Names that AWS's clients use for this region, and the ends of names that no public DNS serves. */
const TRUSTED_SUFFIXES = [
  ".localhost",
  ".amazonaws.com",
  ".amazonaws.com.cn",
  ".api.aws",
  ".local",
  ".internal",
  ".test",
  ".localhost.localstack.cloud",
];

/** Host without port and without the dot that ends a name in full, lower case, IPv6 without brackets. */
export function hostName(host: string): string {
  const text = host.toLowerCase();
  if (text.startsWith("[")) return text.slice(1, Math.max(1, text.indexOf("]")));
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function isLoopbackName(name: string): boolean {
  return (
    name === "localhost" ||
    name === "::1" ||
    name.endsWith(".localhost") ||
    (isIP(name) === 4 && name.startsWith("127."))
  );
}

export class BrowserGuard {
  readonly #allowedOrigins: ReadonlySet<string>;
  readonly #hostNames: ReadonlySet<string>;
  readonly #isOfFunctions: (host: string) => boolean;
  /** Only where the well-known key is served: on loopback. */
  checksHosts = true;
  #lastGoodHost = "";

  /** @param isOfFunctions is this host name, below localhost too, one that only functions answer under? */
  constructor(
    allowedOrigins: readonly string[],
    hostNames: readonly string[],
    isOfFunctions: (host: string) => boolean = () => false,
  ) {
    this.#isOfFunctions = isOfFunctions;
    this.#allowedOrigins = new Set(allowedOrigins);
    this.#hostNames = new Set(hostNames.map((name) => name.toLowerCase()));
  }

  /** @throws ServiceError AccessDenied for a host name under which the region must not be served */
  admitHost(host: string, isInside: boolean): void {
    if (!this.checksHosts || isInside || host === this.#lastGoodHost) return;
    if (!this.#trustsHost(hostName(host))) {
      throw refusal("AccessDeniedException", `This region is not served under the host name '${hostName(host)}'.`);
    }
    this.#lastGoodHost = host;
  }

  /**
   * @returns the CORS headers (names and values) of the answer; empty for callers that are no browser
   * @throws ServiceError AccessDenied for a web page that must not be served
   */
  admitOrigin(head: RequestHead): readonly string[] {
    const { host = "", origin } = head.headers;
    if (origin === undefined) {
      if (head.headers["sec-fetch-site"] === "cross-site") {
        throw refusal("AccessDeniedException", "Requests from other web sites are not allowed.");
      }
      return [];
    }
    if (!this.#allowsOrigin(origin, host)) {
      throw refusal("AccessDeniedException", "Requests from this web origin are not allowed.");
    }
    return ["Access-Control-Allow-Origin", origin, "Access-Control-Expose-Headers", EXPOSED, "Vary", "Origin"];
  }

  /** The further headers with which a preflight request of an admitted origin is answered. */
  preflight(head: RequestHead): Record<string, string> {
    return {
      "Access-Control-Allow-Methods": METHODS,
      "Access-Control-Allow-Headers": headerList(head.headers["access-control-request-headers"] ?? ""),
      "Access-Control-Max-Age": "600",
      ...(head.headers["access-control-request-private-network"] === "true" && {
        "Access-Control-Allow-Private-Network": "true",
      }),
    };
  }

  #allowsOrigin(origin: string, host: string): boolean {
    if (this.#allowedOrigins.has(origin)) return true;
    // The console's own pages, under whatever trusted name they were opened.
    if (origin === `http://${host}`) return true;
    const match = /^https?:\/\/([^/?#@\\]+)$/.exec(origin);
    if (match?.[1] === undefined) return false;
    const name = hostName(match[1]);
    // Pages that a function serves are of this machine too, and no more to be trusted than the function.
    return isLoopbackName(name) && urlOfHost(name, []) === undefined && !this.#isOfFunctions(name);
  }

  #trustsHost(name: string): boolean {
    if (isLoopbackName(name) || isIP(name) !== 0 || this.#hostNames.has(name)) return true;
    // A name without dots is one of this machine's or network's: a container's, say.
    if (!name.includes(".")) return true;
    return TRUSTED_SUFFIXES.some((suffix) => name.endsWith(suffix) || name === suffix.slice(1));
  }
}

/** What was asked for, as far as it consists of header names. */
function headerList(text: string): string {
  const names = text.split(",").map((name) => name.trim());
  return names.filter((name) => name !== "" && name.length <= 100 && !/[^A-Za-z0-9-]/.test(name)).join(", ");
}
