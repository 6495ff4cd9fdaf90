/** What quickstart shows: an example function deployed, invoked cold and warm, with its answer, log and durations. */
import { join } from "node:path";
import type { RegionClient } from "./client.ts";
import { deploy, type InvokeAnswer, invoke } from "./function-calls.ts";
import { parseReport } from "./report-line.ts";
import { print, styled } from "./terminal.ts";
import { zipDirectory } from "./zip.ts";

export const EXAMPLE = "hello-node";
const DIRECTORY = join(import.meta.dirname, "..", "..", "examples", EXAMPLE);

/**
 * @param heading prints a title between the parts
 * @throws Error when the example does not answer as it should
 */
export async function demonstrate(
  client: RegionClient,
  accountId: string,
  heading: (text: string) => void,
): Promise<void> {
  heading(`Deploy examples/${EXAMPLE}`);
  const done = await deploy(client, {
    name: EXAMPLE,
    runtime: "nodejs24.x",
    handler: "index.handler",
    roleArn: `arn:aws:iam::${accountId}:role/${EXAMPLE}`,
    zip: await zipDirectory(DIRECTORY),
  });
  print(`  ${done} and active`);
  show("Invoke, cold: a new execution environment", await invokeExample(client), heading);
  show("Invoke, warm: the same environment again", await invokeExample(client), heading);
}

async function invokeExample(client: RegionClient): Promise<InvokeAnswer> {
  const answer = await invoke(client, EXAMPLE, { payload: JSON.stringify({ name: "Alonzo" }), tail: true });
  if (answer.functionError === undefined) return answer;
  throw new Error(`the example failed: ${answer.payload}\n${answer.logTail}`);
}

function show(title: string, answer: InvokeAnswer, heading: (text: string) => void): void {
  heading(title);
  print(`  response  ${answer.payload}`);
  for (const line of answer.logTail.trimEnd().split("\n")) print(`  ${styled("dim", `log       ${line}`)}`);
  const { durationMs, initMs } = parseReport(answer.logTail);
  const init = initMs === undefined ? "" : ` after ${initMs} ms of init`;
  print(`  duration  ${durationMs} ms in the function${init}, ${answer.wallMs.toFixed(1)} ms as the caller saw it`);
}
