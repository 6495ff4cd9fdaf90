/**
 * `npm run bench [-- PART...]`: measures the real server from other processes, beside its baselines, and holds the figures to
 * their bars. Without a name every part that is not long; `all` names every one.
 * Flags: --quick (a smoke test: figures mean little), --rounds N (of each load), --isolation NAME,
 * --functions N, --versions N, --starts N (of scale), --events N, --kills N (of soak),
 * --json FILE (also write the figures there; - for stdout only).
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Bench, PARTS, type Plan } from "./parts.ts";
import { KB, MB } from "./payloads.ts";
import { isMet, machine, type Report, render, type Section } from "./report.ts";

const FULL: Plan = {
  starts: 5,
  environments: 5,
  functions: 101,
  burst: 100,
  bundles: 7,
  package: { files: 249, starts: 21 },
  snapStart: { restores: 15, starts: 5 },
  density: [500, 1000],
  turns: { rounds: 3, roundMs: 1250 },
  payloads: {
    whole: [
      { bytes: KB, concurrency: 16, rounds: 100 },
      { bytes: 100 * KB, concurrency: 16, rounds: 20 },
      { bytes: 6 * MB, concurrency: 50, rounds: 1 },
    ],
    streamedBytes: 100 * MB,
  },
  s3Bytes: 256 * MB,
  scale: { functions: 10_000, versions: 5, starts: 3, creates: 30, reads: 1000 },
  soak: { events: 100_000, kills: 20 },
};

const QUICK: Plan = {
  starts: 1,
  environments: 1,
  functions: 3,
  burst: 4,
  bundles: 1,
  package: { files: 4, starts: 1 },
  snapStart: { restores: 1, starts: 1 },
  density: [2, 2],
  turns: { rounds: 1, roundMs: 200 },
  payloads: { whole: [{ bytes: 6 * MB, concurrency: 2, rounds: 1 }], streamedBytes: 7 * MB },
  s3Bytes: 8 * MB,
  scale: { functions: 60, versions: 2, starts: 1, creates: 5, reads: 50 },
  soak: { events: 200, kills: 1 },
};

const NUMBERS = ["rounds", "functions", "versions", "starts", "events", "kills"] as const;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    isolation: { type: "string", default: "auto" },
    ...Object.fromEntries(NUMBERS.map((name) => [name, { type: "string" } as const])),
  },
}) as { values: Flags; positionals: string[] };

type Flags = { readonly quick: boolean; readonly json?: string; readonly isolation: string } & {
  readonly [name in (typeof NUMBERS)[number]]?: string;
};

function wantedParts(): string[] {
  const names = Object.keys(PARTS);
  const unknown = positionals.find((name) => name !== "all" && !names.includes(name));
  if (unknown !== undefined) {
    const told = names.map((name) => (PARTS[name]?.isLong ? `${name} (long)` : name)).join(", ");
    process.stderr.write(`bench: '${unknown}' is no part. The parts: ${told}; all for every one\n`);
    process.exit(2);
  }
  if (positionals.includes("all")) return names;
  return names.filter((name) => (positionals.length > 0 ? positionals.includes(name) : !PARTS[name]?.isLong));
}

function wantedPlan(): Plan {
  const plan = flags.quick ? QUICK : FULL;
  const given = (name: (typeof NUMBERS)[number], otherwise: number) => Number(flags[name] ?? otherwise);
  const { turns, scale, soak } = plan;
  return {
    ...plan,
    turns: { ...turns, rounds: given("rounds", turns.rounds) },
    scale: {
      ...scale,
      functions: given("functions", scale.functions),
      versions: given("versions", scale.versions),
      starts: given("starts", scale.starts),
    },
    soak: { events: given("events", soak.events), kills: given("kills", soak.kills) },
  };
}

const bench = new Bench(flags.isolation, wantedPlan());
const date = new Date().toISOString().slice(0, 16);
const figures: Record<string, unknown> = {};
const sections: Section[] = [];
for (const name of wantedParts()) {
  const started = performance.now();
  try {
    const measured = await PARTS[name]?.run(bench);
    if (measured === undefined) continue;
    figures[name] = measured.figures;
    sections.push(measured.section);
  } catch (error) {
    // The others' figures are good without it.
    sections.push({ title: name, table: [], rows: [], missing: [`not measured: ${name}: ${(error as Error).stack}`] });
    process.exitCode = 1;
  }
  process.stderr.write(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

const report: Report = { date, machine: machine(), node: process.versions.node, region: bench.announcement, sections };
const bars = sections.flatMap(({ rows }) => rows.map((row) => ({ ...row, isMet: isMet(row) })));
const json = `${JSON.stringify({ ...report, sections: undefined, figures, bars }, null, 2)}\n`;
if (flags.json === "-") process.stdout.write(json);
else {
  process.stdout.write(`\n${render(report)}\n`);
  if (flags.json !== undefined) await writeFile(flags.json, json);
}
// What may never happen, however busy the machine: only counts are of that kind.
if (bars.some(({ unit, isMet: isKept }) => unit === "" && isKept === false)) process.exitCode = 1;
