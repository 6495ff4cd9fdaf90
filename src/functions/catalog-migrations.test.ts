import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { migrate } from "../state/migrations.ts";
import { Catalog } from "./catalog.ts";
import { CATALOG_MIGRATIONS } from "./catalog-migrations.ts";
import type { CatalogTables, VersionRow } from "./catalog-tables.ts";
import { CONTENT, PLACE } from "./test-content.ts";

type OlderRow = Omit<VersionRow, "code_size" | "unsettled" | "layer_code">;
type OlderTables = Pick<CatalogTables, "functions"> & { function_versions: OlderRow };

test("versions of an older program are summed up and found unsettled after the migration", async () => {
  const database = openDatabase(":memory:");
  await migrate(database, "functions", CATALOG_MIGRATIONS.slice(0, 3));
  const tables = database.withTables<OlderTables>();
  for (let i = 0; i < 1001; i++) {
    const name = `f${i}`;
    const state = i === 7 ? "Pending" : "Active";
    const lastUpdateStatus = i === 9 ? "InProgress" : "Successful";
    const version = { ...CONTENT, functionName: name, version: "$LATEST", codeSize: i, state, lastUpdateStatus };
    await tables.insertInto("functions").values({ name, next_version: 1, tags: "{}" }).execute();
    const document = JSON.stringify(version);
    const code = { code_sha256: "c", serving: null, serving_code_sha256: null };
    await tables
      .insertInto("function_versions")
      .values({ function_name: name, version_number: 0, document, revision_id: "r", ...code })
      .execute();
  }
  const { listing } = await Catalog.open(database, PLACE);
  assert.deepEqual(await listing.usage(), { functionCount: 1001, totalCodeSize: 500_500 });
  assert.deepEqual((await listing.unsettled()).map(({ functionName }) => functionName).sort(), ["f7", "f9"]);
});

test("the layers of an older program's versions are found after the migration", async () => {
  const database = openDatabase(":memory:");
  await migrate(database, "functions", CATALOG_MIGRATIONS.slice(0, 5));
  const tables = database.withTables<OlderTables>();
  await tables.insertInto("functions").values({ name: "f", next_version: 2, tags: "{}" }).execute();
  const layers = (...shas: string[]) =>
    shas.map((codeSha256) => ({ arn: "a", codeSha256, codeSize: 1, unzippedSize: 1 }));
  const document = (shas: string[]) => JSON.stringify({ ...CONTENT, functionName: "f", layers: layers(...shas) });
  const row = { function_name: "f", revision_id: "r", code_sha256: "c", serving: null, serving_code_sha256: null };
  await tables
    .insertInto("function_versions")
    .values([
      { ...row, version_number: 0, document: document(["l1"]), serving: document(["l2"]) },
      { ...row, version_number: 1, document: document([]) },
    ])
    .execute();
  const { listing } = await Catalog.open(database, PLACE);
  assert.deepEqual([...(await listing.referencedCode(["c", "l1", "l2", "l3"]))], ["c", "l1", "l2"]);
});

test("settings that an earlier version kept aside have members of their own now", async () => {
  const database = openDatabase(":memory:");
  await migrate(database, "functions", CATALOG_MIGRATIONS.slice(0, 3));
  const tables = database.withTables<OlderTables>();
  const key = "arn:aws:kms:us-east-1:000000000000:key/k";
  const queue = "arn:aws:sqs:us-east-1:000000000000:q";
  const aside = { DeadLetterConfig: { TargetArn: queue }, KMSKeyArn: key, VpcConfig: { SubnetIds: [], VpcId: "" } };
  const document = (passive: object) =>
    JSON.stringify({ functionName: "f", version: "$LATEST", memoryMb: 128, passive });
  await tables.insertInto("functions").values({ name: "f", next_version: 1, tags: "{}" }).execute();
  await tables
    .insertInto("function_versions")
    .values({
      function_name: "f",
      version_number: 0,
      document: document(aside),
      revision_id: "r",
      code_sha256: "c",
      serving: document({}),
      serving_code_sha256: "c",
    })
    .execute();
  const catalog = await Catalog.open(database, { region: "us-east-1", accountId: "000000000000" });
  assert.deepEqual(
    { ...(await catalog.describe("f")) },
    {
      functionName: "f",
      version: "$LATEST",
      functionArn: "arn:aws:lambda:us-east-1:000000000000:function:f",
      memoryMb: 128,
      vpc: { subnetIds: [], securityGroupIds: [], ipv6AllowedForDualStack: false },
      deadLetterTargetArn: queue,
      kmsKeyArn: key,
    },
  );
  assert.deepEqual(Object.keys((await catalog.resolve("f")) ?? {}), [
    "functionName",
    "version",
    "memoryMb",
    "functionArn",
  ]);
});

test("$LATEST keeps its place, its aliases and its settings; with a capacity provider it does not run any more", async () => {
  const database = openDatabase(":memory:");
  await migrate(database, "functions", CATALOG_MIGRATIONS.slice(0, 8));
  const tables = database.withTables<CatalogTables>();
  const row = (name: string, number: number, capacity: string | null) => ({
    function_name: name,
    version_number: number,
    document: JSON.stringify({ ...CONTENT, functionName: name, version: number === 0 ? "$LATEST" : String(number) }),
    revision_id: "r",
    code_sha256: "c",
    code_size: 1,
    unsettled: 0,
    capacity_provider: capacity,
    serving: null,
    serving_code_sha256: null,
    layer_code: null,
  });
  for (const name of ["f", "g"]) {
    await tables.insertInto("functions").values({ name, next_version: 2, tags: "{}" }).execute();
  }
  const rows = [row("f", 0, "p"), row("f", 1, "p"), row("g", 0, null)];
  await tables.insertInto("function_versions").values(rows).execute();
  const alias = { name: "live", additional_number: null, additional_weight: null, description: "", revision_id: "r" };
  await tables
    .insertInto("aliases")
    .values({ ...alias, function_name: "g", version_number: 0 })
    .execute();
  const catalog = await Catalog.open(database, PLACE);
  const { versions } = await catalog.listing.functions({ limit: 9, allVersions: true });
  assert.deepEqual(
    versions.map(({ functionName, version, state }) => [functionName, version, state]),
    [
      ["f", "$LATEST", "ActiveNonInvocable"],
      ["f", "1", "Active"],
      ["g", "$LATEST", "Active"],
    ],
  );
  assert.equal((await catalog.aliases.get("g", "live"))?.functionVersion, "$LATEST");
  assert.equal((await catalog.resolve("g", "live"))?.functionName, "g");
});
