import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { zipOf } from "../../test/api/lambda/zip.ts";
import { CapacityProviders } from "../functions/capacity-providers.ts";
import { Catalog } from "../functions/catalog.ts";
import { CodeSigningConfigs } from "../functions/code-signing-configs.ts";
import { CodeStore } from "../functions/code-store.ts";
import { EventSourceMappings } from "../functions/event-source-mappings.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import { Layers } from "../functions/layers.ts";
import { systemClock } from "../state/clock.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import type { CallContext } from "../wire/service.ts";
import { ServiceError } from "../wire/service-error.ts";
import { AccountConcurrency } from "./account-concurrency.ts";
import { CodeStorage } from "./code-storage.ts";
import {
  Activation,
  CapacityProviderLifecycle,
  createLambdaHandlers,
  FunctionScalingControl,
  type Lambda,
  MappingLifecycle,
  type Preparation,
} from "./index.ts";

const PLACE = { region: "us-east-1", accountId: "123456789012" };
const CALL: CallContext = {
  ...PLACE,
  requestId: "r",
  endpoint: "http://127.0.0.1:4566",
  principal: { arn: "arn:aws:iam::123456789012:root", accountId: "123456789012", kind: "administrator" },
};

const directory = mkdtempSync(join(tmpdir(), "alonzo-management-"));
const codeStore = await CodeStore.open(directory, systemClock);
after(async () => {
  await codeStore.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Management over an empty catalog; each preparation waits for its answer from the test. */
async function management() {
  const database = openDatabase(":memory:");
  const catalog = await Catalog.open(database, PLACE);
  const capacityProviders = await CapacityProviders.open(database);
  const mappings = await EventSourceMappings.open(database);
  const waiting: { version: FunctionVersion; answer: (preparation: Preparation) => void }[] = [];
  const faults: unknown[] = [];
  const newActivation = () =>
    new Activation({
      catalog,
      prepare: (version) => new Promise((answer) => waiting.push({ version, answer })),
      onFault: (error) => faults.push(error),
    });
  const activation = newActivation();
  const layers = await Layers.open(database);
  const handlers = createLambdaHandlers({
    catalog,
    codeStore,
    layers,
    codeStorage: new CodeStorage(Number.MAX_SAFE_INTEGER, catalog, layers),
    codeSigning: await CodeSigningConfigs.open(database),
    signingProfiles: [],
    onUntrustedCode: () => {},
    clock: systemClock,
    fail: failFor<Lambda>(loadModel<Lambda>("lambda")),
    activation,
    capacityProviders,
    capacityProviderLifecycle: new CapacityProviderLifecycle({
      providers: capacityProviders,
      onFault: (error) => faults.push(error),
    }),
    functionScaling: new FunctionScalingControl({ catalog, onFault: (error) => faults.push(error) }),
    mappings,
    readCodeObject: async () => Buffer.alloc(0),
    resolveImage: async () => ({ kind: "unknown" }),
    isElsewhere: () => false,
    mappingLifecycle: new MappingLifecycle({
      mappings,
      pollers: { refusal: async () => undefined, begin: async () => ({ ok: true }), end: async () => {} },
      onFault: (error) => faults.push(error),
    }),
    codeUrl: (codeSha256, endpoint) => `${endpoint}/${codeSha256}`,
    account: new AccountConcurrency(catalog, { accountConcurrency: 1000, unreservedConcurrency: 100 }),
    concurrency: { apply: async () => {}, allocation: () => undefined },
  });
  const settle = async (preparation: Preparation) => {
    for (const { answer } of waiting.splice(0)) answer(preparation);
    await activation.settled();
  };
  const create = (more: object = {}) =>
    handlers.CreateFunction(
      {
        FunctionName: "f",
        Role: "arn:aws:iam::123456789012:role/r",
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Code: { ZipFile: zipOf({ "index.js": "1" }) },
        ...more,
      },
      CALL,
    );
  const get = () => handlers.GetFunctionConfiguration({ FunctionName: "f" }, CALL);
  return { catalog, handlers, waiting, faults, settle, create, get, newActivation };
}

const BROKEN: Preparation = { ok: false, reasonCode: "InvalidRuntime", reason: "There is no such language here." };

test("what cannot be recorded is recorded later, or left to the next life of a region that closes", async () => {
  const { catalog, create, get, waiting } = await management();
  const faults: unknown[] = [];
  const pauses: number[] = [];
  let free = false;
  const settle = catalog.settle.bind(catalog);
  catalog.settle = (...told) => (free ? settle(...told) : Promise.reject(new Error("database or disk is full")));
  const start = (pause: (ms: number, signal: AbortSignal) => Promise<void>) =>
    new Activation({ catalog, prepare: async () => ({ ok: true }), onFault: (error) => faults.push(error), pause });
  await create();
  const version = waiting[0]?.version as FunctionVersion;

  const closing = start((_, signal) => new Promise((_, reject) => signal.addEventListener("abort", reject)));
  closing.start(version);
  while (faults.length === 0) await new Promise(setImmediate);
  await closing.close();
  assert.equal((await get()).State, "Pending");

  const patient = start(async (ms) => {
    pauses.push(ms);
    free = pauses.length === 3;
  });
  patient.start(version);
  await patient.settled();
  assert.equal((await get()).State, "Active");
  assert.deepEqual(pauses, [1000, 2000, 4000]);
  assert.equal(faults.length, 4);
});

async function refusal(call: Promise<unknown>, code: string, message: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ServiceError, String(error));
    assert.deepEqual([error.code, error.message], [code, message]);
    return true;
  });
}

