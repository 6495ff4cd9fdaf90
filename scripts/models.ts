/**
 * `npm run models`: packs what AWS publishes about a service into src/wire/models/<service>.json. Names, bindings and
 * error statuses come from the schemas of the JavaScript SDK, constraints, number kinds and each operation's errors
 * from botocore's service-2.json. Facts only, no documentation text. Run by maintainers; the output is committed.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as lambda from "@aws-sdk/client-lambda";
import { type BotocoreModel, ServicePacker } from "./service-packer.ts";

const BOTOCORE_VERSION = "1.44.5";
const CACHE = join(import.meta.dirname, "..", ".cache");
const MODELS = join(import.meta.dirname, "..", "src", "wire", "models");

/**
 * Where AWS does not enforce its own model, or enforces it elsewhere. Each line is one difference from the published
 * model, with its witness.
 */
const LAMBDA_UNCHECKED = {
  // Checked by the service, with another message and error code: contract/06 §3.
  Runtime: ["enum"],
} as const;

/** bytes. The service's front door, recorded or documented (contract/06 §4, contract/03 §1, quotas page). */
const LAMBDA_MAX_BODY_BYTES = {
  default: 1024 * 1024,
  CheckpointDurableExecution: 6 * 1024 * 1024 + 100,
  CreateFunction: 70_167_211,
  Invoke: 6 * 1024 * 1024 + 100,
  InvokeAsync: 6 * 1024 * 1024 + 100,
  InvokeWithResponseStream: 6 * 1024 * 1024 + 100,
  PublishLayerVersion: 70_167_211,
  UpdateFunctionCode: 70_167_211,
};

/** Reads one file of the pinned botocore wheel, fetching the wheel from PyPI when it is not in .cache/. */
function readBotocore(path: string): BotocoreModel {
  const wheel = join(CACHE, `botocore-${BOTOCORE_VERSION}-py3-none-any.whl`);
  if (!existsSync(wheel)) {
    mkdirSync(CACHE, { recursive: true });
    const pin = `botocore==${BOTOCORE_VERSION}`;
    execFileSync("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", CACHE, pin], {
      stdio: "inherit",
    });
  }
  const script = "import sys,zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))";
  const packed = execFileSync("python3", ["-c", script, wheel, path], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(gunzipSync(packed).toString("utf8"));
}

/** JSON with one operation, one error and one shape per line, so that an AWS release is a readable diff. */
function toLines(model: Record<string, unknown>): string {
  const sections = Object.entries(model).map(([section, value]) => {
    if (section === "operations" || section === "shapes") {
      const lines = Object.entries(value as object).map(([name, entry]) => `"${name}":${JSON.stringify(entry)}`);
      return `"${section}":{\n${lines.join(",\n")}\n}`;
    }
    return `"${section}":${JSON.stringify(value)}`;
  });
  return `{\n${sections.join(",\n")}\n}\n`;
}

const client = new lambda.LambdaClient({
  region: "us-east-1",
  credentials: { accessKeyId: "unused", secretAccessKey: "unused" },
});
const packer = new ServicePacker(
  lambda as unknown as Record<string, unknown>,
  readBotocore("botocore/data/lambda/2015-03-31/service-2.json.gz"),
  LAMBDA_UNCHECKED,
);
const packed = { maxBodyBytes: LAMBDA_MAX_BODY_BYTES, ...packer.pack(client.config.protocol.getShapeId()) };
mkdirSync(MODELS, { recursive: true });
writeFileSync(join(MODELS, "lambda.json"), toLines(packed));
for (const difference of packer.differences) console.log(difference);
const bytes = readFileSync(join(MODELS, "lambda.json")).length;
console.log(`lambda.json: ${Object.keys(packed.operations).length} operations, ${bytes} bytes`);
