/**
 * The body of a subscription to the Telemetry API or the Logs API, checked (contract/02 §3). Everything that is wrong with
 * it is said at once, as AWS does.
 */
import type { Destination } from "../telemetry/delivery.ts";
import type { Buffering, SubscriptionOrder } from "../telemetry/subscription.ts";
import type { SchemaVersion, TelemetryStream } from "../telemetry/telemetry-event.ts";

type Api = SubscriptionOrder["api"];
type Document = Readonly<Record<string, unknown>>;

/** Newest last. The Logs API's is optional: its first. */
const SCHEMA_VERSIONS: Readonly<Record<Api, readonly SchemaVersion[]>> = {
  Telemetry: ["2022-07-01", "2022-12-13", "2025-01-29"],
  Logs: ["2020-08-15", "2021-03-18"],
};
const TYPES: readonly TelemetryStream[] = ["platform", "function", "extension"];
const BUFFERING = {
  maxItems: { least: 1000, most: 10_000, usual: 10_000 },
  maxBytes: { least: 262_144, most: 1_048_576, usual: 262_144 },
  timeoutMs: { least: 25, most: 30_000, usual: 1000 },
} as const;
const HOSTS = ["sandbox.localdomain", "sandbox"];
/** Where the Runtime API itself is. */
const RESERVED_PORT = 9001;

/** @returns the order, or what is wrong */
export function readSubscription(api: Api, name: string, body: Buffer): SubscriptionOrder | string {
  let document: unknown;
  try {
    document = JSON.parse(body.toString("utf8"));
  } catch (error) {
    return `Invalid JSON: ${(error as Error).message}`;
  }
  if (!isObject(document)) return "the request body is no JSON object";
  const problems: string[] = [];
  const schemaVersion = readSchemaVersion(api, document.schemaVersion, problems);
  const destination = readDestination(api, document.destination, problems);
  const types = readTypes(document.types, problems);
  const buffering = readBuffering(document.buffering, problems);
  if (problems.length > 0 || !schemaVersion || !destination) return problems.join("; ");
  return { name, api, schemaVersion, types, buffering, destination };
}

function readSchemaVersion(api: Api, value: unknown, problems: string[]): SchemaVersion | undefined {
  const versions = SCHEMA_VERSIONS[api];
  if (value === undefined && api === "Logs") return versions[0];
  const version = versions.find((one) => one === value);
  if (version === undefined) problems.push(`schemaVersion should be one of ${versions.join(", ")}`);
  return version;
}

function readTypes(value: unknown, problems: string[]): TelemetryStream[] {
  if (!Array.isArray(value) || value.length === 0) {
    problems.push("types should not be empty");
    return [];
  }
  const types = TYPES.filter((type) => value.includes(type));
  if (value.some((type) => !TYPES.includes(type))) problems.push(`types should be of ${TYPES.join(", ")}`);
  else if (types.length < value.length) problems.push("types should be unique");
  return types;
}

function readBuffering(value: unknown, problems: string[]): Buffering {
  const given = value ?? {};
  if (!isObject(given)) problems.push("buffering should be an object");
  const read = (name: keyof typeof BUFFERING): number => {
    const { least, most, usual } = BUFFERING[name];
    const number = isObject(given) ? (given[name] ?? usual) : usual;
    if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
    problems.push(`${name} should be between ${least} and ${most}`);
    return usual;
  };
  return { maxItems: read("maxItems"), maxBytes: read("maxBytes"), timeoutMs: read("timeoutMs") };
}

function readDestination(api: Api, value: unknown, problems: string[]): Destination | undefined {
  if (!isObject(value)) {
    problems.push("destination is not provided");
    return undefined;
  }
  if (value.protocol === "TCP") {
    const port = readPort(value.port, "port", problems);
    return port === undefined ? undefined : { protocol: "TCP", port };
  }
  if (value.protocol !== "HTTP") {
    problems.push("protocol should be one of HTTP, TCP");
    return undefined;
  }
  const method = value.method ?? "POST";
  if (method !== "POST" && !(method === "PUT" && api === "Logs")) problems.push("method is not supported");
  if ((value.encoding ?? "JSON") !== "JSON") problems.push("encoding should be JSON");
  const place = readUri(value.URI, problems);
  return place && { protocol: "HTTP", method: method === "PUT" ? "PUT" : "POST", ...place };
}

function readUri(value: unknown, problems: string[]): { port: number; target: string } | undefined {
  const uri = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  if (!uri) {
    problems.push(value === undefined ? "URI is not provided" : "URI is not valid");
    return undefined;
  }
  if (uri.protocol !== "http:") problems.push("Only 'http' scheme is supported.");
  if (!HOSTS.includes(uri.hostname)) problems.push("Only 'sandbox.localdomain' hostname is supported.");
  // The parser drops a port that is the scheme's own.
  const named = /^http:\/\/[^/?#]*:80(?:[/?#]|$)/i.test(value as string) ? "80" : uri.port;
  if (named === "") {
    problems.push("URI port is not provided");
    return undefined;
  }
  const port = readPort(Number(named), "URI port", problems);
  return port === undefined ? undefined : { port, target: `${uri.pathname}${uri.search}` };
}

function readPort(value: unknown, name: string, problems: string[]): number | undefined {
  const isPort = typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
  if (isPort && value !== RESERVED_PORT) return value;
  if (value === undefined) problems.push(`${name} is not provided`);
  else problems.push(isPort ? `${name} ${RESERVED_PORT} is reserved` : `${name} should be between 1 and 65535`);
  return undefined;
}

function isObject(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
