import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { migrate } from "../state/migrations.ts";
import { Catalog } from "./catalog.ts";
import { CATALOG_MIGRATIONS, type CatalogTables } from "./catalog-tables.ts";

test("settings that an earlier version kept aside have members of their own now", async () => {
  const database = openDatabase(":memory:");
  await migrate(database, "functions", CATALOG_MIGRATIONS.slice(0, 3));
  const tables = database.withTables<CatalogTables>();
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
