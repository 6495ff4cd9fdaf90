/** A data directory on a disk of a few megabytes that fills up. Needs the right to mount one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  LambdaServiceException,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { RegionClient } from "../../src/cli/client.ts";
import { settings } from "../api/lambda/given.ts";
import { AlonzoCommand } from "./alonzo-command.ts";

interface Queued {
  readonly counters: { readonly received: number; readonly succeeded: number; readonly dropped: number };
}

/** A directory on a disk of its own. @returns undefined where mounting is not allowed */
function smallDisk(t: TestContext, options: string): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "alonzo-disk-"));
  t.after(() => {
    // Lazily: the region is told to end by a later hook.
    spawnSync("umount", ["--lazy", directory]);
    rmdirSync(directory);
  });
  if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]).status === 0) return directory;
  t.skip("mounting is not allowed here");
  return undefined;
}

test("a full disk refuses changes with AWS's 500, does nothing by halves, and all goes on when there is space", async (t) => {
  const disk = smallDisk(t, "size=8m");
  if (!disk) return;
  const command = AlonzoCommand.spawn(t, ["start", "--isolation", "process", "--data-dir", disk]);
  const [endpoint] = await command.printed(/http:\/\/\S+:\d+/);
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const lambda = new LambdaClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  const active = (FunctionName: string) =>
    waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
  const refusal = async (call: Promise<unknown>): Promise<[string, number | undefined] | undefined> =>
    call.then(
      () => undefined,
      (error) => {
        assert.ok(error instanceof LambdaServiceException, String(error));
        return [error.name, error.$metadata.httpStatusCode];
      },
    );
  await lambda.send(new CreateFunctionCommand(settings({ FunctionName: "before" })));
  await active("before");

  const ballast = join(disk, "ballast");
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(8_388_608)), /ENOSPC/);
  assert.deepEqual(await refusal(lambda.send(new CreateFunctionCommand(settings({ FunctionName: "during" })))), [
    "ServiceException",
    500,
  ]);
  assert.deepEqual(await refusal(lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "during" }))), [
    "ResourceNotFoundException",
    404,
  ]);
  const change = (Description: string) =>
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: "before", Description }));
  let changes = 0;
  let refused = await refusal(change("x".repeat(250)));
  while (refused === undefined || refused[0] === "ResourceConflictException") {
    refused = await refusal(change("x".repeat(250) + changes++));
  }
  assert.deepEqual(refused, ["ServiceException", 500]);

  rmSync(ballast);
  await lambda.send(new CreateFunctionCommand(settings({ FunctionName: "during" })));
  await active("during");
  await active("before");
});

test("a full disk refuses events with AWS's 500 and keeps none of them, and takes others when there is space", async (t) => {
  const disk = smallDisk(t, "size=8m");
  if (!disk) return;
  const command = AlonzoCommand.spawn(t, ["start", "--isolation", "process", "--data-dir", disk]);
  const [endpoint] = await command.printed(/http:\/\/\S+:\d+/);
  const target = { endpoint, region: "us-east-1", accessKeyId: "test", secretAccessKey: "test" };
  const client = new RegionClient(target);
  const lambda = new LambdaClient({ endpoint, region: "us-east-1", credentials: target, maxAttempts: 1 });
  await lambda.send(new CreateFunctionCommand(settings({ FunctionName: "f" })));
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName: "f" });
  const send = (kilobytes: number) =>
    lambda.send(
      new InvokeCommand({
        FunctionName: "f",
        InvocationType: "Event",
        Payload: Buffer.from(JSON.stringify("x".repeat(kilobytes * 1000))),
      }),
    );
  const counted = async () => (await client.json<Queued>({ method: "GET", path: "/_alonzo/events" })).counters;

  const ballast = join(disk, "ballast");
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(8_388_608)), /ENOSPC/);
  let accepted = 0;
  let refused: unknown;
  while (refused === undefined) {
    await send(1000).then(
      () => {
        accepted += 1;
      },
      (error) => {
        refused = error;
      },
    );
  }
  assert.ok(refused instanceof LambdaServiceException);
  assert.deepEqual([refused.name, refused.$metadata.httpStatusCode], ["ServiceException", 500]);
  assert.equal((await counted()).received, accepted);

  rmSync(ballast);
  await send(1);
  // What ran while nothing could be written down runs again.
  let counters = await counted();
  while (counters.succeeded < accepted + 1) counters = await counted();
  assert.deepEqual([counters.received, counters.succeeded, counters.dropped], [accepted + 1, accepted + 1, 0]);
});

test("a data directory that cannot be written is told in one line, without a stack", async (t) => {
  const disk = smallDisk(t, "size=1m,ro");
  if (!disk) return;
  const { code, stderr } = await AlonzoCommand.run(t, ["start", "--data-dir", disk]);
  assert.equal(code, 2);
  assert.equal(stderr, `alonzo start: ${disk} cannot be written: make it writable, or choose another data directory\n`);
});
