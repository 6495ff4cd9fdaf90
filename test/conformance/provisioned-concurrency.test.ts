/** Provisioned concurrency: the control operations. What invocations make of it is in test/e2e/provisioned.test.ts. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetAccountSettingsCommand,
  GetProvisionedConcurrencyConfigCommand,
  ListProvisionedConcurrencyConfigsCommand,
  type ListProvisionedConcurrencyConfigsCommandInput,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, newName, settings, settled } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const MODIFIED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/;
const UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
const OVER_RESERVED =
  "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function";

describe("provisioned concurrency", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const put = (FunctionName: string, Qualifier: string, ProvisionedConcurrentExecutions: number) =>
    suite.lambda.send(
      new PutProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier, ProvisionedConcurrentExecutions }),
    );
  const get = (FunctionName: string, Qualifier: string) =>
    suite.lambda.send(new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
  const remove = (FunctionName: string, Qualifier: string) =>
    suite.lambda.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
  const list = (FunctionName: string, input: Partial<ListProvisionedConcurrencyConfigsCommandInput> = {}) =>
    suite.lambda.send(new ListProvisionedConcurrencyConfigsCommand({ FunctionName, ...input }));
  const reserve = (FunctionName: string, ReservedConcurrentExecutions: number) =>
    suite.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const conflict = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 409, name: "ResourceConflictException", message });
  const notFound = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });
  const notProvisioned = (call: Promise<unknown>) =>
    suite.refused(call, {
      status: 404,
      name: "ProvisionedConcurrencyConfigNotFoundException",
      message: "No Provisioned Concurrency Config found for this function",
    });
  const unreserved = async () =>
    (await suite.lambda.send(new GetAccountSettingsCommand({}))).AccountLimit?.UnreservedConcurrentExecutions;
  const alias = (FunctionName: string, Name: string, FunctionVersion: string) =>
    suite.lambda.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion }));

  /** With as many published versions. */
  async function published(versions = 1): Promise<string> {
    const FunctionName = await activeFunction(suite.region);
    for (let version = 1; version <= versions; version++) {
      await suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: version }));
      await settled(suite.region, FunctionName);
      await suite.lambda.send(new PublishVersionCommand({ FunctionName }));
      await settled(suite.region, FunctionName, String(version));
    }
    return FunctionName;
  }

  async function ready(FunctionName: string, Qualifier: string) {
    for (;;) {
      const { $metadata, LastModified, ...config } = await get(FunctionName, Qualifier);
      if (config.Status !== "IN_PROGRESS") return config;
    }
  }
  const complete = (executions: number) => ({
    RequestedProvisionedConcurrentExecutions: executions,
    AvailableProvisionedConcurrentExecutions: executions,
    AllocatedProvisionedConcurrentExecutions: executions,
    Status: "READY",
  });

  test("of a version begins in progress, becomes ready, is changed, and is allocated again after a crash", async () => {
    const name = await published();
    const { $metadata, LastModified, ...begun } = await put(name, "1", 1);
    assert.deepEqual(begun, {
      RequestedProvisionedConcurrentExecutions: 1,
      AvailableProvisionedConcurrentExecutions: 0,
      AllocatedProvisionedConcurrentExecutions: 0,
      Status: "IN_PROGRESS",
    });
    assert.match(LastModified ?? "", MODIFIED);
    assert.deepEqual(await ready(name, "1"), complete(1));
    assert.equal((await put(name, "1", 2)).AvailableProvisionedConcurrentExecutions, 1);
    assert.deepEqual(await ready(name, "1"), complete(2));
    await suite.restart();
    assert.deepEqual(await ready(name, "1"), complete(2));
    assert.equal(await unreserved(), 998);
    await remove(name, "1");
    await suite.restart();
    await notProvisioned(get(name, "1"));
    assert.equal(await unreserved(), 1000);
  });

  test("that is taken back is gone, as often as it is taken back", async () => {
    const name = await published();
    await put(name, "1", 1);
    await remove(name, "1");
    await remove(name, "1");
    await notProvisioned(get(name, "1"));
    assert.deepEqual((await list(name)).ProvisionedConcurrencyConfigs, []);
  });

  test("of an alias moves with it, and goes with it", async () => {
    const name = await published(2);
    await alias(name, "live", "1");
    await put(name, "live", 1);
    assert.deepEqual(await ready(name, "live"), complete(1));
    const move = (FunctionVersion: string) =>
      suite.lambda.send(new UpdateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion }));
    await move("2");
    assert.deepEqual(await ready(name, "live"), complete(1));
    await invalid(move("$LATEST"), UNPUBLISHED);
    await put(name, "1", 1);
    await conflict(
      move("1"),
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
    await suite.lambda.send(new DeleteAliasCommand({ FunctionName: name, Name: "live" }));
    await notFound(get(name, "live"), `Cannot find alias arn: ${ARN}${name}:live`);
    await alias(name, "live", "2");
    await notProvisioned(get(name, "live"));
    await remove(name, "1");
  });

  test("goes with its version and its function", async () => {
    const name = await published(2);
    await put(name, "1", 1);
    await put(name, "2", 1);
    const before = await unreserved();
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name, Qualifier: "1" }));
    assert.equal(await unreserved(), (before ?? 0) + 1);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    assert.equal(await unreserved(), (before ?? 0) + 2);
  });

  test("is of a version or of aliases that point to it, not of both", async () => {
    const name = await published();
    await alias(name, "live", "1");
    await put(name, "1", 1);
    await conflict(
      put(name, "live", 1),
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
    await remove(name, "1");
    await put(name, "live", 1);
    await conflict(put(name, "1", 1), "Version is pointed by a Provisioned Concurrency alias");
    await remove(name, "live");
  });

  test("is of published versions only", async () => {
    const name = await published();
    await invalid(put(name, "$LATEST", 1), UNPUBLISHED);
    const message = "The function resource provided must be an alias or a published version.";
    await invalid(get(name, "$LATEST"), message);
    await invalid(remove(name, "$LATEST"), message);
    await alias(name, "newest", "$LATEST");
    await invalid(put(name, "newest", 1), UNPUBLISHED);
  });

  test("is of what exists", async () => {
    const [name, unknown] = [await published(), newName()];
    for (const call of [put, get, remove]) {
      await notFound(call(unknown, "1", 1), `Function not found: ${ARN}${unknown}:1`);
      await notFound(call(name, "9", 1), `Function not found: ${ARN}${name}:9`);
      await notFound(call(name, "none", 1), `Cannot find alias arn: ${ARN}${name}:none`);
    }
    await notFound(list(unknown), `Function not found: ${ARN}${unknown}`);
    const message = "The derived qualifier from the function name does not match the specified qualifier.";
    await invalid(put(`${name}:1`, "2", 1), message);
  });

  test("stays within what the function has reserved, and what it has reserved above it", async () => {
    const name = await published(2);
    const before = (await unreserved()) ?? 0;
    await reserve(name, 2);
    await put(name, "1", 1);
    assert.equal(await unreserved(), before - 2, "what is provisioned is part of what is reserved");
    await invalid(put(name, "2", 2), OVER_RESERVED);
    await put(name, "2", 1);
    await invalid(put(name, "2", 2), OVER_RESERVED);
    await invalid(
      reserve(name, 1),
      " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].",
    );
    await reserve(name, 3);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
  });

  test("leaves 100 of the account unreserved", async () => {
    const [name, other] = [await published(), await activeFunction(suite.region)];
    await reserve(other, 898);
    await invalid(
      put(name, "1", 103),
      "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [102].",
    );
    await invalid(
      put(name, "1", 3),
      "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    );
    await put(name, "1", 2);
    assert.equal(await unreserved(), 100);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: other }));
  });

  test("is not of functions with tenants apart, nor of those that start from snapshots", async () => {
    const variants = [
      [{ TenancyConfig: { TenantIsolationMode: "PER_TENANT" } }, "functions with tenant isolation."],
      [{ SnapStart: { ApplyOn: "PublishedVersions" }, Runtime: "python3.12" }, "SnapStart enabled functions."],
    ] as const;
    for (const [more, which] of variants) {
      const { FunctionName = "" } = await suite.lambda.send(new CreateFunctionCommand(settings(more)));
      await settled(suite.region, FunctionName);
      const { Version = "" } = await suite.lambda.send(new PublishVersionCommand({ FunctionName }));
      await invalid(put(FunctionName, Version, 1), `Provisioned Concurrency is not supported for ${which}`);
    }
  });

  test("is at least 1", async () => {
    const name = await published();
    await suite.refused(put(name, "1", 0), {
      status: 400,
      name: "ValidationException",
      message:
        "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 1",
    });
  });

  test("is listed by qualifier, page by page", async () => {
    const name = await published(2);
    await alias(name, "live", "2");
    await put(name, "live", 1);
    await put(name, "1", 1);
    await ready(name, "1");
    await ready(name, "live");
    const first = await list(name, { MaxItems: 1 });
    const second = await list(name, { MaxItems: 1, Marker: first.NextMarker });
    assert.equal(second.NextMarker, undefined);
    const [one, live] = [first, second].map(({ ProvisionedConcurrencyConfigs: [config] = [] }) => config);
    const { LastModified, ...rest } = one ?? {};
    assert.match(LastModified ?? "", MODIFIED);
    assert.deepEqual(rest, { FunctionArn: `${ARN}${name}:1`, ...complete(1) });
    assert.equal(live?.FunctionArn, `${ARN}${name}:live`);
    assert.equal((await list(name, { MaxItems: 50 })).ProvisionedConcurrencyConfigs?.length, 2);
    await invalid(list(name, { Marker: "nonsense" }), "The provided marker is invalid.");
    for (const [MaxItems, bound] of [
      [0, "greater than or equal to 1"],
      [51, "less than or equal to 50"],
    ] as const) {
      await suite.refused(list(name, { MaxItems }), {
        status: 400,
        name: "ValidationException",
        message: `1 validation error detected: Value '${MaxItems}' at 'maxItems' failed to satisfy constraint: Member must have value ${bound}`,
      });
    }
  });
});
