/**
 * Many asynchronous invocations while the region is killed again and again: counts what was promised, what ran and what
 * was delivered. Used by the test with a few thousand events, by the bench (`soak`) with many more.
 */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { sendResultsTo } from "./async-fixture.ts";

const SENDERS = 16;

export interface SoakPlan {
  /** That are answered 202. */
  readonly events: number;
  readonly kills: number;
  /** After the last event was accepted. */
  readonly giveUpMs: number;
}

export interface SoakFigures {
  readonly accepted: number;
  /** Of the accepted: those that never ran, and whose records never came. */
  readonly lost: number;
  readonly undelivered: number;
  /** Runs and deliveries beyond the first of each event. */
  readonly runsTwice: number;
  readonly deliveredTwice: number;
}

/** Request ids that functions write to a file, one a line; regions come and go meanwhile. */
class Ids {
  readonly file: string;
  readonly seen = new Set<string>();
  repeats = 0;
  #offset = 0;
  #rest = "";

  constructor(file: string) {
    this.file = file;
  }

  read(): void {
    if (!existsSync(this.file)) return;
    const handle = openSync(this.file, "r");
    const buffer = Buffer.alloc(1 << 20);
    for (let bytes = readSync(handle, buffer, 0, buffer.length, this.#offset); bytes > 0; ) {
      this.#offset += bytes;
      const lines = (this.#rest + buffer.toString("latin1", 0, bytes)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const id of lines) {
        if (this.seen.has(id)) this.repeats += 1;
        this.seen.add(id);
      }
      bytes = readSync(handle, buffer, 0, buffer.length, this.#offset);
    }
    closeSync(handle);
  }

  missing(promised: readonly string[]): number {
    return promised.filter((id) => !this.seen.has(id)).length;
  }
}

export async function soak(plan: SoakPlan, progress: (line: string) => void = () => {}): Promise<SoakFigures> {
  const region = await TestRegion.start("process", { ALONZO_ASYNC_RETRY_DELAYS: "0.1,0.2" });
  try {
    const ran = new Ids(join(region.dataDirectory, "ran"));
    const told = new Ids(join(region.dataDirectory, "told"));
    const [worker, listener] = [
      await deployNoting(region, ran.file, "context.awsRequestId"),
      await deployNoting(region, told.file, "event.requestContext.requestId"),
    ];
    await sendResultsTo(region.lambda, worker, { onSuccess: listener, onFailure: listener });
    const promised = await send(region, worker, plan, progress);
    const giveUpAt = performance.now() + plan.giveUpMs;
    for (;;) {
      ran.read();
      told.read();
      const [lost, undelivered] = [ran.missing(promised), told.missing(promised)];
      if (lost + undelivered === 0 || performance.now() > giveUpAt) {
        const { repeats: runsTwice } = ran;
        return { accepted: promised.length, lost, undelivered, runsTwice, deliveredTwice: told.repeats };
      }
      progress(`${promised.length} accepted, ${lost} have not run, ${undelivered} are not delivered`);
      await delay(500);
    }
  } finally {
    await region.stop();
  }
}

/** @returns the request ids of what was answered 202 */
async function send(
  region: TestRegion,
  FunctionName: string,
  { events, kills }: SoakPlan,
  progress: (line: string) => void,
): Promise<string[]> {
  const promised: string[] = [];
  let killed = 0;
  /** While the region is being killed and started again. */
  let away: Promise<void> | undefined;
  const killAndStart = async (): Promise<void> => {
    killed += 1;
    progress(`kill ${killed} after ${promised.length} events`);
    await region.kill();
    await region.startAgain();
    away = undefined;
  };
  const sender = async (): Promise<void> => {
    while (promised.length < events) {
      await away;
      const Payload = Buffer.from(JSON.stringify({ n: promised.length, pad: "x".repeat(500) }));
      const call = region.lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload }));
      const id = await call.then(
        ({ $metadata }) => $metadata.requestId,
        () => undefined,
      );
      if (id !== undefined) promised.push(id);
      // Not promised, and tried anew.
      else await delay(5);
      if (killed < kills && promised.length >= ((killed + 1) * events) / (kills + 1)) away ??= killAndStart();
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await away;
  return promised;
}

/** A function that writes an id of each event down before it answers. */
function deployNoting(region: TestRegion, file: string, id: string): Promise<string> {
  const source = `
    import { appendFileSync } from "node:fs";
    export const handler = async (event, context) => {
      appendFileSync(${JSON.stringify(file)}, ${id} + "\\n");
    };
  `;
  return region.deploy({ runtime: "nodejs26.x", zip: zipOf({ "index.mjs": source }) });
}
