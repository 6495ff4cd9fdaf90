/** What a subscription filter sends to a function: gzip in base64 in JSON (contract/08 §3). */
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Place, parseFunctionName } from "../../functions/function-name.ts";
import type { LambdaTarget } from "../../invocation/lambda-target.ts";
import type { Sender, Targets } from "../../invocation/targets.ts";
import type { LogEvent } from "../../observability/log-store.ts";
import { eventId } from "./event-page.ts";
import type { FilterPattern } from "./filter-pattern.ts";
import { groupArn } from "./logs-api.ts";

const compress = promisify(gzip);

export interface Batch {
  readonly logStream: string;
  readonly lineage: string | undefined;
  readonly events: readonly LogEvent[];
}

export function dataMessage(
  { accountId }: Place,
  filter: {
    readonly logGroup: string;
    readonly name: string;
    readonly pattern: FilterPattern;
    readonly isOfFields: boolean;
  },
  { logStream, events }: Batch,
): Promise<Buffer> {
  return packed({
    messageType: "DATA_MESSAGE",
    owner: accountId,
    logGroup: filter.logGroup,
    logStream,
    subscriptionFilters: [filter.name],
    logEvents: events.map((event) => ({
      id: eventId(event),
      timestamp: event.timestamp,
      message: event.message,
      ...(filter.isOfFields && { extractedFields: fieldsOf(filter.pattern, event.message) }),
    })),
  });
}

/** Asks whether anybody is there. */
export function controlMessage(nowMs: number): Promise<Buffer> {
  const message = "CWL CONTROL MESSAGE: Checking health of destination Lambda function.";
  return packed({
    messageType: "CONTROL_MESSAGE",
    owner: "CloudwatchLogs",
    logGroup: "",
    logStream: "",
    subscriptionFilters: [],
    logEvents: [{ id: "", timestamp: nowMs, message }],
  });
}

/** X-Ray header. @param lineage the chain of functions behind what is sent, so that a loop ends as any other does */
export function traceIdOf(nowMs: number, lineage: string | undefined): string {
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, "0");
  const root = `Root=1-${seconds}-${randomBytes(12).toString("hex")};Parent=${randomBytes(8).toString("hex")};Sampled=0`;
  return lineage === undefined ? root : `${root};Lineage=${lineage}`;
}

/** Who the function's policy knows as the sender: older ones name the service with its region. Undefined: nobody. */
export async function allowedSender(
  { lambda, targets }: { readonly lambda: Pick<LambdaTarget, "allows">; readonly targets: Targets },
  place: Place,
  logGroup: string,
  destinationArn: string,
): Promise<Sender | undefined> {
  const { name, qualifier } = parseFunctionName(destinationArn) ?? {};
  if (name === undefined) return undefined;
  for (const principal of ["logs.amazonaws.com", `logs.${place.region}.amazonaws.com`]) {
    const sender = { principal, arn: `${groupArn(place, logGroup)}:*`, accountId: place.accountId };
    // A function that others keep has a policy that others ask.
    if (targets.isElsewhere(destinationArn) || (await lambda.allows(name, qualifier, sender))) return sender;
  }
  return undefined;
}

function fieldsOf(pattern: FilterPattern, message: string): Record<string, string> {
  return Object.fromEntries(Object.entries(pattern.extract(message)).map(([name, value]) => [name.slice(1), value]));
}

async function packed(message: unknown): Promise<Buffer> {
  const data = (await compress(JSON.stringify(message))).toString("base64");
  return Buffer.from(JSON.stringify({ awslogs: { data } }));
}
