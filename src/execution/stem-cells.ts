/**
 * The stock of stem cells: sandboxes in which a language has started and waits to be told for which function. A cold start
 * takes one instead of starting a sandbox and a language. Each serves one function version once. Cells are made in the
 * background, while nobody waits for a start, and are the first to go when memory runs short.
 */
import { randomBytes } from "node:crypto";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Log } from "../observability/log.ts";
import { CellDemand } from "./cell-demand.ts";
import { type CellKind, cellKindOf } from "./cell-kind.ts";
import { cellVariables } from "./environment-variables.ts";
import type { Placement } from "./placement.ts";
import type { Runtimes } from "./runtimes.ts";
import type { Cell, SandboxDriver } from "./sandbox/sandbox.ts";

const REVIEW_EVERY_MS = 1000;
/** All kinds together. */
const MOST_CELLS = 128;
/** Kinds that nobody asked for longest are forgotten first. */
const MOST_KINDS = 16;
/** Surplus cells that end at a time. */
const ENDED_TOGETHER = 4;
/** ms after a failure, doubled by each further one */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10 * 60_000;

export interface StemCellsOptions {
  readonly driver: SandboxDriver;
  readonly runtimes: Runtimes;
  readonly placement: Placement;
  readonly log: Log;
  /** Cells of each kind that is in use; `auto` follows demand; 0 for none. */
  readonly stock: number | "auto";
  /** Made at the same time. */
  readonly parallel: number;
}

export interface CellStock {
  readonly runtime: string;
  /** MB of the function that the language in them was told of. */
  readonly memoryMb: number;
  readonly ready: number;
  readonly starting: number;
}

interface Stock {
  readonly kind: CellKind;
  readonly demand: CellDemand;
  /** The oldest first, which is taken first. */
  readonly cells: Set<Cell>;
  growing: number;
  /** Starts that wait for those that are growing, no more than these are. */
  readonly waiting: ((cell: Cell | undefined) => void)[];
}

export class StemCells {
  readonly #options: StemCellsOptions;
  readonly #stocks = new Map<string, Stock>();
  readonly #underway = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  /** Starts that somebody waits for. */
  #holds = 0;
  #failures = 0;
  #pausedUntilMs = 0;
  #isClosed = false;

  constructor(options: StemCellsOptions) {
    this.#options = options;
  }

  /** Cells that are ready. */
  get size(): number {
    let size = 0;
    for (const { cells } of this.#stocks.values()) size += cells.size;
    return size;
  }

  /** What is in stock, of each kind. */
  list(): CellStock[] {
    return [...this.#stocks.values()].map(({ kind, cells, growing }) => {
      const { installation, memoryMb } = kind;
      return { runtime: installation.runtime, memoryMb, ready: cells.size, starting: growing };
    });
  }

