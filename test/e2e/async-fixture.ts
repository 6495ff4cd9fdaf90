/** Functions that write down what they get, and a way to wait for it: in a file, because functions outlive regions here. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type LambdaClient, PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import type { TestRegion } from "../test-region.ts";

export const ARN = "arn:aws:lambda:us-east-1:000000000000:function:";
const RUNTIME = "nodejs26.x";
const ROLE = "arn:aws:iam::000000000000:role/test";
const GIVE_UP_MS = 60_000;

/** Whose answer is what `body`, the inside of a handler, returns. `note` writes a line to the recorder's file. */
export async function deployRecorder(
  region: TestRegion,
  recorder: Recorder,
  body = "",
  more: Parameters<TestRegion["deploy"]>[0]["more"] = {},
): Promise<string> {
  const source = `
    import { appendFileSync } from "node:fs";
    import { createRequire } from "node:module";
    const note = (value) => appendFileSync(process.env.NOTES, JSON.stringify(value) + "\\n");
    export const handler = async (event, context) => {
      note({ event, requestId: context.awsRequestId, trace: process.env._X_AMZN_TRACE_ID });
      ${body}
    };
  `;
  const Environment = { Variables: { NOTES: recorder.file } };
  return region.deploy({
    runtime: RUNTIME,
    zip: zipOf({ "index.mjs": source }),
    more: { Role: ROLE, Environment, ...more },
  });
}

export interface Note {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the test has sent
  readonly event: any;
  readonly requestId: string;
  readonly trace: string;
}

export class Recorder {
  readonly file: string;

  constructor(region: TestRegion, name: string) {
    this.file = join(region.dataDirectory, `${name}.jsonl`);
  }

  get notes(): Note[] {
    if (!existsSync(this.file)) return [];
    // A line that is being written is not there yet.
    const lines = readFileSync(this.file, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Note);
  }

  /** Resolves when it is so. @throws Error when it is not within a minute */
  async until(condition: (notes: Note[]) => boolean): Promise<Note[]> {
    const giveUpAt = performance.now() + GIVE_UP_MS;
    for (;;) {
      const { notes } = this;
      if (condition(notes)) return notes;
      if (performance.now() > giveUpAt) throw new Error(`not within a minute: ${JSON.stringify(notes.slice(-5))}`);
      await delay(20);
    }
  }
}

export async function sendResultsTo(
  lambda: LambdaClient,
  FunctionName: string,
  destinations: { readonly onSuccess?: string; readonly onFailure?: string },
  MaximumRetryAttempts?: number,
): Promise<void> {
  const { onSuccess, onFailure } = destinations;
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      ...(MaximumRetryAttempts !== undefined && { MaximumRetryAttempts }),
      DestinationConfig: {
        ...(onSuccess !== undefined && { OnSuccess: { Destination: ARN + onSuccess } }),
        ...(onFailure !== undefined && { OnFailure: { Destination: ARN + onFailure } }),
      },
    }),
  );
}
