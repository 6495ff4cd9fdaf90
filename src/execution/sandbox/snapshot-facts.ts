/** What a driver knows of a snapshot and what is in none of its other files. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "./sandbox-error.ts";

const FACTS = "sandbox.json";

export function writeFacts<Facts extends object>(directory: string, facts: Facts): void {
  writeFileSync(join(directory, FACTS), JSON.stringify(facts));
}

/** @throws SandboxError when there is no snapshot */
export function readFacts<Facts extends object>(directory: string): Facts {
  try {
    return JSON.parse(readFileSync(join(directory, FACTS), "utf8")) as Facts;
  } catch (cause) {
    throw new SandboxError(`no snapshot can be read in ${directory}`, { cause });
  }
}