  /** Begin to make cells: not before the region is ready. */
  start(): void {
    if (this.#options.stock === 0 || !this.#options.driver.createCell) return;
    this.#timer = setInterval(() => this.#review(), REVIEW_EVERY_MS);
    this.#timer.unref();
    // Whoever starts the region is to hear first that it is ready.
    setImmediate(() => this.#refill());
  }

  /** There is such a function: its first start shall be quick. @param isNew it will probably start soon */
  expect(version: FunctionVersion, isNew: boolean): void {
    const stock = this.#stockFor(version);
    if (isNew) stock?.demand.expect(version.functionArn, performance.now());
    this.#refill();
  }

  /**
   * A cell for a cold start of this version, whose owner is the caller from now on; one that is being made, where it is
   * nobody's yet: it is ready sooner than what would be started now. Undefined when there is none.
   */
  async take(version: FunctionVersion): Promise<Cell | undefined> {
    const stock = this.#stockFor(version);
    if (!stock) return undefined;
    stock.demand.started(version.functionArn, performance.now());
    const [cell] = stock.cells;
    if (!cell && stock.growing > stock.waiting.length) return new Promise((resolve) => stock.waiting.push(resolve));
    if (cell) stock.cells.delete(cell);
    return cell;
  }

  /** Somebody waits for a start: nothing is made meanwhile. @returns to be called when that is over */
  hold(): () => void {
    this.#holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      // Not in the same moment: what comes next may be another start.
      setImmediate(() => this.#refill());
    };
  }

  /** End the cell that will be missed least. @returns false when there is none */
  async giveUp(): Promise<boolean> {
    const stocks = [...this.#stocks.values()].filter(({ cells }) => cells.size > 0);
    const [least] = stocks.sort((one, other) => one.demand.lastSignMs - other.demand.lastSignMs);
    if (!least) return false;
    await this.#endOne(least);
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all(this.#underway);
    const ends = [...this.#stocks.values()].flatMap((stock) => [...stock.cells].map(() => this.#endOne(stock)));
    await Promise.all(ends);
    this.#stocks.clear();
  }

  #stockFor(version: FunctionVersion): Stock | undefined {
    if (this.#isClosed || this.#options.stock === 0 || !this.#options.driver.createCell) return undefined;
    const installation = this.#options.runtimes.find(version.runtime ?? "");
    const kind = installation && cellKindOf(version, installation);
    if (!kind) return undefined;
    const known = this.#stocks.get(kind.key);
    if (known) return known;
    const demand = new CellDemand(performance.now());
    const stock: Stock = { kind, demand, cells: new Set(), growing: 0, waiting: [] };
    this.#stocks.set(kind.key, stock);
    return stock;
  }

  #wanted({ demand }: Stock, nowMs: number): number {
    const { stock } = this.#options;
    if (stock === "auto") return demand.wanted(nowMs);
    return demand.isForgotten(nowMs) ? 0 : stock;
  }

  /** Make what is missing, as long as that is in nobody's way. Each cell that is made asks again. */
  #refill(): void {
    const { parallel, placement } = this.#options;
    while (this.#timer && !this.#isClosed && this.#holds === 0 && this.#underway.size < parallel) {
      const nowMs = performance.now();
      const stock = this.#neediest(nowMs);
      if (!stock || nowMs < this.#pausedUntilMs) return;
      if (this.size + this.#underway.size >= Math.min(MOST_CELLS, placement.roomForCells(this.size))) return;
      this.#keep(this.#grow(stock));
    }
  }

  /** The one with the smallest part of what it wants. */
  #neediest(nowMs: number): Stock | undefined {
    let neediest: Stock | undefined;
    let least = 1;
    for (const stock of this.#stocks.values()) {
      const wanted = this.#wanted(stock, nowMs);
      const share = (stock.cells.size + stock.growing) / wanted;
      if (wanted === 0 || share >= least) continue;
      neediest = stock;
      least = share;
    }
    return neediest;
  }

  #keep(work: Promise<void>): void {
    this.#underway.add(work);
    void work.finally(() => {
      this.#underway.delete(work);
      this.#refill();
    });
  }

  /** Never rejects. */
  async #grow(stock: Stock): Promise<void> {
    stock.growing++;
    let made: Cell | undefined;
    try {
      const cell = await this.#make(stock.kind);
      this.#failures = 0;
      if (this.#isClosed) return await cell.destroy();
      made = cell;
      void cell.ended.then(() => this.#lost(stock, cell));
    } catch (error) {
      this.#failures++;
      this.#pausedUntilMs = performance.now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
      const { runtime } = stock.kind.installation;
      if (!this.#isClosed) this.#options.log.warn("a stem cell could not be made", { runtime, error });
    } finally {
      stock.growing--;
      const waiter = stock.waiting.shift();
      if (waiter) waiter(made);
      else if (made) stock.cells.add(made);
    }
  }

  async #make({ installation, memoryMb }: CellKind): Promise<Cell> {
    const { driver, runtimes, log } = this.#options;
    await runtimes.prepare(installation.runtime);
    const { bootstrapDirectory: runtime, languageDirectory: language } = installation;
    const cell = await (driver.createCell as NonNullable<SandboxDriver["createCell"]>)({
      id: `env-${randomBytes(8).toString("hex")}`,
      directories: { ...(runtime !== undefined && { runtime }), ...(language !== undefined && { language }) },
      onOutput: (chunk) => log.warn("a stem cell wrote", { runtime: installation.runtime, text: String(chunk) }),
    });
    await cell.boot({
      argv: installation.command(cell.paths, { memoryMb }),
      environment: cellVariables(installation, cell),
      workingDirectory: cell.paths.task,
    });
    return cell;
  }

  /** It ended without having been anyone's, or long after it was taken. */
  #lost(stock: Stock, cell: Cell): void {
    if (!stock.cells.delete(cell)) return;
    void cell.destroy();
    this.#refill();
  }

  /** End what is too much, and forget kinds that are not used any more. */
  #review(): void {
    const nowMs = performance.now();
    const byUse = [...this.#stocks].sort(([, one], [, other]) => other.demand.lastSignMs - one.demand.lastSignMs);
    for (const [index, [key, stock]] of byUse.entries()) {
      const wanted = index < MOST_KINDS ? this.#wanted(stock, nowMs) : 0;
      const surplus = Math.min(ENDED_TOGETHER, stock.cells.size - wanted);
      for (let ended = 0; ended < surplus; ended++) void this.#endOne(stock);
      if (wanted === 0 && stock.cells.size + stock.growing === 0) this.#stocks.delete(key);
    }
    this.#refill();
  }

  async #endOne({ cells }: Stock): Promise<void> {
    const [cell] = cells;
    if (!cell) return;
    cells.delete(cell);
    await cell.destroy();
  }
}
