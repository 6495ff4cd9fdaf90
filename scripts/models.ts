/**
 * `npm run models`: packs what AWS publishes about the services of model-sources.ts into src/wire/models/<service>.json.
 * Names, bindings and error statuses come from the schemas of the JavaScript SDK, constraints, number kinds and each
 * operation's errors from botocore's service-2.json. Facts only, no documentation text. Run by maintainers; the output is
 * committed. `npm run models -- sqs sns` packs some.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { MODEL_SOURCES, type ModelSource } from "./model-sources.ts";
import { type BotocoreModel, ServicePacker } from "./service-packer.ts";

const BOTOCORE_VERSION = "1.44.5";
const CACHE = join(import.meta.dirname, "..", ".cache");
const MODELS = join(import.meta.dirname, "..", "src", "wire", "models");

/** What a client of the SDK knows of its own protocol. */
interface ClientProtocol {
  readonly protocol: { getShapeId(): string };
  readonly protocolSettings: {
    readonly serviceTarget: string;
    readonly xmlNamespace?: string;
    readonly awsQueryCompatible?: boolean;
  };
}

type ClientModule = Readonly<Record<string, unknown>>;
type ClientClass = new (config: object) => { readonly config: ClientProtocol };

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

/** The client class of an SDK module: the one whose name ends with Client and is not the base of all. */
function protocolOf(client: ClientModule): ClientProtocol {
  const isClient = (name: string): boolean => /^[A-Z].*Client$/.test(name) && name !== "Client";
  const [, Client] = Object.entries(client).find(([name]) => isClient(name)) ?? [];
  const credentials = { accessKeyId: "unused", secretAccessKey: "unused" };
  return new (Client as ClientClass)({ region: "us-east-1", credentials }).config;
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

async function packModel(source: ModelSource): Promise<void> {
  const { name, botocore, maxBodyBytes, furtherProtocols = [], unchecked = {} } = source;
  const client: ClientModule = await import(`@aws-sdk/client-${name}`);
  const { protocol, protocolSettings } = protocolOf(client);
  const packer = new ServicePacker(client, readBotocore(`botocore/data/${botocore}/service-2.json.gz`), unchecked);
  const xmlNamespace = source.xmlNamespace ?? protocolSettings.xmlNamespace;
  const packed = {
    maxBodyBytes,
    ...packer.pack({
      protocols: [protocol.getShapeId(), ...furtherProtocols],
      target: protocolSettings.serviceTarget,
      ...(xmlNamespace !== undefined && { xmlNamespace }),
      ...(protocolSettings.awsQueryCompatible && { queryCompatible: true }),
    }),
  };
  const text = toLines(packed);
  writeFileSync(join(MODELS, `${name}.json`), text);
  for (const difference of packer.differences) console.log(`${name}: ${difference}`);
  console.log(`${name}.json: ${Object.keys(packed.operations).length} operations, ${text.length} bytes`);
}

mkdirSync(MODELS, { recursive: true });
const wanted = process.argv.slice(2);
for (const source of MODEL_SOURCES) {
  if (wanted.length === 0 || wanted.includes(source.name)) await packModel(source);
}
