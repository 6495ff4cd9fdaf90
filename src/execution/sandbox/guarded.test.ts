import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { guardDriver } from "./guarded.ts";
import type { Sandbox, SandboxDriver, SandboxSpec } from "./sandbox.ts";

const SPEC: SandboxSpec = {
  id: "one",
  directories: { task: "/" },
  memoryMb: 128,
  ephemeralStorageMb: 512,
  onOutput() {},
  onExtensionOutput() {},
  onRuntimeApiConnection() {},
  onRegionConnection() {},
};
const COMMAND = { argv: ["true"], environment: {}, workingDirectory: "/" };

/** A driver that does nothing but note what was asked of it. */
function recordingDriver(
  overrides: Partial<Sandbox> = {},
  boot = (calls: string[]) => void calls.push("boot"),
): { driver: SandboxDriver; calls: string[] } {
  const calls: string[] = [];
  const note = (name: string) => (): void => {
    calls.push(name);
  };
  const sandbox: Sandbox = {
    id: SPEC.id,
    paths: { task: "", runtime: "", language: "", layers: "", temporary: "" },
    runtimeApiAddress: "",
    regionEndpoint: "",
    startExtensions: async () => {
      calls.push("startExtensions");
      return [];
    },
    killRuntime: note("killRuntime"),
    start: async () => {
      calls.push("start");
      return { exited: new Promise(() => {}) };
    },
    terminate: note("terminate"),
    reset: async () => note("reset")(),
    freeze: note("freeze"),
    thaw: note("thaw"),
    connect: () => {
      calls.push("connect");
      return new Socket();
    },
    peakMemoryMb: () => 42,
    destroy: async () => note("destroy")(),
    ...overrides,
  };
  const driver: SandboxDriver = {
    name: "process",
    capabilities: {
      freeze: true,
      memoryLimit: false,
      networkIsolation: false,
      readOnlyRoot: false,
      separateUser: false,
    },
    description: "",
    create: async () => sandbox,
    createCell: async ({ id }) => ({
      ...sandbox,
      id,
      ended: new Promise(() => {}),
      boot: async () => boot(calls),
      adopt: () => {
        calls.push("adopt");
        return sandbox;
      },
      destroy: async () => note("destroy cell")(),
    }),
    snapshots: {
      machine: "played 1",
      take: async (taken) => void calls.push(taken === sandbox ? "take" : "take of another"),
      restore: async () => ({ sandbox, exited: new Promise(() => {}), extensionsExited: [] }),
    },
    close: async () => note("close")(),
  };
  return { driver: guardDriver(driver), calls };
}

test("repeated freeze and thaw reach the driver once", async () => {
  const { driver, calls } = recordingDriver();
  const sandbox = await driver.create(SPEC);
  sandbox.freeze();
  await sandbox.start(COMMAND);
  sandbox.thaw();
  sandbox.freeze();
  sandbox.freeze();
  sandbox.thaw();
  sandbox.thaw();
  assert.deepEqual(calls, ["start", "freeze", "thaw"]);
});

test("the first failure is the end of a sandbox: it is destroyed and refuses everything after", async () => {
  const { driver, calls } = recordingDriver({ reset: () => Promise.reject(new Error("stuck")) });
  const sandbox = await driver.create(SPEC);
  await sandbox.start(COMMAND);
  await assert.rejects(sandbox.reset(), /sandbox one failed: stuck/);
  await assert.rejects(sandbox.start(COMMAND), /destroyed|stuck/);
  sandbox.freeze();
  await sandbox.destroy();
  assert.deepEqual(calls, ["start", "destroy"]);
});

test("a freeze, thaw or reading that fails throws at nobody: the processes end and the sandbox refuses", async () => {
  const fail = () => {
    throw new Error("no such group");
  };
  for (const method of ["freeze", "thaw", "peakMemoryMb"] as const) {
    const { driver, calls } = recordingDriver({ [method]: fail });
    const sandbox = await driver.create(SPEC);
    await sandbox.start(COMMAND);
    sandbox.freeze();
    sandbox.thaw();
    sandbox.peakMemoryMb();
    await assert.rejects(sandbox.reset(), /no such group/);
    assert.equal(calls.at(-1), "destroy");
  }
});

