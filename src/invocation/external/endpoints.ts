/**
 * Endpoints of services that others keep, as the operator lists them: `sqs=https://sqs.eu-west-1.amazonaws.com`, or a
 * JSON file `{"sqs": {"endpoint": ..., "accessKeyId": ..., "secretAccessKey": ...}}` that holds credentials, too.
 */
import { readFileSync } from "node:fs";
import { StorageError } from "../../state/storage-error.ts";

export interface ExternalEndpoint {
  /** http(s)://host:port */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** In which its buckets are; by default that of this region's name. */
  readonly region?: string;
}

/** Whose API is known well enough to be somebody else's. */
const SERVICES: readonly string[] = ["events", "lambda", "s3", "sns", "sqs"];

/**
 * @param text a list, the path of a file, or empty
 * @param variables the credentials of those for which the file has none: AWS_ACCESS_KEY_ID, ...
 * @returns by the service's name
 * @throws StorageError when the file cannot be read, or says something else
 */
export function externalEndpoints(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, ExternalEndpoint> {
  const found = new Map<string, ExternalEndpoint>();
  for (const [service, given] of Object.entries(text.includes("=") ? listed(text) : fileOf(text))) {
    if (!SERVICES.includes(service)) {
      throw new StorageError(
        `external endpoint ${service} is of no service that others may keep`,
        `these may be kept: ${SERVICES.join(", ")}`,
      );
    }
    const { endpoint = "", region, sessionToken = variables.AWS_SESSION_TOKEN, ...keys } = given;
    if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint)) {
      throw new StorageError(`external endpoint ${service}='${endpoint}' is no URL`, "write it as https://host:port");
    }
    const { accessKeyId = variables.AWS_ACCESS_KEY_ID, secretAccessKey = variables.AWS_SECRET_ACCESS_KEY } = keys;
    if (!accessKeyId || !secretAccessKey) {
      const hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name them in the file";
      throw new StorageError(`external endpoint ${service} has no credentials`, hint);
    }
    const ofFile = given.accessKeyId !== undefined;
    const token = ofFile ? given.sessionToken : sessionToken;
    const more = { ...(token && { sessionToken: token }), ...(region && { region }) };
    found.set(service, { endpoint, accessKeyId, secretAccessKey, ...more });
  }
  return found;
}

type Given = Readonly<Record<string, Partial<ExternalEndpoint>>>;

function listed(text: string): Given {
  return Object.fromEntries(
    text
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map((entry) => [entry.slice(0, entry.indexOf("=")), { endpoint: entry.slice(entry.indexOf("=") + 1) }]),
  );
}

function fileOf(path: string): Given {
  if (path === "") return {};
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Given;
  } catch (error) {
    const hint = 'name a JSON file, or a list such as "sqs=https://host:port"';
    throw new StorageError(`external endpoints cannot be read from ${path}`, hint, error);
  }
}
