/** The managed Ruby runtimes: every Ruby found on this machine, one for each minor version. */
import { execFile } from "node:child_process";
import { readdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { SandboxPaths } from "../sandbox/sandbox.ts";
import {
  type LaunchOptions,
  type MissingRuntime,
  type RuntimeInstallation,
  runtimeVersionArn,
  wrapCommand,
} from "./installation.ts";

const BOOTSTRAP_DIRECTORY = fileURLToPath(new URL("../../../runtimes/ruby", import.meta.url));
/** Debian names the program by its minor version, what is built from source by none. */
const PROGRAM = /^ruby(?:\d+\.\d+)?$/;

/** The system's own, then rbenv's. */
async function rubyDirectories(): Promise<string[]> {
  const root = join(homedir(), ".rbenv", "versions");
  const names = await readdir(root).catch(() => []);
  names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return ["/usr/bin", "/usr/local/bin", ...names.map((name) => join(root, name, "bin"))];
}

export async function discoverRuby(directories?: readonly string[]): Promise<RuntimeInstallation[]> {
  const byMinor = new Map<string, RuntimeInstallation>();
  // Several names may lead to one program, which is asked once.
  const programs = new Set((await Promise.all((directories ?? (await rubyDirectories())).map(programsIn))).flat());
  for (const ruby of await Promise.all([...programs].map(inspect))) {
    if (ruby && !byMinor.has(ruby.runtime)) byMinor.set(ruby.runtime, ruby);
  }
  return [...byMinor.values()];
}

/** Real paths; a link that leads nowhere is none. */
async function programsIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => PROGRAM.test(name)).sort();
  const paths = await Promise.all(names.map((name) => realpath(join(directory, name)).catch(() => undefined)));
  return paths.filter((path) => path !== undefined);
}

async function inspect(path: string): Promise<RuntimeInstallation | undefined> {
  try {
    const script = 'print [RUBY_VERSION, RbConfig::CONFIG["ruby_version"], *Gem.default_path].join("\\n")';
    const { stdout } = await promisify(execFile)(path, ["-e", script], { timeout: 5000 });
    const [version = "", library = "", ...gems] = stdout.split("\n");
    const minor = /^(\d+\.\d+)\.\d+$/.exec(version)?.[1];
    if (minor === undefined) return undefined;
    const prefix = dirname(dirname(path));
    // Those that belong to this Ruby, not to whoever runs the region.
    const bundled = gems.filter((directory) => directory.startsWith(`${prefix}/`));
    return installation({ path, prefix, version, minor, library, bundled });
  } catch {
    return undefined;
  }
}

interface Ruby {
  readonly path: string;
  readonly prefix: string;
  readonly version: string;
  /** e.g. 3.3 */
  readonly minor: string;
  /** The version in the paths of gems, e.g. 3.3.0. */
  readonly library: string;
  /** Directories of the gems that come with it. */
  readonly bundled: readonly string[];
}

function installation({ path, prefix, version, minor, library, bundled }: Ruby): RuntimeInstallation {
  const runtime = `ruby${minor}`;
  const inUsr = prefix === "/usr";
  return {
    runtime,
    kind: "managed",
    version,
    runtimeVersion: `ruby:${minor}.v${version.split(".")[2]}`,
    bootstrapDirectory: BOOTSTRAP_DIRECTORY,
    ...(!inUsr && { languageDirectory: prefix }),
    command(paths: SandboxPaths, options: LaunchOptions = {}) {
      const ruby = inUsr ? path : join(paths.language, "bin", basename(path));
      return wrapCommand([ruby, join(paths.runtime, "bootstrap.rb")], options, paths);
    },
    environment: (paths, handler) => ({
      _HANDLER: handler,
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
      GEM_HOME: paths.runtime,
      GEM_PATH: [
        `${paths.task}/vendor/bundle/ruby/${library}`,
        `${paths.layers}/ruby/gems/${library}`,
        paths.runtime,
        `${paths.runtime}/ruby/${library}`,
        ...bundled.map((directory) => (inUsr ? directory : directory.replace(prefix, paths.language))),
      ].join(":"),
      RUBYLIB: `${paths.task}:${paths.runtime}/lib:${paths.layers}/ruby/lib`,
    }),
    runtimeVersionArn: (region) => runtimeVersionArn(region, runtime, version),
  };
}

export function rubyMissing(runtime: string): MissingRuntime | undefined {
  const minor = /^ruby(\d+\.\d+)$/.exec(runtime)?.[1];
  if (minor === undefined) return undefined;
  return {
    reason: `no Ruby ${minor} in /usr/bin, /usr/local/bin or ~/.rbenv/versions`,
    hint: `install it: \`rbenv install ${minor}\`; or let the Ruby that is here stand in for it (--stand-ins)`,
  };
}
