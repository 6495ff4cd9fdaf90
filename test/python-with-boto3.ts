/** The Python that `npm test` made for the tests, with test/requirements.txt in it (scripts/test.ts). */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const VENV_PYTHON = join(import.meta.dirname, "..", ".cache", "venv", "bin", "python");

/** Without `npm test` around, what an earlier one has made; else the machine's. */
export const PYTHON = process.env.ALONZO_TEST_PYTHON ?? (existsSync(VENV_PYTHON) ? VENV_PYTHON : "python3");

/** Why boto3 cannot be had, or undefined. In CI that is a failure, not a skip. */
export function boto3Missing(): string | undefined {
  const probe = spawnSync(PYTHON, ["-c", "import boto3"], { encoding: "utf8" });
  if (probe.status === 0) return undefined;
  return `${PYTHON} cannot import boto3: ${probe.error?.message ?? probe.stderr.trim().split("\n").at(-1)}`;
}
