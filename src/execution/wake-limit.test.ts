import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { WakeLimit } from "./wake-limit.ts";

const AT_ONCE = 2 * availableParallelism();

interface PlayedEnvironment {
  runningSinceMs: number | undefined;
}

function playedFleet(busy: number, idle: number) {
  const now = performance.now();
  const running = Array.from({ length: busy }, (): PlayedEnvironment => ({ runningSinceMs: now + 60_000 }));
  const resting = Array.from({ length: idle }, (): PlayedEnvironment => ({ runningSinceMs: undefined }));
  const got: PlayedEnvironment[] = [];
  const refused: unknown[] = [];
  return {
    idle: resting,
    all: new Set([...running, ...resting]),
    waiters: [] as { resolve(environment: PlayedEnvironment): void; reject(error: unknown): void }[],
    running,
    got,
    refused,
    wait() {
      this.waiters.push({ resolve: (environment) => got.push(environment), reject: (error) => refused.push(error) });
    },
  };
}

type Played = ReturnType<typeof playedFleet>;

function limitAt(use: number, onShortage: (fleet: Played) => void = () => {}) {
  const limit = new WakeLimit<PlayedEnvironment, Played>(onShortage, () => use);
  limit.measure();
  return limit;
}

test("a region with time to spare wakes an idle environment for every invocation", () => {
  const limit = limitAt(0.5);
  assert.equal(limit.isReached(playedFleet(100, 1)), false);
  limit.close(undefined);
});

test("a region without time to spare wakes no more than it can run", () => {
  const limit = limitAt(1);
  assert.equal(limit.isReached(playedFleet(AT_ONCE - 1, 10)), false);
  assert.equal(limit.isReached(playedFleet(AT_ONCE, 10)), true);
  limit.close(undefined);
});

test("nobody waits where there is no idle environment to be spared: a new one is started as ever", () => {
  const limit = limitAt(1);
  assert.equal(limit.isReached(playedFleet(AT_ONCE, 0)), false);
  limit.close(undefined);
});

test("whoever waits for invocations that take long gets an idle environment", () => {
  const limit = limitAt(1);
  const fleet = playedFleet(AT_ONCE, 3);
  fleet.wait();
  fleet.wait();
  limit.watch(fleet);
  limit.check();
  assert.equal(fleet.got.length, 0, "all of them may be done at any moment");
  for (const environment of fleet.running.slice(0, 1)) environment.runningSinceMs = performance.now() - 1000;
  limit.check();
  assert.equal(fleet.got.length, 1, "one is taken for each that is stuck");
  limit.close(undefined);
});

test("whoever waits gets an idle environment as soon as there is time to spare again", () => {
  let use = 1;
  const limit = new WakeLimit<PlayedEnvironment, Played>(
    () => {},
    () => use,
  );
  limit.measure();
  const fleet = playedFleet(AT_ONCE, 3);
  fleet.wait();
  limit.watch(fleet);
  use = 0;
  limit.measure();
  limit.check();
  assert.equal(fleet.got.length, 1);
  limit.close(undefined);
});

test("when the idle ones are gone meanwhile, another is asked for", () => {
  const short: Played[] = [];
  const limit = limitAt(1, (fleet) => short.push(fleet));
  const fleet = playedFleet(AT_ONCE, 0);
  fleet.wait();
  limit.watch(fleet);
  limit.check();
  assert.deepEqual(short, [fleet]);
  limit.close(undefined);
});

test("closing refuses those who wait", () => {
  const limit = limitAt(1);
  const fleet = playedFleet(AT_ONCE, 1);
  fleet.wait();
  limit.watch(fleet);
  limit.close("closing");
  assert.deepEqual(fleet.refused, ["closing"]);
});
