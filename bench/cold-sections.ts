/** How the figures of first invokes and of many environments are told, and the bars that they are held to. */
import { availableParallelism } from "node:os";
import type { BundleFigures } from "./cold-bundle.ts";
import type { BurstFigures } from "./cold-burst.ts";
import type { PackageFigures } from "./cold-package.ts";
import type { ColdFigures } from "./cold-start.ts";
import type { DensityFigures } from "./density.ts";
import { mb, ms, type Section, times } from "./report.ts";
import type { SnapStartFigures } from "./snap-start.ts";

/** The most that a cold start may take of a plain start's time. */
const OF_A_SPAWN: Readonly<Record<string, number>> = { Node: 0.4, Python: 1 };

export function coldSection(figures: readonly ColdFigures[]): Section {
  const table = figures.map(({ language, functions, coldP50Ms, coldP99Ms, spawnP50Ms, spawnP99Ms }) => [
    `${language}, ${functions} fresh functions`,
    ms(coldP50Ms),
    ms(coldP99Ms),
    ms(spawnP50Ms),
    ms(spawnP99Ms),
    times(coldP50Ms / spawnP50Ms),
  ]);
  return {
    title: "Cold start (first invoke as the caller sees it, one at a time, in turns with a plain spawn)",
    table: [["", "cold p50", "cold p99", "bare spawn p50", "bare spawn p99", "p50 of a spawn's"], ...table],
    rows: figures.flatMap(({ language, coldP50Ms, coldP99Ms, spawnP50Ms }) => [
      {
        what: `cold start of ${language}: p50 of a plain start's`,
        measured: coldP50Ms / spawnP50Ms,
        unit: "x",
        bar: { atMost: OF_A_SPAWN[language] ?? 1 },
      },
      {
        what: `cold start of ${language}: p99 of its p50`,
        measured: coldP99Ms / coldP50Ms,
        unit: "x",
        bar: { below: 4 },
      },
    ]),
  };
}

export function burstSection(figures: readonly BurstFigures[]): Section {
  return {
    title: "Burst (first invokes of fresh functions, all at once)",
    table: [
      ["", "all answered in", "bare spawn p50", "errors"],
      ...figures.map(({ language, functions, allMs, spawnP50Ms, errors }) => [
        `${language}, ${functions} functions`,
        ms(allMs),
        ms(spawnP50Ms),
        `${errors}`,
      ]),
    ],
    rows: figures.flatMap(({ language, functions, allMs, spawnP50Ms, errors }) => [
      {
        what: `burst of ${functions} cold starts of ${language}: of as many plain starts on all cores`,
        measured: allMs / ((functions * spawnP50Ms) / availableParallelism()),
        unit: "x",
        bar: { atMost: 1 },
      },
      {
        what: `burst of ${functions} cold starts of ${language}: errors`,
        measured: errors,
        unit: "",
        bar: { atMost: 0 },
      },
    ]),
  };
}

export function bundleSection({ functions, bundleMb, coldP50Ms, loadP50Ms }: BundleFigures): Section {
  const measured = coldP50Ms / loadP50Ms;
  return {
    title: `Bundle (first invokes of ${functions} functions with ${bundleMb.toFixed(0)} MB of JavaScript, in turns with node loading the same)`,
    table: [
      ["cold p50", ms(coldP50Ms)],
      ["plain node p50", ms(loadP50Ms)],
    ],
    rows: [{ what: "cold start with a large bundle: p50 of plain node's", measured, unit: "x", bar: { atMost: 1.5 } }],
  };
}

export function packageSection({ packageMb, starts, firstMs, laterP50Ms, smallP50Ms }: PackageFigures): Section {
  const what = "a package of 250 MB: p50 of its later cold starts, of the smallest function's";
  return {
    title: `Package (cold starts of a function with ${packageMb} MB of files, in turns with the smallest)`,
    table: [
      ["its first cold start", ms(firstMs)],
      [`its next ${starts}, p50`, ms(laterP50Ms)],
      ["the smallest function's, p50", ms(smallP50Ms)],
    ],
    rows: [{ what, measured: laterP50Ms / smallP50Ms, unit: "x", bar: { atMost: 1.25 } }],
  };
}

/** Of Java the bar is half of its plain start; Python's is what callers do not mind, whatever its init takes. */
export function snapStartSection(figures: readonly SnapStartFigures[]): Section {
  return {
    title: "SnapStart (first invokes in environments from a snapshot, in turns with plain cold starts)",
    table: [
      ["", "from a snapshot, p50", "slowest", "plain, p50"],
      ...figures.map(({ language, restores, restoredP50Ms, slowestMs, plainP50Ms }) => [
        `${restores} of ${language}`,
        ms(restoredP50Ms),
        ms(slowestMs),
        ms(plainP50Ms),
      ]),
    ],
    rows: figures.map(({ language, restoredP50Ms, plainP50Ms }) =>
      language === "Java"
        ? {
            what: "SnapStart, Java: p50 from a snapshot, of a plain cold start",
            measured: restoredP50Ms / plainP50Ms,
            unit: "x",
            bar: { below: 0.5 },
          }
        : {
            what: `SnapStart, ${language} with an init of 2 s: p50 from a snapshot`,
            measured: restoredP50Ms / 1000,
            unit: "s",
            bar: { below: 0.25 },
          },
    ),
  };
}

export function densitySection(figures: readonly DensityFigures[]): Section {
  return {
    title: "Density (idle environments that live at once)",
    table: [
      ["", "alive", "PSS of each", "platform, each"],
      ...figures.map(({ language, wanted, alive, functionMb, platformMb }) => [
        `${wanted} of ${language}`,
        `${alive}`,
        mb(functionMb),
        mb(platformMb),
      ]),
    ],
    rows: figures.flatMap(({ language, wanted, alive, platformMb }) => [
      {
        what: `${wanted} idle environments of ${language}: missing`,
        measured: wanted - alive,
        unit: "",
        bar: { atMost: 0 },
      },
      {
        what: `an idle environment of ${language}: what the platform takes`,
        measured: platformMb,
        unit: "MB",
        bar: { below: 1 },
      },
    ]),
  };
}
