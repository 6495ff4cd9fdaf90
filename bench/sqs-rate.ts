/**
 * How many messages a second go through a queue, each sent, received and deleted, every one of these on the disk before it
 * is answered: in batches of ten, as busy senders do it, and one by one. Load from other processes on the same cores.
 */
import { fork } from "node:child_process";
import { join } from "node:path";
import { cpuTimeUs } from "./process-figures.ts";
import type { RegionProcess } from "./region-process.ts";
import type { SqsOrder, SqsTurn } from "./sqs-load.ts";
import { median } from "./statistics.ts";
import type { TurnsPlan } from "./turns.ts";

export interface SqsRateFigures {
  readonly batch: number;
  readonly messagesPerSecond: number;
  readonly cpuUsPerMessage: number;
}

export async function measureSqs(region: RegionProcess, { rounds, roundMs }: TurnsPlan): Promise<SqsRateFigures[]> {
  const figures: SqsRateFigures[] = [];
  for (const batch of [10, 1]) {
    const turns: SqsRateFigures[] = [];
    for (let round = 0; round <= rounds; round++) {
      const cpuBefore = cpuTimeUs(region.pid);
      const order = { target: region.target, queue: `bench-${batch}`, batch, workers: 32, durationMs: 2 * roundMs };
      const { messages, elapsedMs } = await run(order);
      turns.push({
        batch,
        messagesPerSecond: messages / (elapsedMs / 1000),
        cpuUsPerMessage: (cpuTimeUs(region.pid) - cpuBefore) / messages,
      });
    }
    // The first warms up.
    const measured = turns.slice(1);
    figures.push({
      batch,
      messagesPerSecond: median(measured.map(({ messagesPerSecond }) => messagesPerSecond)),
      cpuUsPerMessage: median(measured.map(({ cpuUsPerMessage }) => cpuUsPerMessage)),
    });
  }
  return figures;
}

async function run(order: SqsOrder): Promise<SqsTurn> {
  const child = fork(join(import.meta.dirname, "sqs-load.ts"), { serialization: "advanced" });
  return new Promise<SqsTurn>((resolve, reject) => {
    child.once("message", (message) => resolve(message as SqsTurn));
    child.once("exit", (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(order);
  });
}
