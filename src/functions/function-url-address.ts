/**
 * Where a function URL is: by a host name of its own, `<url-id>.lambda-url.<region>.localhost`, or by a path,
 * `/_url/<url-id>/`, for clients that cannot choose or resolve that name. Reads and writes addresses; knows nothing of
 * which URLs exist.
 */

/** As the event's domainName and domainPrefix need it. */
export interface UrlAddress {
  readonly urlId: string;
  /** The host name, without port. */
  readonly domainName: string;
  /** Region of the host name. */
  readonly region: string;
}

const URL_PATH = "/_url/";
const HOST = /^([a-z0-9]{32})\.lambda-url\.([a-z0-9-]+)\.(.+)$/;
/** AWS's own domain (a client may be told to connect here for it), and the one that stands for this machine. */
const SUFFIXES: readonly string[] = ["on.aws", "localhost"];

/** Can this host be that of a function URL? Says no to nearly all that cannot. */
export function mayBeUrlHost(host: string): boolean {
  return host.length >= 50 && host[32] === ".";
}

/**
 * @param host lower case, without port
 * @param hostNames under which the region is reached besides: `<url-id>.lambda-url.<region>.<hostName>` is served too
 */
export function urlOfHost(host: string, hostNames: readonly string[]): UrlAddress | undefined {
  if (!mayBeUrlHost(host)) return undefined;
  const [, urlId, region, suffix] = HOST.exec(host) ?? [];
  if (urlId === undefined || region === undefined || suffix === undefined) return undefined;
  if (!SUFFIXES.includes(suffix) && !hostNames.includes(suffix)) return undefined;
  return { urlId, region, domainName: host };
}

/** @returns the URL that a path names, and the path below it */
export function urlOfPath(path: string, region: string): { address: UrlAddress; path: string } | undefined {
  if (!path.startsWith(URL_PATH)) return undefined;
  const slash = path.indexOf("/", URL_PATH.length);
  const urlId = slash < 0 ? path.slice(URL_PATH.length) : path.slice(URL_PATH.length, slash);
  const domainName = `${urlId}.lambda-url.${region}.localhost`;
  return { address: { urlId, region, domainName }, path: slash < 0 ? "/" : path.slice(slash) };
}

/**
 * The URL as whoever reached the region at this endpoint can use it. A name below localhost always means the caller's own
 * machine; from elsewhere only the path is sure to work.
 * @param endpoint http://host:port
 */
export function functionUrlAt(endpoint: string, region: string, urlId: string): string {
  const { protocol, hostname, port, host } = new URL(endpoint);
  const isHere = hostname === "localhost" || hostname.endsWith(".localhost") || /^(127\.|\[::1\])/.test(hostname);
  if (!isHere) return `${protocol}//${host}${URL_PATH}${urlId}/`;
  return `${protocol}//${urlId}.lambda-url.${region}.localhost${port === "" ? "" : `:${port}`}/`;
}