test("operations run one at a time, in the order asked", async () => {
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const { driver } = recordingDriver({
    reset: async () => {
      await gate.promise;
      order.push("reset");
    },
    destroy: async () => {
      order.push("destroy");
    },
  });
  const sandbox = await driver.create(SPEC);
  const both = [sandbox.reset(), sandbox.destroy()];
  gate.resolve();
  await Promise.all(both);
  assert.deepEqual(order, ["reset", "destroy"]);
});

test("destroy never rejects and is done once", async () => {
  let count = 0;
  const { driver } = recordingDriver({
    destroy: () => {
      count++;
      return Promise.reject(new Error("busy"));
    },
  });
  const sandbox = await driver.create(SPEC);
  await Promise.all([sandbox.destroy(), sandbox.destroy()]);
  assert.equal(count, 1);
});

test("an id that could leave its directory is refused", async () => {
  const { driver } = recordingDriver();
  await assert.rejects(driver.create({ ...SPEC, id: "../x" }), /cannot name a sandbox/);
});

test("a closed driver makes no more sandboxes", async () => {
  const { driver, calls } = recordingDriver();
  await driver.close();
  await driver.close();
  await assert.rejects(driver.create(SPEC), /closed/);
  assert.deepEqual(calls, ["close"]);
});

const CELL = { id: "cell", directories: {}, onOutput() {} };

test("a cell boots once, is adopted once, and only when it has booted", async () => {
  const { driver, calls } = recordingDriver();
  const cell = await driver.createCell?.(CELL);
  assert(cell);
  assert.throws(() => cell.adopt(SPEC), /cannot be adopted: it is new/);
  await cell.boot(COMMAND);
  await assert.rejects(cell.boot(COMMAND), /cannot boot: it is waiting/);
  const sandbox = cell.adopt(SPEC);
  assert.throws(() => cell.adopt(SPEC), /cannot be adopted: it is adopted/);
  await cell.destroy();
  assert.deepEqual(calls, ["boot", "adopt"], "it is its function's to end now");
  await sandbox.start(COMMAND);
  await assert.rejects(sandbox.start(COMMAND), /runs already/);
});

test("a cell that cannot boot is destroyed, and one that was destroyed is nobody's", async () => {
  const { driver, calls } = recordingDriver({}, () => {
    throw new Error("no");
  });
  const cell = await driver.createCell?.(CELL);
  assert(cell);
  await assert.rejects(cell.boot(COMMAND), /no/);
  await cell.destroy();
  assert.throws(() => cell.adopt(SPEC), /it is destroyed/);
  assert.deepEqual(calls, ["destroy cell"]);
});

test("a driver that starts nothing ahead has no cells when it is guarded, either", () => {
  const { driver } = recordingDriver();
  const { createCell: _, ...without } = driver;
  assert.equal(guardDriver(without).createCell, undefined);
});

test("of a sandbox that was taken as a snapshot nothing is left but to destroy it", async () => {
  const { driver, calls } = recordingDriver();
  const sandbox = await driver.create(SPEC);
  await sandbox.start(COMMAND);
  await driver.snapshots?.take(sandbox, "/snapshot");
  sandbox.thaw();
  sandbox.terminate();
  await assert.rejects(sandbox.reset(), /was taken as a snapshot/);
  await sandbox.destroy();
  assert.deepEqual(calls, ["start", "take", "destroy"]);
});

test("a snapshot cannot be taken of a sandbox in which nothing runs", async () => {
  const { driver, calls } = recordingDriver();
  const sandbox = await driver.create(SPEC);
  await assert.rejects(async () => driver.snapshots?.take(sandbox, "/snapshot"), /nothing runs/);
  await sandbox.destroy();
  assert.deepEqual(calls, ["destroy"]);
});

test("a restored sandbox runs already: it freezes, and starts again only after a reset", async () => {
  const { driver, calls } = recordingDriver();
  const restored = await driver.snapshots?.restore("/snapshot", SPEC);
  const sandbox = restored?.sandbox as Sandbox;
  sandbox.freeze();
  sandbox.thaw();
  await sandbox.reset();
  await sandbox.start(COMMAND);
  assert.deepEqual(calls, ["freeze", "thaw", "reset", "start"]);
});
