/** The parts of the bench: each can run alone, by its name; those that take long run only so, or when all are asked for. */
import { soak } from "../test/e2e/async-soak.ts";
import { measureApiOverhead } from "./api-overhead.ts";
import { measureAsync } from "./async.ts";
import { LANGUAGES } from "./bench-functions.ts";
import { measureColdBundle } from "./cold-bundle.ts";
import { type BurstFigures, measureColdBurst } from "./cold-burst.ts";
import { measureColdPackage, type PackagePlan } from "./cold-package.ts";
import {
  bundleSection,
  burstSection,
  coldSection,
  densitySection,
  packageSection,
  snapStartSection,
} from "./cold-sections.ts";
import { type ColdFigures, measureColdStart } from "./cold-start.ts";
import { type DensityFigures, measureDensity } from "./density.ts";
import { measureEventLatency } from "./event-latency.ts";
import { measureFreezing } from "./freezing.ts";
import { measureScale, type ScalePlan } from "./management-scale.ts";
import { type EnvironmentMemory, measureCells, measureEnvironments, measureIdleRegion } from "./memory.ts";
import { measureNeighbours } from "./neighbours.ts";
import { measureNoticeLatency } from "./notice-latency.ts";
import { measurePayloads, measureStreamBorder, type PayloadPlan } from "./payloads.ts";
import { measureReadyTime } from "./ready-time.ts";
import { RegionProcess } from "./region-process.ts";
import type { Section } from "./report.ts";
import { measureRivals } from "./rivals.ts";
import { measureRuleLatency } from "./rule-latency.ts";
import { measureS3Streaming } from "./s3-streaming.ts";
import * as sections from "./sections.ts";
import {
  apiOverheadSection,
  eventLatencySection,
  noticeLatencySection,
  ruleLatencySection,
  sqsSection,
} from "./sections-of-events.ts";
import { payloadsSection, s3Section, scaleSection } from "./sections-of-size.ts";
import { measureSnapStart, type SnapStartPlan } from "./snap-start.ts";
import { measureSqs } from "./sqs-rate.ts";
import type { TurnsPlan } from "./turns.ts";
import { measureWarmInvoke } from "./warm-invoke.ts";

export interface Plan {
  readonly starts: number;
  /** Of each language. */
  readonly environments: number;
  readonly functions: number;
  /** Functions that are invoked for the first time at once. */
  readonly burst: number;
  /** Functions with many dependencies. */
  readonly bundles: number;
  readonly package: PackagePlan;
  readonly snapStart: SnapStartPlan;
  /** Idle environments: of Node, of Python. */
  readonly density: readonly [number, number];
  readonly turns: TurnsPlan;
  readonly payloads: PayloadPlan;
  /** Of the object that goes into a bucket and out of it. */
  readonly s3Bytes: number;
  readonly scale: ScalePlan;
  readonly soak: { readonly events: number; readonly kills: number };
}

/** The conditions of a run. */
export class Bench {
  readonly isolation: string;
  readonly plan: Plan;
  /** The ready line of the last region that a part was given. */
  announcement = "";

  constructor(isolation: string, plan: Plan) {
    this.isolation = isolation;
    this.plan = plan;
  }

  /** A fresh one for each part: none inherits another's environments. */
  async withRegion<Figures>(measure: (region: RegionProcess) => Promise<Figures>): Promise<Figures> {
    const region = await RegionProcess.start(this.isolation);
    this.announcement = region.announcement;
    try {
      return await measure(region);
    } finally {
      await region.stop();
    }
  }
}

export interface Part {
  /** Not part of a run that names none: takes minutes, or needs the network. */
  readonly isLong?: true;
  run(bench: Bench): Promise<{ readonly figures: unknown; readonly section: Section }>;
}

function part<Figures>(measure: (bench: Bench) => Promise<Figures>, tell: (figures: Figures) => Section): Part {
  return {
    async run(bench) {
      const figures = await measure(bench);
      return { figures, section: tell(figures) };
    },
  };
}

