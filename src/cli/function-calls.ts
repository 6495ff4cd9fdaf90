/** The calls of Lambda's API that the command line needs: put a function there, wait for it, invoke it. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type RegionClient } from "./client.ts";

const FUNCTIONS = "/2015-03-31/functions";

export interface NewFunction {
  readonly name: string;
  readonly runtime: string;
  readonly handler: string;
  readonly roleArn: string;
  readonly zip: Buffer;
  readonly memoryMb?: number;
  readonly timeoutSeconds?: number;
}

export interface InvokeAnswer {
  readonly payload: string;
  /** Set when the function failed: `Unhandled`. */
  readonly functionError?: string;
  readonly executedVersion: string;
  /** Decoded last lines of the log; empty unless asked for. */
  readonly logTail: string;
  /** Wall time at the caller. */
  readonly wallMs: number;
}

/** Create the function, or give the existing one this code. Resolves when it can be invoked. */
export async function deploy(client: RegionClient, wanted: NewFunction): Promise<"created" | "updated"> {
  const zip = wanted.zip.toString("base64");
  try {
    await client.json({
      method: "POST",
      path: FUNCTIONS,
      body: {
        FunctionName: wanted.name,
        Runtime: wanted.runtime,
        Handler: wanted.handler,
        Role: wanted.roleArn,
        Code: { ZipFile: zip },
        MemorySize: wanted.memoryMb ?? 128,
        Timeout: wanted.timeoutSeconds ?? 10,
      },
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "ResourceConflictException") throw error;
    await untilReady(client, wanted.name);
    await client.json({ method: "PUT", path: `${functionPath(wanted.name)}/code`, body: { ZipFile: zip } });
    await untilReady(client, wanted.name);
    return "updated";
  }
  await untilReady(client, wanted.name);
  return "created";
}

/** @throws Error with the region's reason when the function becomes Failed instead of ready, or takes over a minute */
export async function untilReady(client: RegionClient, name: string): Promise<void> {
  interface Answer {
    readonly State: string;
    readonly StateReason?: string;
    readonly LastUpdateStatus?: string;
    readonly LastUpdateStatusReason?: string;
  }
  const giveUpAt = performance.now() + 60_000;
  while (performance.now() < giveUpAt) {
    const answer = await client.json<Answer>({ method: "GET", path: `${functionPath(name)}/configuration` });
    if (answer.State === "Failed") throw new Error(`${name} failed: ${answer.StateReason ?? "no reason given"}`);
    if (answer.LastUpdateStatus === "Failed") {
      throw new Error(`the update of ${name} failed: ${answer.LastUpdateStatusReason ?? "no reason given"}`);
    }
    if (answer.State !== "Pending" && answer.LastUpdateStatus !== "InProgress") return;
    await delay(20);
  }
  throw new Error(`${name} did not become ready within a minute`);
}

export async function invoke(
  client: RegionClient,
  name: string,
  options: { readonly payload?: string | Buffer; readonly qualifier?: string; readonly tail?: boolean } = {},
): Promise<InvokeAnswer> {
  const started = performance.now();
  const response = await client.send({
    method: "POST",
    path: `${functionPath(name)}/invocations`,
    ...(options.qualifier !== undefined && { query: { Qualifier: options.qualifier } }),
    headers: options.tail ? { "x-amz-log-type": "Tail" } : {},
    body: options.payload ?? "",
  });
  const payload = await response.text();
  const functionError = response.headers.get("x-amz-function-error");
  return {
    payload,
    ...(functionError !== null && { functionError }),
    executedVersion: response.headers.get("x-amz-executed-version") ?? "$LATEST",
    logTail: Buffer.from(response.headers.get("x-amz-log-result") ?? "", "base64").toString(),
    wallMs: performance.now() - started,
  };
}

export async function remove(client: RegionClient, name: string): Promise<void> {
  await client.send({ method: "DELETE", path: functionPath(name) });
}

/** Names may be ARNs: their colons stay, everything else that is special in a path is escaped. */
export function functionPath(name: string): string {
  return `${FUNCTIONS}/${encodeURIComponent(name)}`;
}
