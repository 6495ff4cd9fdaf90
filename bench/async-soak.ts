/**
 * `node bench/async-soak.ts [--events 100000] [--kills 20]`: that many asynchronous invocations while the region is killed
 * (kill -9) again and again. Every accepted event must run, and its record be delivered; what happens twice is counted.
 */
import { parseArgs } from "node:util";
import { soak } from "../test/e2e/async-soak.ts";

const { values: flags } = parseArgs({
  options: { events: { type: "string", default: "100000" }, kills: { type: "string", default: "20" } },
});

const plan = { events: Number(flags.events), kills: Number(flags.kills), giveUpMs: 30 * 60_000 };
const figures = await soak(plan, (line) => process.stderr.write(`${line}\n`));
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
process.exitCode = figures.lost + figures.undelivered === 0 ? 0 : 1;
