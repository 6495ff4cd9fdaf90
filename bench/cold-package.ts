/**
 * Cold starts of a function whose package is as large as one may be, after its first: in turns with those of the smallest
 * function. What was unpacked once is neither unpacked nor copied again.
 */
import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { deploy, invoke, remove } from "../src/cli/function-calls.ts";
import { NODE } from "./bench-functions.ts";
import type { RegionProcess } from "./region-process.ts";
import { median } from "./statistics.ts";

const MB = 1024 * 1024;

export interface PackagePlan {
  /** Of 1 MB: with the handler 249 come to just under Lambda's 250 MB. */
  readonly files: number;
  /** Of each function, besides the first. */
  readonly starts: number;
}

export interface PackageFigures {
  readonly packageMb: number;
  readonly starts: number;
  readonly firstMs: number;
  readonly laterP50Ms: number;
  readonly smallP50Ms: number;
}

async function deployPackage(region: RegionProcess, name: string, files: number): Promise<void> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(`${NODE.source}// ${name}\n`), NODE.file);
  // Each compresses well, or the zip would be too large to be sent.
  for (let file = 0; file < files; file++) zip.addBuffer(Buffer.alloc(MB, randomBytes(4096)), `assets/${file}.bin`);
  zip.end();
  const { runtime, handler } = NODE;
  const roleArn = "arn:aws:iam::000000000000:role/bench";
  const code = await buffer(zip.outputStream);
  await deploy(region.client, { name, runtime, handler, roleArn, zip: code, memoryMb: 256, timeoutSeconds: 30 });
}

export async function measureColdPackage(
  region: RegionProcess,
  { files, starts }: PackagePlan,
): Promise<PackageFigures> {
  const [large, small] = ["bench-package-large", "bench-package-small"] as const;
  await deployPackage(region, large, files);
  await deployPackage(region, small, 0);
  const coldMs = async (name: string) => {
    await region.client.json({ method: "DELETE", path: "/_alonzo/environments", query: { functionName: name } });
    const { wallMs, functionError, payload } = await invoke(region.client, name, { payload: '{"a":1}' });
    if (functionError !== undefined) throw new Error(`${name} failed: ${payload}`);
    return wallMs;
  };
  await coldMs(small);
  const firstMs = await coldMs(large);
  const later: number[] = [];
  const smalls: number[] = [];
  for (let start = 0; start < starts; start++) {
    smalls.push(await coldMs(small));
    later.push(await coldMs(large));
  }
  for (const name of [large, small]) await remove(region.client, name);
  return { packageMb: files, starts, firstMs, laterP50Ms: median(later), smallP50Ms: median(smalls) };
}
