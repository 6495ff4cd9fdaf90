/** Capacity providers: their life, their members at the borders, lists, tags. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateCapacityProviderCommand,
  type CreateCapacityProviderCommandInput,
  DeleteCapacityProviderCommand,
  GetCapacityProviderCommand,
  ListCapacityProvidersCommand,
  type ListCapacityProvidersCommandInput,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateCapacityProviderCommand,
  type UpdateCapacityProviderCommandInput,
} from "@aws-sdk/client-lambda";
import { ROLE } from "../api/lambda/given.ts";
import { activeProvider, PROVIDER_ARN, provider, settledProvider } from "./capacity.ts";
import { Suite } from "./suite.ts";

const POLICY = { PredefinedMetricType: "LambdaCapacityProviderAverageCPUUtilization", TargetValue: 50 } as const;

describe("capacity providers", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const create = (name: string, more: Partial<CreateCapacityProviderCommandInput> = {}) =>
    suite.lambda.send(new CreateCapacityProviderCommand(provider(name, more)));
  const get = (CapacityProviderName: string) =>
    suite.lambda.send(new GetCapacityProviderCommand({ CapacityProviderName }));
  const update = (
    CapacityProviderName: string,
    more: Omit<UpdateCapacityProviderCommandInput, "CapacityProviderName">,
  ) => suite.lambda.send(new UpdateCapacityProviderCommand({ CapacityProviderName, ...more }));
  const remove = (CapacityProviderName: string) =>
    suite.lambda.send(new DeleteCapacityProviderCommand({ CapacityProviderName }));
  const list = (input: ListCapacityProvidersCommandInput) => suite.lambda.send(new ListCapacityProvidersCommand(input));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const violates = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });
  const missing = (call: Promise<unknown>, arn: string) =>
    suite.refused(call, {
      status: 404,
      name: "ResourceNotFoundException",
      message: `Capacity provider not found: ${arn}`,
    });

  test("are Pending, then Active, with defaults for what was not said", async () => {
    const { CapacityProvider: created, $metadata } = await create("least");
    assert.equal($metadata.httpStatusCode, 202);
    const { LastModified: modified, ...rest } = created ?? {};
    assert.match(modified ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    assert.deepEqual(rest, {
      CapacityProviderArn: `${PROVIDER_ARN}least`,
      State: "Pending",
      VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: ["sg-1"] },
      PermissionsConfig: { CapacityProviderOperatorRoleArn: ROLE },
      CapacityProviderScalingConfig: { MaxVCpuCount: 400, ScalingMode: "Auto" },
    });
    assert.deepEqual(await settledProvider(suite, "least"), { ...created, State: "Active" });
  });

  test("are kept as they were given, and there after a crash, settled or not", async () => {
    const given = {
      InstanceRequirements: { Architectures: ["arm64"], ExcludedInstanceTypes: ["t3.*"] },
      CapacityProviderScalingConfig: { MaxVCpuCount: 15_000, ScalingMode: "Manual", ScalingPolicies: [POLICY] },
      KmsKeyArn: "arn:aws:kms:us-east-1:000000000000:key/k",
      PropagateTags: { Mode: "Explicit", ExplicitTags: { team: "a" } },
      TelemetryConfig: { LoggingConfig: { SystemLogLevel: "WARN" as const, LogGroup: "/my/group" } },
    } satisfies Partial<CreateCapacityProviderCommandInput>;
    const { CapacityProvider: created } = await create("most", given);
    await suite.restart();
    const kept = await settledProvider(suite, `${PROVIDER_ARN}most`);
    assert.deepEqual(kept, { ...created, State: "Active" });
    for (const [member, value] of Object.entries(given)) assert.deepEqual(kept[member as keyof typeof kept], value);
    await remove("most");
    await suite.restart();
    while (await get("most").catch(() => undefined)) await new Promise((resolve) => setImmediate(resolve));
    await missing(get("most"), `${PROVIDER_ARN}most`);
  });

  test("change what can change, and only while they are Active", async () => {
    await activeProvider(suite, "changing");
    const { CapacityProvider: manual, $metadata } = await update("changing", {
      CapacityProviderScalingConfig: { ScalingMode: "Manual", ScalingPolicies: [POLICY] },
      TelemetryConfig: { LoggingConfig: { SystemLogLevel: "DEBUG" } },
      PropagateTags: { Mode: "None" },
    });
    assert.equal($metadata.httpStatusCode, 202);
    assert.deepEqual(manual?.CapacityProviderScalingConfig, {
      MaxVCpuCount: 400,
      ScalingMode: "Manual",
      ScalingPolicies: [POLICY],
    });
    assert.equal(manual?.TelemetryConfig?.LoggingConfig?.LogGroup, "/aws/lambda/capacity-provider/changing");
    assert.deepEqual(manual?.PropagateTags, { Mode: "None" });
    const { CapacityProvider: automatic } = await update("changing", {
      CapacityProviderScalingConfig: { ScalingMode: "Auto", MaxVCpuCount: 2 },
    });
    assert.deepEqual(automatic?.CapacityProviderScalingConfig, { MaxVCpuCount: 2, ScalingMode: "Auto" });
    await missing(update("nobody", {}), `${PROVIDER_ARN}nobody`);
    await invalid(
      update("changing", { CapacityProviderScalingConfig: { ScalingMode: "Manual" } }),
      "ScalingPolicies is required when ScalingMode is Manual.",
    );
  });

  test("are Deleting, then gone, and their names free", async () => {
    await activeProvider(suite, "short");
    const { CapacityProvider: deleting, $metadata } = await remove("short");
    assert.deepEqual([$metadata.httpStatusCode, deleting?.State], [202, "Deleting"]);
    while (await get("short").catch(() => undefined)) await new Promise((resolve) => setImmediate(resolve));
    await missing(remove("short"), `${PROVIDER_ARN}short`);
    await activeProvider(suite, "short");
  });

  test("have names of their own, in two forms", async () => {
    await activeProvider(suite, `${PROVIDER_ARN}named`);
    assert.equal((await get("named")).CapacityProvider?.CapacityProviderArn, `${PROVIDER_ARN}named`);
    await suite.refused(create("named"), {
      status: 409,
      name: "ResourceConflictException",
      message: `Capacity provider already exists: ${PROVIDER_ARN}named`,
    });
    await create("n".repeat(64));
    const long = "n".repeat(65);
    await invalid(
      create(long),
      `1 validation error detected: Value '${long}' at 'capacityProviderName' failed to satisfy constraint: Member must have length less than or equal to 64`,
    );
    await violates(create("n".repeat(141)), /at 'capacityProviderName' .*less than or equal to 140$/);
    await violates(create("a b"), /at 'capacityProviderName' .*regular expression pattern/);
    for (const arn of [
      PROVIDER_ARN.replace("us-east-1", "eu-west-1"),
      PROVIDER_ARN.replace("000000000000", "123456789012"),
    ]) {
      await missing(get(`${arn}named`), `${arn}named`);
    }
  });

  test("have members within their borders", async () => {
    const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
    await create("vpc", { VpcConfig: { SubnetIds: ids("subnet", 16), SecurityGroupIds: ids("sg", 5) } });
    await create("no-groups", { VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: [] } });
    const vpc = (SubnetIds: string[], SecurityGroupIds: string[]) =>
      create("refused", { VpcConfig: { SubnetIds, SecurityGroupIds } });
    await violates(vpc([], []), /at 'vpcConfig\.subnetIds' .*greater than or equal to 1$/);
    await violates(vpc(ids("subnet", 17), []), /at 'vpcConfig\.subnetIds' .*less than or equal to 16$/);
    await violates(vpc(["subnet-1"], ids("sg", 6)), /at 'vpcConfig\.securityGroupIds' .*less than or equal to 5$/);
    const scaling = (MaxVCpuCount: number) => create("refused", { CapacityProviderScalingConfig: { MaxVCpuCount } });
    await violates(scaling(1), /greater than or equal to 2$/);
    await violates(scaling(15_001), /less than or equal to 15000$/);
    const policies = (...ScalingPolicies: object[]) =>
      create("refused", {
        CapacityProviderScalingConfig: { ScalingMode: "Manual", ScalingPolicies: ScalingPolicies as [typeof POLICY] },
      });
    await violates(policies(), /greater than or equal to 1$/);
    await violates(policies(...Array.from({ length: 11 }, () => POLICY)), /less than or equal to 10$/);
    await violates(policies({ ...POLICY, TargetValue: 101 }), /targetValue' .*less than or equal to 100/);
    await violates(policies({ ...POLICY, PredefinedMetricType: "Memory" }), /predefinedMetricType'/);
    await invalid(
      create("refused", { CapacityProviderScalingConfig: { ScalingPolicies: [POLICY] } }),
      "ScalingPolicies is only supported when ScalingMode is Manual.",
    );
    await invalid(
      create("refused", { InstanceRequirements: { AllowedInstanceTypes: ["m7g.*"], ExcludedInstanceTypes: ["t3.*"] } }),
      "AllowedInstanceTypes and ExcludedInstanceTypes cannot be used together.",
    );
    const explicit = "ExplicitTags must be provided exactly when the Mode of PropagateTags is Explicit.";
    await invalid(create("refused", { PropagateTags: { Mode: "Explicit" } }), explicit);
    await invalid(create("refused", { PropagateTags: { Mode: "None", ExplicitTags: { a: "b" } } }), explicit);
    await violates(
      create("refused", { PermissionsConfig: { CapacityProviderOperatorRoleArn: "role" } }),
      /OperatorRoleArn'/,
    );
    await violates(create("refused", { KmsKeyArn: "" }), /at 'kmsKeyArn'/);
    await missing(get("refused"), `${PROVIDER_ARN}refused`);
  });

  test("are listed by name and by state, page by page", async () => {
    for (const name of ["list-c", "list-a", "list-b"]) await activeProvider(suite, name);
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await list({ MaxItems: 2, ...(Marker !== undefined && { Marker }) });
      assert.ok((page.CapacityProviders?.length ?? 0) <= 2);
      seen.push(...(page.CapacityProviders ?? []).map(({ CapacityProviderArn: arn }) => String(arn)));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.deepEqual(seen, seen.toSorted());
    assert.equal(new Set(seen).size, seen.length);
    for (const name of ["list-a", "list-b", "list-c"]) assert.ok(seen.includes(PROVIDER_ARN + name));
    const states = async (State: "Active" | "Failed") =>
      (await list({ State })).CapacityProviders?.map((found) => found.State);
    assert.deepEqual(await states("Failed"), []);
    assert.deepEqual([...new Set(await states("Active"))], ["Active"]);
    await invalid(list({ Marker: "nonsense" }), "The provided marker is invalid.");
    for (const MaxItems of [0, 51]) await violates(list({ MaxItems }), /at 'maxItems'/);
    await violates(list({ State: "Gone" as "Active" }), /at 'state'/);
  });

  test("have tags", async () => {
    await create("tagged", { Tags: { team: "a", stage: "test" } });
    const Resource = `${PROVIDER_ARN}tagged`;
    await suite.lambda.send(new TagResourceCommand({ Resource, Tags: { team: "b" } }));
    await suite.lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["stage"] }));
    await suite.restart();
    assert.deepEqual((await suite.lambda.send(new ListTagsCommand({ Resource }))).Tags, { team: "b" });
    await missing(
      suite.lambda.send(new ListTagsCommand({ Resource: `${PROVIDER_ARN}nobody` })),
      `${PROVIDER_ARN}nobody`,
    );
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`key${n}`, "x"]));
    await invalid(create("refused", { Tags: many }), "Number of tags exceeds resource tag limit.");
  });
});
