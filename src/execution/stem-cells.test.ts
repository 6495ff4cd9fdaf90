import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionVersion } from "../functions/function-version.ts";
import { createLog } from "../observability/log.ts";
import { Placement } from "./placement.ts";
import { VERSION } from "./played-runtime.ts";
import { Runtimes } from "./runtimes.ts";
import type { Cell, SandboxDriver } from "./sandbox/sandbox.ts";
import { StemCells, type StemCellsOptions } from "./stem-cells.ts";

const runtimes = await Runtimes.discover();
const FUNCTION: FunctionVersion = { ...VERSION, runtime: "nodejs26.x" };
const named = (functionArn: string, memoryMb = 128): FunctionVersion => ({ ...FUNCTION, functionArn, memoryMb });

class PlayedCell {
  readonly id: string;
  readonly paths = { task: "/var/task", runtime: "/r", language: "/l", layers: "/opt", temporary: "/tmp" };
  readonly runtimeApiAddress = "";
  readonly regionEndpoint = "";
  readonly #end = Promise.withResolvers<void>();
  readonly ended = this.#end.promise;
  readonly #booting: () => Promise<void>;
  environment: Readonly<Record<string, string>> = {};
  destroyed = 0;

  constructor(id: string, booting: () => Promise<void>) {
    this.id = id;
    this.#booting = booting;
  }

  async boot({ environment }: { environment: Readonly<Record<string, string>> }): Promise<void> {
    this.environment = environment;
    await this.#booting();
  }

  die(): void {
    this.#end.resolve();
  }

  async destroy(): Promise<void> {
    this.destroyed++;
    this.die();
  }
}

function played(options: Partial<StemCellsOptions> = {}, booting = async () => {}, availableMb = () => 20_000) {
  const made: PlayedCell[] = [];
  const driver = {
    name: "container",
    createCell: async ({ id }: { id: string }) => {
      const cell = new PlayedCell(id, booting);
      made.push(cell);
      return cell as unknown as Cell;
    },
  } as unknown as SandboxDriver;
  const placement = new Placement(() => ({ totalMb: 24_000, availableMb: availableMb() }));
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const cells = new StemCells({ driver, runtimes, placement, log, stock: "auto", parallel: 2, ...options });
  const until = async (size: number) => {
    while (cells.size !== size) await new Promise(setImmediate);
  };
  return { cells, made, until, lines };
}

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

test("nothing is made before it is to start; then one for each kind that there are functions of", async () => {
  const { cells, made, until } = played();
  cells.expect(named("f"), false);
  cells.expect(named("g"), false);
  cells.expect(named("h", 256), false);
  await turns();
  assert.equal(made.length, 0);
  cells.start();
  await until(2);
  await turns();
  assert.equal(made.length, 2);
  await cells.close();
  assert.deepEqual(
    made.map(({ destroyed }) => destroyed),
    [1, 1],
  );
});

test("a cell is taken once, by a function that its runtime fits, and made again", async () => {
  const { cells, made, until } = played();
  cells.start();
  cells.expect(named("f"), false);
  await until(1);
  assert.equal(await cells.take(named("f", 512)), undefined);
  assert.equal(await cells.take({ ...named("f"), environment: { NODE_OPTIONS: "--inspect" } }), undefined);
  const taken = await cells.take(named("f"));
  assert.equal(taken?.id, made[0]?.id);
  await until(2);
  assert.notEqual((await cells.take(named("f")))?.id, taken?.id);
  await cells.close();
  assert.equal(made[0]?.destroyed, 0, "it is another's now");
});

