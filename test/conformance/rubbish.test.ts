/**
 * Two million bytes of rubbish to every route, well signed: some of it random, some of it good input that was damaged.
 * Whatever comes of it is the caller's error or even a success, never a fault of ours.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-lambda";
import { loadModel } from "../../src/wire/model.ts";
import { TestRegion } from "../test-region.ts";
import { fuzzCases, SEED } from "../wire/fuzz-cases.ts";

const BYTES = 2_000_000;
const PIECE = 100_000;
/** Of every ten pieces so many are damaged input, which gets further than noise. */
const DAMAGED_OF_TEN = 5;
/** So many at a time, so that neither the region nor the test waits for the other. */
const SENDERS = 4;

/** The same bytes for the same seed and place. */
function noise(name: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(`${SEED} ${name}`).digest();
}

/** Good JSON with a few of its bytes changed, padded with white space to its full weight. */
function damaged(json: string, name: string): Buffer {
  const bytes = Buffer.alloc(PIECE, " ");
  bytes.write(json);
  const length = Math.min(Buffer.byteLength(json), PIECE);
  const dice = noise(name, 12);
  for (let i = 0; i + 2 < dice.length && length > 0; i += 3) {
    bytes[dice.readUInt16LE(i) % length] = dice[i + 2] as number;
  }
  return bytes;
}

/** A client whose next request carries this body, whatever the command says, and that tells the answer's status. */
function rubbishClient(endpoint: string) {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new sdk.LambdaClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  let body: Buffer | undefined;
  let status: number | undefined;
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: unknown; headers: Record<string, string> };
      request.body = body;
      request.headers["content-length"] = String(body?.length);
      return next(args);
    },
    { step: "build", priority: "low", name: "replaceBody" },
  );
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      status = (result.response as { statusCode: number }).statusCode;
      return result;
    },
    { step: "deserialize", priority: "low", name: "noteStatus" },
  );
  return {
    async send(command: sdk.InvokeCommand, rubbish: Buffer): Promise<number | undefined> {
      body = rubbish;
      status = undefined;
      // What the SDK makes of the answer does not matter here.
      await client.send(command).catch(() => {});
      return status;
    },
    destroy: () => client.destroy(),
  };
}

test("no rubbish makes any route answer with a fault of ours", async (t) => {
  const region = await TestRegion.start();
  t.after(() => region.stop());
  const commands = sdk as unknown as Record<string, new (input: unknown) => sdk.InvokeCommand>;
  const cases = fuzzCases(loadModel("lambda"), BYTES / PIECE).entries();
  const faults: string[] = [];
  const answers = new Map<number | undefined, number>();
  let sent = 0;
  /** Takes the next case until there is none. */
  const sender = async () => {
    const client = rubbishClient(region.url);
    for (const [index, { operation, input }] of cases) {
      const Command = commands[`${operation}Command`];
      assert.ok(Command, operation);
      const name = `${operation} ${index}`;
      const isDamaged = index % 10 < DAMAGED_OF_TEN;
      const body = isDamaged ? damaged(JSON.stringify(input), name) : noise(name, PIECE);
      sent += body.length;
      const status = await client.send(new Command(input), body);
      answers.set(status, (answers.get(status) ?? 0) + 1);
      // 501: an operation that is not served, and says so.
      if (status === undefined || (status >= 500 && status !== 501)) faults.push(`${name}: ${status}`);
    }
    client.destroy();
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  t.diagnostic([...answers].map(([status, count]) => `${count} × ${status}`).join(", "));
  assert.deepEqual(faults, []);
  assert.equal(sent, BYTES * loadModel("lambda").operations.size);
  assert.equal((await fetch(`${region.url}/_alonzo/health`)).status, 200);
  assert.doesNotMatch(region.stderr, /fault/);
});
