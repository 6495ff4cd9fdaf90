/** The managed Python runtimes: every CPython found on this machine, one for each minor version that AWS names. */
import { execFile } from "node:child_process";
import { open, readdir, realpath } from "node:fs/promises";
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

const OLDEST_MINOR = 8;
const NEWEST_MINOR = 15;
const BOOTSTRAP_DIRECTORY = fileURLToPath(new URL("../../../runtimes/python", import.meta.url));

interface Interpreter {
  readonly minor: number;
  /** Real path, symbolic links resolved. */
  readonly path: string;
  readonly version: string;
}

async function entries(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

/** The system's own directories, then pyenv's and uv's installations, newest patch first. */
export async function defaultPythonDirectories(): Promise<string[]> {
  const roots = [
    join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions"),
    join(homedir(), ".local/share/uv/python"),
  ];
  const installed = await Promise.all(
    roots.map(async (root) => {
      const names = await entries(root);
      names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
      return names.map((name) => join(root, name, "bin"));
    }),
  );
  return ["/usr/bin", "/usr/local/bin", ...installed.flat()];
}

/** Shims are shell scripts: they need files that a sandbox does not have. */
async function isScript(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString("latin1") === "#!";
  } finally {
    await file.close();
  }
}

/** Installers name their directories by version (`3.12.1`, `cpython-3.12.1-linux-...`); others are asked. */
async function exactVersion(path: string): Promise<string> {
  const named = /(?:^|-)(3\.\d+\.\d+)(?:$|-)/.exec(basename(dirname(dirname(path))))?.[1];
  if (named) return named;
  const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 5000 });
  const version = /^Python (3\.\d+\.\d+)/.exec(stdout)?.[1];
  if (!version) throw new Error(`${path} --version answered ${JSON.stringify(stdout)}`);
  return version;
}

async function inspect(directory: string, name: string): Promise<Interpreter | undefined> {
  const minor = Number(/^python3\.(\d+)$/.exec(name)?.[1] ?? Number.NaN);
  if (!(minor >= OLDEST_MINOR && minor <= NEWEST_MINOR)) return undefined;
  try {
    const path = await realpath(join(directory, name));
    if (await isScript(path)) return undefined;
    return { minor, path, version: await exactVersion(path) };
  } catch {
    // A dangling link, an unreadable file or a Python that does not start: not an interpreter we can use.
    return undefined;
  }
}

function installation({ minor, path, version }: Interpreter): RuntimeInstallation {
  const runtime = `python3.${minor}`;
  const prefix = dirname(dirname(path));
  const inUsr = prefix === "/usr" || prefix === "/usr/local";
  return {
    runtime,
    kind: "managed",
    version,
    runtimeVersion: `python:3.${minor}.v${version.split(".")[2]}`,
    bootstrapDirectory: BOOTSTRAP_DIRECTORY,
    canWait: true,
    ...(inUsr ? {} : { languageDirectory: prefix }),
    command(paths: SandboxPaths, options: LaunchOptions = {}) {
      const python = inUsr ? path : join(paths.language, "bin", basename(path));
      // -S -s: packages that happen to be installed on the host are not part of the runtime.
      return wrapCommand([python, "-S", "-s", join(paths.runtime, "bootstrap.py")], options, paths);
    },
    environment: (paths, handler) => ({
      _HANDLER: handler,
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
      PYTHONPATH: paths.runtime,
      LC_CTYPE: "C.UTF-8",
      // For our bootstrap alone, which removes it: where /opt is, if it is elsewhere.
      ...(paths.layers === "/opt" ? {} : { ALONZO_LAYERS_DIRECTORY: paths.layers }),
    }),
    async prepare() {
      // Sandboxes mount the bootstrap read-only, so its bytecode has to be there before. Without it a start is 3 ms slower.
      const script = `import compileall; compileall.compile_dir(${JSON.stringify(BOOTSTRAP_DIRECTORY)}, quiet=2)`;
      await promisify(execFile)(path, ["-S", "-s", "-c", script], { timeout: 30_000 }).catch(() => undefined);
    },
    runtimeVersionArn: (region) => runtimeVersionArn(region, runtime, version),
  };
}

/** @param directories where to look for python3.N, strongest first: the first of each minor version is taken */
export async function discoverPython(directories: readonly string[]): Promise<RuntimeInstallation[]> {
  const found = await Promise.all(
    directories.map(async (directory) =>
      Promise.all((await entries(directory)).map((name) => inspect(directory, name))),
    ),
  );
  const byMinor = new Map<number, Interpreter>();
  for (const interpreter of found.flat()) {
    if (interpreter && !byMinor.has(interpreter.minor)) byMinor.set(interpreter.minor, interpreter);
  }
  return [...byMinor.values()].sort((a, b) => a.minor - b.minor).map(installation);
}

export function pythonMissing(runtime: string): MissingRuntime | undefined {
  const minor = Number(/^python3\.(\d+)$/.exec(runtime)?.[1] ?? Number.NaN);
  if (!(minor >= OLDEST_MINOR && minor <= NEWEST_MINOR)) return undefined;
  return {
    reason: `no ${runtime} in /usr/bin, /usr/local/bin, ~/.pyenv/versions or ~/.local/share/uv/python`,
    hint: `install it: \`apt-get install ${runtime}\`, \`pyenv install 3.${minor}\` or \`uv python install 3.${minor}\``,
  };
}
