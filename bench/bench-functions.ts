/** The functions that the bench deploys: the smallest that answer with their event, in each language. */
import { readdirSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { deploy } from "../src/cli/function-calls.ts";
import type { RegionProcess } from "./region-process.ts";

export interface Language {
  readonly name: string;
  readonly runtime: string;
  readonly handler: string;
  readonly file: string;
  readonly source: string;
  /** A plain start of the same interpreter: what a cold start is compared with. */
  readonly spawn: readonly [string, ...string[]];
}

export const NODE: Language = {
  name: "Node",
  runtime: "nodejs26.x",
  handler: "index.handler",
  file: "index.js",
  source: "exports.handler = async (event) => event;\n",
  spawn: [process.execPath, "-e", "0"],
};

/** The system's own Python, which is the one that a region prefers too. Undefined on a machine without it. */
function systemPython(): Language | undefined {
  const versions = readdirSync("/usr/bin").filter((name) => /^python3\.\d+$/.test(name));
  const newest = versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  if (newest === undefined) return undefined;
  return {
    name: "Python",
    runtime: newest,
    handler: "index.handler",
    file: "index.py",
    source: "def handler(event, context):\n    return event\n",
    spawn: [`/usr/bin/${newest}`, "-c", "0"],
  };
}

const python = systemPython();

export const LANGUAGES: readonly Language[] = python === undefined ? [NODE] : [NODE, python];

/** A function of one CommonJS file. */
export async function deployNode(
  region: RegionProcess,
  name: string,
  source: string,
  handler: string,
  timeoutSeconds = 30,
): Promise<void> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(source), NODE.file);
  zip.end();
  const roleArn = "arn:aws:iam::000000000000:role/bench";
  const code = await buffer(zip.outputStream);
  await deploy(region.client, {
    name,
    runtime: NODE.runtime,
    handler,
    roleArn,
    zip: code,
    memoryMb: 256,
    timeoutSeconds,
  });
}

/** @param mark makes the code, and so its hash, this function's own: nothing unpacked for another is reused */
export async function deployEcho(region: RegionProcess, language: Language, name: string, mark = ""): Promise<void> {
  const zip = new ZipFile();
  const comment = language.name === "Python" ? "#" : "//";
  zip.addBuffer(Buffer.from(`${language.source}${comment} ${mark}\n`), language.file);
  zip.end();
  await deploy(region.client, {
    name,
    runtime: language.runtime,
    handler: language.handler,
    roleArn: "arn:aws:iam::000000000000:role/bench",
    zip: await buffer(zip.outputStream),
    memoryMb: 256,
    timeoutSeconds: 30,
  });
}
