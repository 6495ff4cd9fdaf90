/** The managed Node.js runtimes: each the exact Node of an npm platform package that `npm ci` installed. */
import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SandboxPaths } from "../sandbox/sandbox.ts";
import {
  type LaunchOptions,
  type MissingRuntime,
  type RuntimeInstallation,
  runtimeVersionArn,
  wrapCommand,
} from "./installation.ts";

/** Runtime identifier to the name its platform packages begin with. */
const PACKAGES: Readonly<Record<string, string>> = {
  "nodejs22.x": "nodejs22",
  "nodejs24.x": "nodejs24",
  "nodejs26.x": "node",
};

const BOOTSTRAP_DIRECTORY = fileURLToPath(new URL("../../../runtimes/nodejs", import.meta.url));

/** Features that Node has on by default and AWS switches off, unless NODE_OPTIONS asks for them (developer guide). */
const DISABLED_FEATURES: Readonly<Record<string, readonly string[]>> = {
  "nodejs22.x": ["experimental-require-module", "experimental-detect-module"],
};

function platformPackage(runtime: string): string {
  return `${PACKAGES[runtime]}-${process.platform}-${process.arch}`;
}

/** Command-line flags of Node. They would win over NODE_OPTIONS, so each yields to what the function sets there. */
function nodeFlags(runtime: string, options: LaunchOptions): string[] {
  const nodeOptions = options.variables?.NODE_OPTIONS ?? "";
  const flags = ["--expose-gc"];
  if (options.memoryMb !== undefined && !/--max[-_](old|semi)[-_]space[-_]size/.test(nodeOptions)) {
    flags.push(`--max-old-space-size=${Math.floor(options.memoryMb * 0.9)}`);
  }
  for (const feature of DISABLED_FEATURES[runtime] ?? []) {
    if (!nodeOptions.includes(`--${feature}`)) flags.push(`--no-${feature}`);
  }
  return flags;
}

function installation(
  runtime: string,
  version: string,
  binary: string,
  languageDirectory?: string,
): RuntimeInstallation {
  const [major, minor] = version.split(".");
  return {
    runtime,
    kind: "managed",
    version,
    runtimeVersion: `nodejs:${major}.v${minor}`,
    bootstrapDirectory: BOOTSTRAP_DIRECTORY,
    canWait: true,
    ...(languageDirectory === undefined ? {} : { languageDirectory }),
    command(paths: SandboxPaths, options: LaunchOptions = {}) {
      const node = languageDirectory === undefined ? binary : join(paths.language, "bin/node");
      return wrapCommand([node, ...nodeFlags(runtime, options), join(paths.runtime, "index.cjs")], options, paths);
    },
    environment: (paths, handler) => ({
      _HANDLER: handler,
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
      NODE_PATH: [
        `${paths.layers}/nodejs/node${major}/node_modules`,
        `${paths.layers}/nodejs/node_modules`,
        `${paths.runtime}/node_modules`,
        paths.runtime,
        paths.task,
      ].join(":"),
    }),
    runtimeVersionArn: (region) => runtimeVersionArn(region, runtime, version),
  };
}

async function fromPackage(runtime: string): Promise<RuntimeInstallation | undefined> {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${platformPackage(runtime)}/package.json`);
    const directory = dirname(manifest);
    const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
    const binary = join(directory, "bin/node");
    await access(binary);
    return installation(runtime, version, binary, directory);
  } catch {
    return undefined;
  }
}

/** Where npm has no platform package (macOS), the Node that runs the region serves its own major version. */
function fromSelf(runtime: string): RuntimeInstallation | undefined {
  const version = process.versions.node;
  if (runtime !== `nodejs${version.split(".")[0]}.x`) return undefined;
  const prefix = dirname(dirname(process.execPath));
  return installation(runtime, version, process.execPath, prefix === "/usr" ? undefined : prefix);
}

export async function discoverNode(): Promise<RuntimeInstallation[]> {
  const found = await Promise.all(
    Object.keys(PACKAGES).map(async (runtime) => (await fromPackage(runtime)) ?? fromSelf(runtime)),
  );
  return found.filter((one) => one !== undefined);
}

export function nodeMissing(runtime: string): MissingRuntime | undefined {
  if (!(runtime in PACKAGES)) return undefined;
  return {
    reason: `the npm package ${platformPackage(runtime)} is not installed`,
    hint: "run `npm ci --include=optional` in Alonzo's directory",
  };
}
