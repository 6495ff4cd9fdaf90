/** CloudWatch Logs of a test region through the AWS SDK. */
import { setTimeout as delay } from "node:timers/promises";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  type FilteredLogEvent,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import type { TestRegion } from "../../test-region.ts";

const GIVE_UP_MS = 60_000;

export function logsClient(region: TestRegion): CloudWatchLogsClient {
  return new CloudWatchLogsClient({
    endpoint: region.url,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    // It would be put before a name or address that has nothing to do with AWS's.
    disableHostPrefix: true,
  });
}

/** A group, and streams in it. */
export async function given(logs: CloudWatchLogsClient, logGroupName: string, ...streams: readonly string[]) {
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of streams) await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
}

/** @param events times (unix ms) and messages */
export function put(
  logs: CloudWatchLogsClient,
  logGroupName: string,
  logStreamName: string,
  events: readonly (readonly [number, string])[],
) {
  const logEvents = events.map(([timestamp, message]) => ({ timestamp, message }));
  return logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}

/** All pages. */
export async function filtered(
  logs: CloudWatchLogsClient,
  input: FilterLogEventsCommandInput,
): Promise<FilteredLogEvent[]> {
  const found: FilteredLogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.send(new FilterLogEventsCommand({ ...input, nextToken }));
    found.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

/** @returns what it answers once it is not undefined. @throws Error when it stays so for a minute */
export async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (const giveUpAt = performance.now() + GIVE_UP_MS; performance.now() < giveUpAt; await delay(50)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error("not within a minute");
}
