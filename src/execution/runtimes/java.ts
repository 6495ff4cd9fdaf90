/**
 * The managed Java runtimes: each Java found on this machine whose major version AWS names, with AWS's own runtime
 * interface client (java-client.ts).
 */
import { execFile } from "node:child_process";
import { access, readdir, readFile, realpath, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SandboxPaths } from "../sandbox/sandbox.ts";
import {
  type LaunchOptions,
  type MissingRuntime,
  type RuntimeInstallation,
  runtimeVersionArn,
  wrapCommand,
} from "./installation.ts";
import { hasJavaClient, isThere, JAVA_CLIENT_JARS, javaClientDirectory } from "./java-client.ts";

/** Runtime identifiers by Java's major version. */
const RUNTIMES: Readonly<Record<number, readonly string[]>> = {
  11: ["java11", "java11.al2023"],
  17: ["java17", "java17.al2023"],
  21: ["java21"],
  25: ["java25"],
};
const MAIN = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";
export const JAVA_DIRECTORIES: readonly string[] = ["/usr/lib/jvm", "/opt/java"];
/** Share of the function's memory that is the heap (recorded: 445,645 KB of 512 MB). */
const HEAP_SHARE = 0.85;

interface Java {
  readonly major: number;
  /** e.g. 17.0.15 */
  readonly version: string;
  /** Real path. */
  readonly home: string;
}

/** @param directories that hold one directory for each Java @param runtimesDirectory what `alonzo runtimes install` brought */
export async function discoverJava(
  runtimesDirectory: string,
  directories: readonly string[] = JAVA_DIRECTORIES,
): Promise<RuntimeInstallation[]> {
  if (!(await hasJavaClient(runtimesDirectory))) return [];
  const found = await findJava(directories);
  const directory = javaClientDirectory(runtimesDirectory);
  return found.flatMap((java) => (RUNTIMES[java.major] ?? []).map((runtime) => installation(runtime, java, directory)));
}

async function findJava(directories: readonly string[]): Promise<Java[]> {
  const byMajor = new Map<number, Java>();
  for (const directory of directories) {
    const names = (await readdir(directory).catch(() => [])).sort();
    for (const name of names) {
      const java = await inspect(join(directory, name));
      if (java && !byMajor.has(java.major)) byMajor.set(java.major, java);
    }
  }
  return [...byMajor.values()].sort((a, b) => a.major - b.major);
}

/** A Java says what it is in a file; asking the program would take longer than all else that a region does at its start. */
async function inspect(directory: string): Promise<Java | undefined> {
  try {
    const home = await realpath(directory);
    await access(join(home, "bin", "java"));
    const version = /^JAVA_VERSION="([^"]+)"/m.exec(await readFile(join(home, "release"), "utf8"))?.[1] ?? "";
    const major = Number(version.split(".")[0]);
    return RUNTIMES[major] === undefined ? undefined : { major, version, home };
  } catch {
    return undefined;
  }
}

function installation(runtime: string, { major, version, home }: Java, clientDirectory: string): RuntimeInstallation {
  const inUsr = home.startsWith("/usr/lib/");
  const archive = `classes-${version}.jsa`;
  let hasArchive = false;
  return {
    runtime,
    kind: "managed",
    version,
    runtimeVersion: `java:${major}.v${version.split(".")[2] ?? 0}`,
    bootstrapDirectory: clientDirectory,
    ...(!inUsr && { languageDirectory: home }),
    command(paths: SandboxPaths, options: LaunchOptions = {}) {
      const java = join(inUsr ? home : paths.language, "bin", "java");
      // An archive that does not fit (another class path or collector) is passed over by Java, silently.
      const shared = hasArchive ? [`-XX:SharedArchiveFile=${join(paths.runtime, archive)}`] : [];
      const flags = [...heap(options.memoryMb), ...SMALL_AND_QUICK, ...shared, ...OPENED, ...HOOKS];
      const argv = [java, ...flags, "-classpath", classPath(paths.runtime), MAIN, options.handler ?? ""];
      return wrapCommand(argv, options, paths);
    },
    environment: (_paths, handler) => ({ _HANDLER: handler, AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}` }),
    async prepare() {
      hasArchive = await archived(join(home, "bin", "java"), clientDirectory, archive);
    },
    runtimeVersionArn: (region) => runtimeVersionArn(region, runtime, version),
  };
}

/** What AWS starts its Javas with: no threads for a collector or an optimising compiler that never get to help. */
const SMALL_AND_QUICK = ["-XX:+UseSerialGC", "-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];
/** Serialisation of events looks into classes of the platform. */
const OPENED = ["--add-opens=java.base/java.io=ALL-UNNAMED"];
/** By which the CRaC library of a function (org.crac) finds the hooks that the client runs around SnapStart's snapshot, as in AWS. */
const HOOKS = ["-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac"];

function heap(memoryMb: number | undefined): string[] {
  return memoryMb === undefined ? [] : [`-XX:MaxHeapSize=${Math.floor(memoryMb * 1024 * HEAP_SHARE)}k`];
}

const classPath = (directory: string): string => JAVA_CLIENT_JARS.map((jar) => join(directory, "lib", jar)).join(":");

/**
 * Have Java write down, once, what it loads to come as far as the function: starts are shorter with it. The client runs
 * without a Runtime API and without a function for that, and ends by itself. An archive holds for the class path that it
 * was made with, hence the mount namespace in which the client is where sandboxes have it; without root there is none.
 * @returns whether there is such an archive
 */
async function archived(java: string, clientDirectory: string, name: string): Promise<boolean> {
  const file = join(clientDirectory, name);
  if (await isThere(file)) return true;
  const incoming = `${name}.${process.pid}`;
  const flags = [...SMALL_AND_QUICK, ...OPENED, `-XX:ArchiveClassesAtExit=/var/runtime/${incoming}`];
  const argv = [java, ...flags, "-classpath", classPath("/var/runtime"), MAIN, "none.None"];
  const env = {
    AWS_LAMBDA_RUNTIME_API: "127.0.0.1:9",
    LAMBDA_TASK_ROOT: "/nowhere",
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  };
  // It ends with an error, since nobody answers it: whether it has written is what counts.
  await promisify(execFile)("unshare", ["--mount", "sh", "-c", WHERE_SANDBOXES_HAVE_IT, clientDirectory, ...argv], {
    env,
    timeout: 30_000,
  }).catch(() => undefined);
  await rename(join(clientDirectory, incoming), file).catch(() => undefined);
  return isThere(file);
}

/** $0 is the client's directory; by way of /mnt, because it may itself be below /var. */
const WHERE_SANDBOXES_HAVE_IT =
  'mount --bind "$0" /mnt && mount -t tmpfs none /var && mkdir /var/runtime && mount --bind /mnt /var/runtime && exec "$@"';

export function javaMissing(runtime: string, runtimesDirectory: string): MissingRuntime | undefined {
  const major = Object.entries(RUNTIMES).find(([, names]) => names.includes(runtime))?.[0];
  if (major === undefined) return undefined;
  return {
    reason: `no Java ${major} in ${JAVA_DIRECTORIES.join(" or ")}, or no runtime interface client in ${runtimesDirectory}`,
    hint: "run `alonzo runtimes install java`; Debian has one Java, others can be put into /opt/java/<name>",
  };
}
