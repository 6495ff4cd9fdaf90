/**
 * AWS's runtime interface client for Node as npm has it, built once into .cache: its install scripts compile curl, a client in
 * C++ and an addon, some 45 seconds of one processor.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { COMPONENTS } from "../../src/cli/machine.ts";

const VERSION = "4.0.2";
const CACHE = fileURLToPath(new URL("../../.cache/aws-lambda-ric", import.meta.url));
const BUILD_MS = 10 * 60_000;
/** Brings the headers that the addon is compiled against: nothing is fetched for that. */
const NODE = dirname(createRequire(import.meta.url).resolve(`nodejs22-linux-${process.arch}/package.json`));

/** @returns the node_modules with the client in it, or why it cannot be had */
export async function builtClient(): Promise<{ readonly directory: string } | string> {
  const built = join(CACHE, VERSION);
  const directory = join(built, "node_modules");
  if (existsSync(directory)) return { directory };
  if (COMPONENTS.cxx.find() === undefined) return `${COMPONENTS.cxx.name} are not all installed`;
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, "staging-"));
  try {
    await writeFile(join(staging, "package.json"), '{"private":true}');
    const env = {
      ...process.env,
      PATH: [join(NODE, "bin"), process.env.PATH].join(delimiter),
      npm_config_nodedir: NODE,
      npm_config_ignore_scripts: "false",
    };
    const parameters = ["install", `aws-lambda-ric@${VERSION}`, "--no-audit", "--no-fund", "--foreground-scripts"];
    await promisify(execFile)("npm", parameters, { cwd: staging, env, timeout: BUILD_MS, maxBuffer: 1 << 24 });
    await rename(staging, built);
    return { directory };
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    // Without the registry there is nothing to build from; anything else is a failure.
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(stderr)) return `aws-lambda-ric ${VERSION} cannot be fetched`;
    throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
