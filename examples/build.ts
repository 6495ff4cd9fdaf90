/**
 * Builds the deployment package of an example: `node examples/build.ts NAME` writes .cache/examples/NAME.zip and prints
 * its path; NAME/layer builds the layer that an example has in its folder of that name. Dependencies come through their own package managers; an unchanged example is not built again.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ZipFile } from "yazl";

const EXAMPLES = fileURLToPath(new URL(".", import.meta.url));
const CACHE = fileURLToPath(new URL("../.cache/examples", import.meta.url));

const LAYER = "layer";

/** What tells about an example, or stands beside its code, and is no part of it. */
const NOT_PACKAGED = new Set(["README.md", "deploy.sh", "event.json", "function.json", LAYER]);

/** A tool is missing, or failed. The message is for the operator and says what to do. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

/** The machine lacks a tool that the example needs. */
export class MissingToolError extends BuildError {}

/** The settings of an example's function: the input of CreateFunction, without the code. */
export interface ExampleFunction {
  readonly FunctionName: string;
  readonly Runtime: string;
  readonly Handler: string;
  readonly Role: string;
  readonly MemorySize: number;
  readonly Timeout: number;
}

export async function exampleFunction(name: string): Promise<ExampleFunction> {
  return JSON.parse(await readFile(join(EXAMPLES, name, "function.json"), "utf8"));
}

/** Text of the event that an example's README invokes it with. */
export async function exampleEvent(name: string): Promise<string> {
  return readFile(join(EXAMPLES, name, "event.json"), "utf8");
}

