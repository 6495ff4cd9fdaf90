/** Fetches the programs that the bench compares with into .cache/rivals, once. From PyPI and npm; needs Python with pip, and npm. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const RIVALS = join(import.meta.dirname, "..", ".cache", "rivals");

/** Its wheel carries the emulator for each architecture. */
const SAM_CLI = "aws-sam-cli==1.170.0";
/** The last line of versions that runs without an account at its maker's. */
const OFFLINE = ["serverless@3.40.0", "serverless-offline@13.9.0"];
const INSTALL_MS = 300_000;
const EXTRACT = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])";

/** @returns the path of the official runtime interface emulator */
export async function installEmulator(): Promise<string> {
  const member = `samcli/local/rapid/aws-lambda-rie-${process.arch === "arm64" ? "arm64" : "x86_64"}`;
  const directory = await once("emulator", async (into) => {
    await run("python3", ["-m", "pip", "download", SAM_CLI, "--no-deps", "--only-binary", ":all:", "-q", "-d", into]);
    const wheel = (await readdir(into)).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new Error(`pip left no wheel of ${SAM_CLI}`);
    await run("python3", ["-c", EXTRACT, join(into, wheel), member, into]);
    await rm(join(into, wheel));
    await chmod(join(into, member), 0o755);
  });
  return join(directory, member);
}

/** @returns the node_modules that serverless-offline and its framework are in */
export async function installOffline(): Promise<string> {
  const directory = await once("offline", async (into) => {
    await writeFile(join(into, "package.json"), '{ "private": true }\n');
    await run("npm", ["install", "--prefix", into, "--no-audit", "--no-fund", "--ignore-scripts", ...OFFLINE]);
  });
  return join(directory, "node_modules");
}

/** What was broken off is not taken for whole: a directory gets its name when all is in it. */
async function once(name: string, install: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(RIVALS, name);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    process.stderr.write(`installing ${name} into ${RIVALS} ...\n`);
    await install(unfinished);
    await rename(unfinished, directory);
    return directory;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(program, args, { timeout: INSTALL_MS, maxBuffer: 1 << 26 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.split("\n").filter((line) => !isChatter(line));
    const why = said?.slice(0, 4).join("; ") || (error as Error).message;
    throw new Error(`'${program} ${args.slice(0, 3).join(" ")} ...' failed: ${why}`);
  }
}

/** Lines of pip and npm that tell no reason. */
function isChatter(line: string): boolean {
  return /^\s*$|^(npm )?warn|^npm error$/i.test(line);
}
