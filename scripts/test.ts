/**
 * What `npm test` runs: completes the machine, makes the Python environment of the tests, then node's own test runner
 * over every test file, or over the files and patterns given as arguments.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { ensureSystemPackages } from "../src/cli/install.ts";
import { findPython, GROUPS } from "../src/cli/machine.ts";
import { installJavaClient } from "../src/execution/runtimes.ts";
import { installKernel as installGuestKernel } from "../src/execution/sandbox/microvm/kernel-package.ts";

const ROOT = join(import.meta.dirname, "..");
const REQUIREMENTS = join(ROOT, "test", "requirements.txt");
const RUNTIMES = join(ROOT, ".cache", "runtimes");
const VIRTUAL_ENVIRONMENT = join(ROOT, ".cache", "venv");
const NODE_MAJOR = 26;

const PATTERNS = [
  "src/**/*.test.ts",
  "runtimes/**/*.test.ts",
  "scripts/**/*.test.ts",
  "test/**/*.test.ts",
  "bench/**/*.test.ts",
];

/** Files under way at once. More starves the timing of functions on small machines. */
const CONCURRENCY = 2;
/**
 * A whole run in which no more files than this fail runs those again, alone: a busy machine is told from a fault. Both
 * outcomes are printed.
 */
const MOST_REPEATED = 3;
/** A test file that hangs is ended after this long (ms); the soak is told how long it is to take. */
const FILE_TIMEOUT_MS = 600_000 + 60_000 * Number(process.env.ALONZO_SOAK_MINUTES ?? 0);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function requirePinnedNode(): void {
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return;
  say(`the tests need Node ${NODE_MAJOR}, this is ${process.version} (${process.execPath}).`);
  say("Run them as `npm ci && npm test`: that installs and uses the pinned Node (Linux on x64 or arm64).");
  process.exit(1);
}

/**
 * A virtual environment with exactly test/requirements.txt in it, kept until that file changes.
 * @returns path of its python, or undefined on a machine without a usable python3
 */
function pythonWithBoto3(): string | undefined {
  const python = join(VIRTUAL_ENVIRONMENT, "bin", "python");
  const stamp = join(VIRTUAL_ENVIRONMENT, "requirements.txt");
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return python;
  const host = findPython();
  if (host === undefined) return undefined;
  say(`making ${VIRTUAL_ENVIRONMENT} with boto3`);
  rmSync(VIRTUAL_ENVIRONMENT, { recursive: true, force: true });
  mkdirSync(VIRTUAL_ENVIRONMENT, { recursive: true });
  execFileSync(host, ["-m", "venv", VIRTUAL_ENVIRONMENT], { stdio: ["ignore", 2, 2] });
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS];
  execFileSync(python, install, { stdio: ["ignore", 2, 2] });
  writeFileSync(stamp, wanted);
  return python;
}

/** Where Go and Rust put their programs when they were not installed as packages; not on the PATH of every service. */
function pathWithLanguages(): string {
  const homes = ["/usr/local/go/bin", join(homedir(), ".cargo", "bin")].filter((path) => existsSync(path));
  return [process.env.PATH, ...homes].join(delimiter);
}

requirePinnedNode();
const missing = ensureSystemPackages(GROUPS.tests, say);
const python = pythonWithBoto3();
// Elsewhere the tests that need what is missing are skipped and say so; in CI that would hide them.
if (process.env.CI && (missing.length > 0 || python === undefined)) process.exit(1);

// Without these (no network, say) the tests of Java and of microVMs say so and are skipped.
const hasJava = await installJavaClient(RUNTIMES, say).then(
  () => true,
  (error: Error) => say(error.message),
);
const hasGuestKernel = await installGuestKernel(say).then(
  () => true,
  (error: Error) => say(error.message),
);
if (process.env.CI && !(hasJava && hasGuestKernel)) process.exit(1);

/** Ctrl-C reaches the children too, by the terminal; this process only waits to pass an exit code on. */
let running: ChildProcess | undefined;
process.on("SIGINT", () => {});
process.on("SIGTERM", () => running?.kill("SIGTERM"));

/** @returns the exit code, and the files in which a test failed */
async function runTests(files: readonly string[], concurrency: number): Promise<[code: number, failed: string[]]> {
  const failures = join(ROOT, ".cache", "failed-files.txt");
  running = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      "--test",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${join(import.meta.dirname, "failed-files.ts")}`,
      `--test-reporter-destination=${failures}`,
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${FILE_TIMEOUT_MS}`,
      ...files,
    ],
    {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...process.env, PATH: pathWithLanguages(), ...(python !== undefined && { ALONZO_TEST_PYTHON: python }) },
    },
  );
  const [code] = (await once(running, "exit")) as [number | null];
  const failed = existsSync(failures) ? readFileSync(failures, "utf8").split("\n").filter(Boolean) : [];
  return [code ?? 1, failed];
}

const chosen = process.argv.slice(2);
const [code, failed] = await runTests(chosen.length > 0 ? chosen : PATTERNS, CONCURRENCY);
if (code === 0 || chosen.length > 0 || failed.length === 0 || failed.length > MOST_REPEATED) process.exit(code);

const names = failed.map((file) => relative(ROOT, file)).join(", ");
say(`\nFAILED: ${names}. Run once more, by itself: what fails again fails.\n`);
const [again] = await runTests(failed, 1);
if (again === 0)
  say(`\nUNSTEADY: ${names} failed among the others and passed alone. That is a fault to be mended, above.`);
process.exit(again);
