/** Fills a data directory with functions as the API would, past the API: through the catalog itself, without syncing. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { Catalog, type VersionContent } from "../src/functions/catalog.ts";
import { offsetTimestamp, systemClock } from "../src/state/clock.ts";
import { DataDirectory } from "../src/state/data-directory.ts";
import { openDatabase } from "../src/state/database.ts";

const PLACE = { region: "us-east-1", accountId: "000000000000" };

/** In name order: five digits, from 0. */
export function populatedName(index: number): string {
  return `populated-${String(index).padStart(5, "0")}`;
}

/**
 * @param directory must not be in use
 * @param versions published of each function, besides `$LATEST`
 */
export async function populate(directory: string, functions: number, versions: number): Promise<void> {
  const data = await DataDirectory.open(directory);
  const database = openDatabase(data.join("region.sqlite"));
  try {
    await sql`PRAGMA synchronous = OFF`.execute(database);
    const catalog = await Catalog.open(database, PLACE);
    for (let index = 0; index < functions; index++) {
      const name = populatedName(index);
      const content = contentOf(name, await writePackage(directory, name));
      await catalog.create(name, { latest: content, publish: content }, { team: `team-${index % 10}` });
      for (let version = 2; version <= versions; version++) {
        await catalog.update(name, (latest) => {
          const changed = { ...latest, timeoutSeconds: version };
          return { latest: changed, publish: changed };
        });
      }
    }
  } finally {
    await database.destroy();
    data.close();
  }
}

/** Where the code store keeps packages. They are never unpacked here, so need not be zips. */
async function writePackage(directory: string, name: string): Promise<{ codeSha256: string; codeSize: number }> {
  const bytes = Buffer.from(`code of ${name}`);
  const hash = createHash("sha256").update(bytes).digest();
  const hex = hash.toString("hex");
  const folder = join(directory, "packages", hex.slice(0, 2));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, hex), bytes);
  return { codeSha256: hash.toString("base64"), codeSize: bytes.length };
}

function contentOf(name: string, code: { codeSha256: string; codeSize: number }): VersionContent {
  return {
    ...code,
    runtime: "nodejs22.x",
    handler: "index.handler",
    roleArn: "arn:aws:iam::000000000000:role/bench",
    description: "one of many",
    timeoutSeconds: 1,
    memoryMb: 128,
    ephemeralStorageMb: 512,
    architecture: "x86_64",
    packageType: "Zip",
    environment: { TABLE: "a-table", STAGE: "bench", ENDPOINT: "https://example.com/some/where" },
    logging: { logFormat: "Text", logGroup: `/aws/lambda/${name}` },
    tracingMode: "PassThrough",
    snapStartApplyOn: "None",
    lastModified: offsetTimestamp(systemClock.now()),
    state: "Active",
    lastUpdateStatus: "Successful",
  };
}