const ready = part(({ isolation, plan }) => measureReadyTime(isolation, plan.starts), sections.readySection);

const memory = part(
  (bench) =>
    bench.withRegion(async (region) => {
      const idleMb = measureIdleRegion(region);
      const environments: EnvironmentMemory[] = [];
      for (const language of LANGUAGES) {
        environments.push(await measureEnvironments(region, language, bench.plan.environments));
      }
      return { idleMb, environments, ahead: measureCells(region) };
    }),
  sections.memorySection,
);

const cold = part(
  (bench) =>
    bench.withRegion(async (region) => {
      const figures: ColdFigures[] = [];
      for (const language of LANGUAGES) figures.push(await measureColdStart(region, language, bench.plan.functions));
      return figures;
    }),
  coldSection,
);

const burst = part(
  (bench) =>
    bench.withRegion(async (region) => {
      const figures: BurstFigures[] = [];
      for (const language of LANGUAGES) figures.push(await measureColdBurst(region, language, bench.plan.burst));
      return figures;
    }),
  burstSection,
);

const density = part(
  (bench) =>
    bench.withRegion(async (region) => {
      const figures: DensityFigures[] = [];
      for (const [index, language] of LANGUAGES.entries()) {
        figures.push(await measureDensity(region, language, bench.plan.density[index] ?? 1));
      }
      return figures;
    }),
  densitySection,
);

const inRegion = <Figures>(
  measure: (region: RegionProcess, plan: TurnsPlan) => Promise<Figures>,
  tell: (figures: Figures) => Section,
) => part((bench) => bench.withRegion((region) => measure(region, bench.plan.turns)), tell);

export const PARTS: Readonly<Record<string, Part>> = {
  ready,
  memory,
  cold,
  burst,
  bundle: part((bench) => bench.withRegion((region) => measureColdBundle(region, bench.plan.bundles)), bundleSection),
  package: part(
    (bench) => bench.withRegion((region) => measureColdPackage(region, bench.plan.package)),
    packageSection,
  ),
  snapstart: {
    ...part(({ isolation, plan }) => measureSnapStart(isolation, plan.snapStart), snapStartSection),
    isLong: true,
  },
  density: { ...density, isLong: true },
  warm: inRegion(measureWarmInvoke, sections.warmSection),
  freezing: part(({ isolation, plan }) => measureFreezing(isolation, plan.turns), sections.freezingSection),
  async: inRegion(measureAsync, sections.asyncSection),
  sqs: inRegion(measureSqs, sqsSection),
  latency: inRegion((region, { roundMs }) => measureEventLatency(region, Math.ceil(roundMs / 5)), eventLatencySection),
  rules: inRegion((region, { roundMs }) => measureRuleLatency(region, Math.ceil(roundMs / 10)), ruleLatencySection),
  notices: inRegion(
    (region, { roundMs }) => measureNoticeLatency(region, Math.ceil(roundMs / 10)),
    noticeLatencySection,
  ),
  apis: inRegion((region, { roundMs }) => measureApiOverhead(region, roundMs), apiOverheadSection),
  neighbours: inRegion(measureNeighbours, sections.neighboursSection),
  payloads: part(({ isolation, plan }) => measurePayloads(isolation, plan.payloads), payloadsSection),
  s3: part((bench) => bench.withRegion((region) => measureS3Streaming(region, bench.plan.s3Bytes)), s3Section),
  border: { ...part(({ isolation }) => measureStreamBorder(isolation), payloadsSection), isLong: true },
  rivals: { ...inRegion(measureRivals, sections.rivalsSection), isLong: true },
  scale: { ...part(({ isolation, plan }) => measureScale(isolation, plan.scale), scaleSection), isLong: true },
  soak: { ...part(({ plan }) => soak({ ...plan.soak, giveUpMs: 30 * 60_000 }), sections.soakSection), isLong: true },
};