test("a function is Pending until it is prepared, then Active with a new revision", async () => {
  const { create, get, settle } = await management();
  const created = await create();
  assert.equal(created.State, "Pending");
  assert.equal(created.StateReason, "The function is being created.");
  assert.equal(created.StateReasonCode, "Creating");
  assert.equal(created.LastUpdateStatus, undefined);
  await settle({ ok: true });
  const active = await get();
  assert.equal(active.State, "Active");
  assert.equal(active.LastUpdateStatus, "Successful");
  assert.equal(active.StateReason, undefined);
  assert.equal(active.StateReasonCode, undefined);
  assert.notEqual(active.RevisionId, created.RevisionId);
});

test("a function that cannot be prepared is Failed, says why, and can be mended by an update", async () => {
  const { create, get, settle, handlers, catalog } = await management();
  await create();
  await settle(BROKEN);
  const failed = await get();
  assert.deepEqual(
    [failed.State, failed.StateReasonCode, failed.StateReason],
    ["Failed", "InvalidRuntime", "There is no such language here."],
  );
  await handlers.UpdateFunctionConfiguration({ FunctionName: "f", Runtime: "python3.11" }, CALL);
  assert.equal((await catalog.resolve("f"))?.state, "Failed");
  await settle({ ok: true });
  const mended = await get();
  assert.deepEqual(
    [mended.State, mended.StateReasonCode, mended.LastUpdateStatus],
    ["Active", undefined, "Successful"],
  );
});

test("a preparation that breaks is a fault of ours and an InternalError of the function's", async () => {
  const { catalog, create, get, settle } = await management();
  const faults: unknown[] = [];
  const activation = new Activation({
    catalog,
    prepare: () => Promise.reject(new Error("disk on fire")),
    onFault: (error) => faults.push(error),
  });
  await create();
  const version = await catalog.describe("f");
  assert.ok(version);
  activation.start(version);
  await activation.settled();
  assert.deepEqual([(await get()).State, (await get()).StateReasonCode], ["Failed", "InternalError"]);
  assert.match(String(faults[0]), /disk on fire/);
  await settle({ ok: true });
  assert.equal((await get()).State, "Failed", "an answer for an older revision changes nothing");
});

test("while Pending and while InProgress a function cannot be changed or published", async () => {
  const { create, handlers, settle } = await management();
  await create();
  const zip = zipOf({ "index.js": "2" });
  const changes = () => [
    handlers.UpdateFunctionConfiguration({ FunctionName: "f", Timeout: 5 }, CALL),
    handlers.UpdateFunctionCode({ FunctionName: "f", ZipFile: zip }, CALL),
    handlers.PublishVersion({ FunctionName: "f" }, CALL),
  ];
  for (const change of changes()) {
    await refusal(
      change,
      "ResourceConflictException",
      "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    );
  }
  await settle({ ok: true });
  const updating = await handlers.UpdateFunctionConfiguration({ FunctionName: "f", Timeout: 5 }, CALL);
  assert.equal(updating.State, "Active");
  assert.equal(updating.LastUpdateStatus, "InProgress");
  assert.equal(updating.LastUpdateStatusReason, "The function is being created.");
  assert.equal(updating.LastUpdateStatusReasonCode, "Creating");
  for (const change of changes()) {
    await refusal(
      change,
      "ResourceConflictException",
      "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:123456789012:function:f",
    );
  }
});

test("the old configuration runs while an update is in progress, and after one that failed", async () => {
  const { catalog, create, handlers, settle, get } = await management();
  await create();
  await settle({ ok: true });
  await handlers.UpdateFunctionConfiguration({ FunctionName: "f", MemorySize: 512 }, CALL);
  assert.equal((await get()).MemorySize, 512);
  assert.equal((await catalog.resolve("f"))?.memoryMb, 128);
  await settle(BROKEN);
  const failed = await get();
  assert.deepEqual(
    [failed.State, failed.LastUpdateStatus, failed.LastUpdateStatusReasonCode, failed.LastUpdateStatusReason],
    ["Active", "Failed", "InvalidRuntime", "There is no such language here."],
  );
  assert.equal((await catalog.resolve("f"))?.memoryMb, 128);
});

test("what is unfinished when a region ends is taken up by the next", async () => {
  const { create, get, waiting, newActivation } = await management();
  await create({ Publish: true });
  waiting.splice(0);
  const next = newActivation();
  await next.resume();
  assert.deepEqual(waiting.map(({ version }) => version.version).sort(), ["$LATEST", "1"]);
  for (const { answer } of waiting.splice(0)) answer({ ok: true });
  await next.settled();
  assert.equal((await get()).State, "Active");
});

test("a version published with new code goes through Pending by itself", async () => {
  const { create, handlers, settle, catalog } = await management();
  await create();
  await settle({ ok: true });
  const published = await handlers.UpdateFunctionCode(
    { FunctionName: "f", ZipFile: zipOf({ "index.js": "3" }), Publish: true },
    CALL,
  );
  assert.equal(published.FunctionArn, "arn:aws:lambda:us-east-1:123456789012:function:f:1");
  assert.deepEqual([published.Version, published.State], ["1", "Pending"]);
  assert.equal(published.LastUpdateStatus, undefined);
  await settle({ ok: true });
  assert.equal((await catalog.resolve("f", "1"))?.state, "Active");
});
