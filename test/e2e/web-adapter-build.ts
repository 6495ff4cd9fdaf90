/**
 * The AWS Lambda Web Adapter as AWS publishes it in the registry of crates, built once into .cache. A cold build compiles
 * some 150 crates, two to three minutes on two processors.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findExecutable } from "../../src/cli/machine.ts";

const VERSION = "0.9.1";
const CACHE = fileURLToPath(new URL("../../.cache/web-adapter", import.meta.url));
const BUILD_MS = 15 * 60_000;

export interface WebAdapter {
  /** The extension. */
  readonly program: Buffer;
  /** The script for AWS_LAMBDA_EXEC_WRAPPER, which is in the layer beside it. */
  readonly bootstrap: Buffer;
}

/** @returns the adapter, or why it cannot be had on this machine */
export async function buildWebAdapter(): Promise<WebAdapter | string> {
  const built = join(CACHE, VERSION);
  if (!existsSync(join(built, "bootstrap"))) {
    if (findExecutable("cargo") === undefined) return "cargo is not installed, which builds the AWS Lambda Web Adapter";
    const problem = await build(built);
    if (problem !== undefined) return problem;
  }
  const [program, bootstrap] = await Promise.all([
    readFile(join(built, "bin", "lambda-adapter")),
    readFile(join(built, "bootstrap")),
  ]);
  return { program, bootstrap };
}

async function build(built: string): Promise<string | undefined> {
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, "staging-"));
  try {
    const parameters = [
      "install",
      "lambda_web_adapter",
      "--version",
      VERSION,
      "--locked",
      "--debug",
      "--root",
      staging,
    ];
    const env = {
      ...process.env,
      CARGO_TARGET_DIR: join(staging, "target"),
      CARGO_PROFILE_DEV_DEBUG: "0",
      CARGO_PROFILE_DEV_STRIP: "symbols",
    };
    await promisify(execFile)("cargo", parameters, { env, timeout: BUILD_MS, maxBuffer: 1 << 24 });
    await rm(join(staging, "target"), { recursive: true });
    const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
    await copyFile(await sourceOf(cargoHome, "layer/bootstrap"), join(staging, "bootstrap"));
    await rm(built, { recursive: true, force: true });
    await rename(staging, built);
    return undefined;
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    // Without the registry there is nothing to build from; anything else is a failure.
    if (/download|registry|network|resolve host/i.test(stderr) && !/could not compile/.test(stderr)) {
      return `the registry of crates does not answer: ${stderr.trim().split("\n").at(-1)}`;
    }
    throw new Error(`cargo install failed: ${message}`, { cause: error });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function sourceOf(cargoHome: string, path: string): Promise<string> {
  const sources = join(cargoHome, "registry", "src");
  for (const registry of await readdir(sources)) {
    const file = join(sources, registry, `lambda_web_adapter-${VERSION}`, path);
    if (existsSync(file)) return file;
  }
  throw new Error(`the crate's ${path} is not in ${sources}`);
}
