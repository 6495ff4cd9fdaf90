/**
 * `npm run soak [-- STORY...] [--rounds N] [--kills N]`: tells stories while the region is killed (`kill -9`) and started again; each
 * round has a region of its own. Ends with 1 if anything that may never be was.
 */
import { parseArgs } from "node:util";
import { chat } from "./stories/chat.ts";
import { cronOverMinute } from "./stories/cron.ts";
import { fanOut } from "./stories/fan-out.ts";
import { orders } from "./stories/orders.ts";
import { photos } from "./stories/photos.ts";
import { worker } from "./stories/worker.ts";
import { type Figures, type Prologue, tellThrough } from "./story.ts";

const STORIES: Readonly<Record<string, Prologue>> = {
  photos,
  worker,
  "fan-out": fanOut,
  cron: cronOverMinute,
  orders,
  chat,
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "20" },
    kills: { type: "string", default: "3" },
    "longest-ms": { type: "string", default: "1500" },
  },
});
const unknown = positionals.find((name) => STORIES[name] === undefined);
if (unknown !== undefined) {
  process.stderr.write(`soak: '${unknown}' is no story. The stories: ${Object.keys(STORIES).join(", ")}\n`);
  process.exit(2);
}

const plan = { kills: Number(flags.kills), longestMs: Number(flags["longest-ms"]) };
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((total, one) => total + one, 0);
for (const [name, prologue] of Object.entries(STORIES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const rounds: Figures[] = [];
  for (let round = 1; round <= Number(flags.rounds); round++) {
    const figures = await tellThrough(prologue, plan);
    rounds.push(figures);
    process.stdout.write(`${name} ${round}: ${JSON.stringify(figures)}\n`);
  }
  const total = (count: (figures: Figures) => number) => rounds.reduce((all, figures) => all + count(figures), 0);
  const [accepted, doubled, wrong] = [
    total((one) => one.accepted),
    total((one) => sum(one.doubled)),
    total((one) => sum(one.wrong)),
  ];
  const kills = rounds.length * plan.kills;
  process.stdout.write(`${name}: ${kills} kills, ${accepted} accepted, ${doubled} came again, ${wrong} wrong\n`);
  if (wrong > 0) process.exitCode = 1;
}