test("a cell knows nothing of any function", async () => {
  const { cells, made, until } = played();
  cells.start();
  cells.expect({ ...named("f"), environment: { SECRET: "s" }, handler: "index.handler" }, true);
  await until(1);
  const names = Object.keys(made[0]?.environment ?? {});
  assert.ok(names.includes("LD_LIBRARY_PATH") && names.includes("NODE_PATH") && names.includes("TZ"));
  for (const name of ["SECRET", "_HANDLER", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID"]) {
    assert.ok(!names.includes(name), name);
  }
  await cells.close();
});

test("functions that were just deployed have a cell each", async () => {
  const { cells, until } = played();
  cells.start();
  for (let index = 0; index < 12; index++) cells.expect(named(`f${index}`), true);
  await until(12);
  for (let index = 0; index < 12; index++) assert.ok(await cells.take(named(`f${index}`)));
  await cells.close();
});

test("a fixed stock is kept whatever the demand; none means that none are made", async () => {
  const fixed = played({ stock: 3 });
  fixed.cells.start();
  for (let index = 0; index < 12; index++) fixed.cells.expect(named(`f${index}`), true);
  await fixed.until(3);
  await turns();
  assert.equal(fixed.made.length, 3);
  await fixed.cells.close();
  const none = played({ stock: 0 });
  none.cells.start();
  none.cells.expect(named("f"), true);
  await turns();
  assert.equal(none.made.length, 0);
  assert.equal(await none.cells.take(named("f")), undefined);
  await none.cells.close();
});

test("while somebody waits for a start none is begun", async () => {
  const { cells, made, until } = played();
  const releases = [cells.hold(), cells.hold()];
  cells.start();
  cells.expect(named("f"), true);
  releases[0]?.();
  releases[0]?.();
  await turns();
  assert.equal(made.length, 0);
  releases[1]?.();
  await until(1);
  await cells.close();
});

test("a start that finds none takes the one that is being made; a second does not wait for it", async () => {
  const boot = Promise.withResolvers<void>();
  const { cells, made } = played({ parallel: 1 }, () => boot.promise);
  cells.start();
  cells.expect(named("f"), true);
  while (made.length === 0) await new Promise(setImmediate);
  const first = cells.take(named("f"));
  assert.equal(await cells.take(named("f")), undefined);
  boot.resolve();
  assert.equal((await first)?.id, made[0]?.id);
  await cells.close();
  assert.equal(made[0]?.destroyed, 0);
});

test("whoever waits for one that cannot be made starts without", async () => {
  const boot = Promise.withResolvers<void>();
  const { cells, made } = played({}, () => boot.promise);
  cells.start();
  cells.expect(named("f"), true);
  while (made.length === 0) await new Promise(setImmediate);
  const waiting = cells.take(named("f"));
  boot.reject(new Error("no"));
  assert.equal(await waiting, undefined);
  await cells.close();
});

test("no more are made at the same time than is allowed", async () => {
  let booting = 0;
  let most = 0;
  const { cells, until } = played({ parallel: 2 }, async () => {
    most = Math.max(most, ++booting);
    await turns(3);
    booting--;
  });
  cells.start();
  for (let index = 0; index < 6; index++) cells.expect(named(`f${index}`), true);
  await until(6);
  assert.equal(most, 2);
  await cells.close();
});

test("a cell that dies is replaced and never handed out", async () => {
  const { cells, made, until } = played();
  cells.start();
  cells.expect(named("f"), false);
  await until(1);
  made[0]?.die();
  while (made.length < 2 || cells.size < 1) await new Promise(setImmediate);
  assert.equal(made[0]?.destroyed, 1);
  assert.equal((await cells.take(named("f")))?.id, made[1]?.id);
  await cells.close();
});

test("they take a small part of the free memory, and none where it is short", async () => {
  const some = played({}, undefined, () => 5000);
  some.cells.start();
  for (let index = 0; index < 100; index++) some.cells.expect(named(`f${index}`), true);
  while (some.cells.size < 26) await new Promise(setImmediate);
  await turns();
  assert.ok(some.cells.size < 35, String(some.cells.size));
  await some.cells.close();
  const none = played({}, undefined, () => 3000);
  none.cells.start();
  none.cells.expect(named("f"), true);
  await turns();
  assert.equal(none.made.length, 0);
  await none.cells.close();
});

test("when memory is short they are given up, those of the kind first that was not asked for longest", async () => {
  const { cells, made, until } = played();
  cells.start();
  cells.expect(named("f", 128), true);
  await until(1);
  cells.expect(named("g", 256), true);
  await until(2);
  assert.equal(await cells.giveUp(), true);
  assert.deepEqual(
    made.slice(0, 2).map(({ destroyed }) => destroyed),
    [1, 0],
  );
  assert.equal(await cells.giveUp(), true);
  await cells.close();
});

test("a runtime that does not start is told of and not tried again at once", async () => {
  const { cells, made, lines } = played({}, () => Promise.reject(new Error("no such luck")));
  cells.start();
  cells.expect(named("f"), true);
  while (lines.length === 0) await new Promise(setImmediate);
  await turns();
  assert.equal(made.length, 1);
  assert.match(lines.join(""), /no such luck/);
  assert.equal(await cells.take(named("f")), undefined);
  await cells.close();
});

test("what was being made when the region closed is destroyed", async () => {
  const boot = Promise.withResolvers<void>();
  const { cells, made } = played({}, () => boot.promise);
  cells.start();
  cells.expect(named("f"), true);
  while (made.length === 0) await new Promise(setImmediate);
  const closed = cells.close();
  boot.resolve();
  await closed;
  assert.equal(made[0]?.destroyed, 1);
  assert.equal(cells.size, 0);
});