export async function exampleNames(): Promise<string[]> {
  const entries = await readdir(EXAMPLES, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function runTool(tool: string, argv: readonly string[], directory: string, install: string): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" };
  try {
    await promisify(execFile)(tool, argv, { cwd: directory, env, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT" || stderr.includes("No module named pip")) {
      throw new MissingToolError(`${tool} ${argv.slice(0, 2).join(" ")} needs what is not installed: ${install}`);
    }
    throw new BuildError(`${tool} ${argv[0]} failed:\n${stderr}`, { cause: error });
  }
}

export interface Tools {
  /** A Python that has pip. */
  readonly python: string;
}

interface Recipe {
  /** The file whose presence calls for this recipe. */
  readonly marker: string;
  /** Turns a copy of the example's sources into what is packaged. */
  build(directory: string, tools: Tools): Promise<void>;
}

const RECIPES: readonly Recipe[] = [
  {
    marker: "package.json",
    build: (directory) =>
      runTool(
        "npm",
        ["ci", "--omit=dev", "--ignore-scripts", "--os=linux", `--cpu=${process.arch}`, "--libc=glibc"],
        directory,
        "it comes with Node.js",
      ),
  },
  {
    marker: "requirements.txt",
    async build(directory, { python }) {
      const requirements = ["--require-hashes", "--only-binary", ":all:", "-r", "requirements.txt"];
      const quiet = ["--quiet", "--disable-pip-version-check", "--no-compile", "--root-user-action", "ignore"];
      const argv = ["-m", "pip", "install", ...quiet, ...requirements, "--target", "."];
      await runTool(python, argv, directory, "apt-get install python3-pip");
    },
  },
  {
    marker: "go.mod",
    async build(directory) {
      const argv = ["build", "-tags", "lambda.norpc", "-trimpath", "-ldflags=-s -w", "-o", "bootstrap", "."];
      await runTool("go", argv, directory, "apt-get install golang-go");
      for (const source of ["main.go", "go.mod", "go.sum"]) await rm(join(directory, source));
    },
  },
  {
    marker: "Cargo.toml",
    async build(directory) {
      // Beside the copy, which goes: what is compiled of others is kept for the next build.
      const target = join(CACHE, "cargo-target");
      const argv = ["build", "--locked", "--quiet", "--target-dir", target];
      await runTool("cargo", argv, directory, "Rust, from https://rustup.rs");
      await cp(join(target, "debug", "bootstrap"), join(directory, "bootstrap"));
      for (const source of ["src", "Cargo.toml", "Cargo.lock"]) await rm(join(directory, source), { recursive: true });
    },
  },
  {
    // Lines of `PATH SHA256`, paths below Maven Central: a build tool of Java's would be the larger part of the build.
    marker: "jars.txt",
    async build(directory) {
      const list = await readFile(join(directory, "jars.txt"), "utf8");
      await mkdir(join(directory, "lib"));
      for (const line of list.trim().split("\n")) {
        const [path = "", sha256 = ""] = line.split(" ");
        await fetchJar(path, sha256, join(directory, "lib"));
      }
      const sources = (await files(directory)).filter((file) => file.endsWith(".java"));
      const argv = ["--release", "17", "-classpath", "lib/*", "-d", ".", ...sources];
      await runTool("javac", argv, directory, "apt-get install openjdk-17-jdk-headless");
      for (const source of ["jars.txt", ...sources]) await rm(join(directory, source));
    },
  },
  {
    // Names of Debian packages whose Ruby code goes into lib/.
    marker: "debs.txt",
    async build(directory) {
      const names = (await readFile(join(directory, "debs.txt"), "utf8")).trim().split("\n");
      await runTool("apt-get", ["download", ...names], directory, "Debian or Ubuntu");
      const packages = (await files(directory)).filter((file) => file.endsWith(".deb"));
      for (const one of packages)
        await runTool("dpkg-deb", ["--extract", one, "unpacked"], directory, "Debian or Ubuntu");
      const gems = join(directory, "unpacked/usr/share/rubygems-integration/all/gems");
      for (const gem of await readdir(gems)) {
        await cp(join(gems, gem, "lib"), join(directory, "lib"), { recursive: true });
      }
      for (const rest of ["debs.txt", "unpacked", ...packages]) await rm(join(directory, rest), { recursive: true });
    },
  },
];

async function fetchJar(path: string, sha256: string, directory: string): Promise<void> {
  const url = `https://repo1.maven.org/maven2/${path}`;
  const answer = await fetch(url).catch((error: Error) => {
    throw new MissingToolError(`${url} cannot be reached: ${error.message}`);
  });
  if (!answer.ok) throw new BuildError(`${url} answered ${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (createHash("sha256").update(bytes).digest("hex") !== sha256)
    throw new BuildError(`${url} is not what is expected`);
  await writeFile(join(directory, basename(path)), bytes);
}

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.map((path) => relative(directory, path)).sort();
}

/** Hash of everything that the package depends on: the example's files, this script, the processor. */
async function fingerprint(directory: string): Promise<string> {
  const hash = createHash("sha256")
    .update(process.arch)
    .update(await readFile(fileURLToPath(import.meta.url)));
  for (const name of await files(directory)) {
    const path = join(directory, name);
    hash.update(`${name} ${(await stat(path)).mode} `).update(await readFile(path));
  }
  return hash.digest("hex");
}

async function writeZip(directory: string, path: string): Promise<void> {
  const zip = new ZipFile();
  for (const name of await files(directory)) {
    const { mode } = await stat(join(directory, name));
    // The same sources give the same bytes, hence the same CodeSha256.
    zip.addFile(join(directory, name), name, { mode, mtime: new Date("2026-01-01T00:00:00Z") });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

/** Where dependencies are installed: in a layer, the folders in which languages look for theirs. */
async function dependents(staging: string, isLayer: boolean): Promise<string[]> {
  if (!isLayer) return [staging];
  const entries = await readdir(staging, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(staging, entry.name));
}

/**
 * Build an example's deployment package, or its layer.
 * @param name of the example, or NAME/layer
 * @returns path of the zip
 * @throws BuildError when a tool is missing or fails
 */
export async function buildExample(name: string, tools: Tools = { python: "python3" }): Promise<string> {
  const source = join(EXAMPLES, name);
  const [example = "", part] = name.split("/");
  const isLayer = part === LAYER;
  if (!(await exampleNames()).includes(example) || (part !== undefined && !isLayer)) {
    throw new BuildError(`no example ${name}; there are ${(await exampleNames()).join(", ")}`);
  }
  const built = join(CACHE, isLayer ? `${example}-${LAYER}` : name);
  const zip = `${built}.zip`;
  const stamp = `${built}.sha256`;
  const wanted = await fingerprint(source);
  const known = await readFile(stamp, "utf8").catch(() => "");
  if (
    known === wanted &&
    (await access(zip).then(
      () => true,
      () => false,
    ))
  )
    return zip;

  const staging = `${built}.${process.pid}`;
  try {
    await mkdir(CACHE, { recursive: true });
    const isPackaged = (path: string) => path === source || !NOT_PACKAGED.has(basename(path));
    await cp(source, staging, { recursive: true, filter: isPackaged });
    await chmod(staging, 0o755);
    for (const directory of await dependents(staging, isLayer)) {
      const names = await readdir(directory);
      for (const recipe of RECIPES) if (names.includes(recipe.marker)) await recipe.build(directory, tools);
    }
    await writeZip(staging, `${staging}.zip`);
    await rename(`${staging}.zip`, zip);
    await writeFile(stamp, wanted);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return zip;
}

if (import.meta.main) {
  try {
    console.log(await buildExample(process.argv[2] ?? ""));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
