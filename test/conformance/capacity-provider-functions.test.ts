/** Functions with a capacity provider: which can have one, how they are listed. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteCapacityProviderCommand,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListFunctionVersionsByCapacityProviderCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, CODE, settings, settled } from "../api/lambda/given.ts";
import { activeProvider, PROVIDER_ARN, using } from "./capacity.ts";
import { Suite } from "./suite.ts";

describe("functions with a capacity provider", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start("auto");
    await activeProvider(suite, "provider");
    await activeProvider(suite, "other", { InstanceRequirements: { Architectures: ["x86_64"] } });
  });
  after(() => suite.stop());

  const create = (more: Partial<CreateFunctionCommandInput>) =>
    suite.lambda.send(new CreateFunctionCommand(settings({ ...using("provider"), ...more })));
  const update = (FunctionName: string, more: object) =>
    suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...more }));
  const versionsOf = (CapacityProviderName: string, more: object = {}) =>
    suite.lambda.send(new ListFunctionVersionsByCapacityProviderCommand({ CapacityProviderName, ...more }));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const unknown = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });

  test("are kept with it, run, and move to another", async () => {
    const config = using("provider", {
      PerExecutionEnvironmentMaxConcurrency: 1600,
      ExecutionEnvironmentMemoryGiBPerVCpu: 2,
    });
    const name = await activeFunction(suite.region, { ...config, Timeout: 20 });
    const kept = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    assert.deepEqual(kept.CapacityProviderConfig, config.CapacityProviderConfig);
    assert.equal(kept.MemorySize, 2048);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await settled(suite.region, name, "1");
    const { Payload: answer } = await suite.lambda.send(new InvokeCommand({ FunctionName: name, Qualifier: "1" }));
    assert.equal(Buffer.from(answer ?? []).toString(), "1");
    await update(name, using("other"));
    const moved = await settled(suite.region, name);
    assert.deepEqual(moved.CapacityProviderConfig, using("other").CapacityProviderConfig);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
  });

  test("are listed with the provider, which stays as long as they do", async () => {
    await activeProvider(suite, "listing");
    const name = await activeFunction(suite.region, { ...using("listing"), Publish: true });
    const all = [`${ARN}${name}:$LATEST`, `${ARN}${name}:1`];
    const { CapacityProviderArn: arn, FunctionVersions: versions } = await versionsOf("listing");
    assert.equal(arn, `${PROVIDER_ARN}listing`);
    assert.deepEqual(
      versions?.map((version) => version.FunctionArn),
      all,
    );
    assert.equal(versions?.[0]?.State, "ActiveNonInvocable");
    const first = await versionsOf("listing", { MaxItems: 1 });
    const second = await versionsOf("listing", { MaxItems: 1, Marker: first.NextMarker });
    assert.deepEqual(
      [first, second].map((page) => page.FunctionVersions?.[0]?.FunctionArn),
      all,
    );
    assert.equal(second.NextMarker, undefined);
    await invalid(versionsOf("listing", { Marker: "nonsense" }), "The provided marker is invalid.");
    await unknown(versionsOf("nobody"), `Capacity provider not found: ${PROVIDER_ARN}nobody`);
    const remove = () => suite.lambda.send(new DeleteCapacityProviderCommand({ CapacityProviderName: "listing" }));
    await suite.refused(remove(), {
      status: 409,
      name: "ResourceConflictException",
      message: `The capacity provider ${PROVIDER_ARN}listing is in use by function versions and cannot be deleted.`,
    });
    await suite.restart();
    assert.equal((await versionsOf("listing")).FunctionVersions?.length, 2);
    const deleted = (Qualifier?: string) =>
      suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name, ...(Qualifier && { Qualifier }) }));
    assert.equal((await deleted("1")).StatusCode, 204);
    assert.equal((await deleted()).StatusCode, 202);
    await remove();
  });

  test("need one that is there and that suits them, from the beginning", async () => {
    await unknown(create(using("nobody")), `Capacity provider not found: ${PROVIDER_ARN}nobody`);
    const elsewhere = PROVIDER_ARN.replace("us-east-1", "eu-west-1");
    await unknown(create(using(`${elsewhere}provider`)), `Capacity provider not found: ${elsewhere}provider`);
    await invalid(
      create({ ...using("other"), Architectures: ["arm64"] }),
      `The capacity provider ${PROVIDER_ARN}other does not support the architecture arm64.`,
    );
    const plain = await activeFunction(suite.region);
    await invalid(
      update(plain, using("provider")),
      "CapacityProviderConfig can only be provided when the function is created.",
    );
    const name = await activeFunction(suite.region, using("other"));
    await invalid(
      suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: CODE, Architectures: ["arm64"] })),
      `The capacity provider ${PROVIDER_ARN}other does not support the architecture arm64.`,
    );
  });

  test("are large enough, and nothing that cannot be shared", async () => {
    const smallest = "MemorySize must be at least 2048 for functions with a capacity provider.";
    await invalid(create({ MemorySize: 2047 }), smallest);
    const name = await activeFunction(suite.region, { ...using("provider"), MemorySize: 2048 });
    await invalid(update(name, { MemorySize: 1024 }), smallest);
    assert.equal((await create({ FunctionName: "largest", MemorySize: 32_768 })).MemorySize, 32_768);
    await invalid(
      create(using("provider", { ExecutionEnvironmentMemoryGiBPerVCpu: 3 })),
      "ExecutionEnvironmentMemoryGiBPerVCpu must be one of 2, 4, 8.",
    );
    await invalid(
      create({ ...using("provider", { ExecutionEnvironmentMemoryGiBPerVCpu: 4 }), MemorySize: 4095 }),
      "ExecutionEnvironmentMemoryGiBPerVCpu must not be greater than the memory of the function.",
    );
    const no = (member: string) => `${member} is not supported for functions with a capacity provider.`;
    await invalid(create({ TenancyConfig: { TenantIsolationMode: "PER_TENANT" } }), no("TenancyConfig"));
    await invalid(create({ VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: ["sg-1"] } }), no("VpcConfig"));
    await invalid(create({ Runtime: "python3.12", SnapStart: { ApplyOn: "PublishedVersions" } }), no("SnapStart"));
    for (const [member, value] of [
      ["PerExecutionEnvironmentMaxConcurrency", 0],
      ["PerExecutionEnvironmentMaxConcurrency", 1601],
      ["ExecutionEnvironmentMemoryGiBPerVCpu", 1],
      ["ExecutionEnvironmentMemoryGiBPerVCpu", 9],
    ] as const) {
      await suite.refused(create(using("provider", { [member]: value })), {
        status: 400,
        name: "ValidationException",
        message: new RegExp(`${member.slice(1)}' failed to satisfy constraint`),
      });
    }
  });
});
