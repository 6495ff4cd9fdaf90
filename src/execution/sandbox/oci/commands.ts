/** Runs the machine's own tools (ip, nft, runc): where they are, what they said when they failed. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../sandbox-error.ts";

/** Administrators' tools are often not on the PATH of a service. */
const DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** @returns the full path, or undefined when the machine has no such command */
export function findCommand(name: string): string | undefined {
  return DIRECTORIES.map((directory) => join(directory, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function hasCommand(name: string): boolean {
  return findCommand(name) !== undefined;
}

/**
 * Run a command to its end. It is started before this returns, so that it inherits the namespace that the main thread
 * is in at the call.
 * @throws SandboxError with what it wrote to stderr when it fails
 */
export function run(name: string, parameters: readonly string[], input = ""): Promise<string> {
  const child = spawn(findCommand(name) ?? name, parameters, { stdio: "pipe", env: { PATH: DIRECTORIES.join(":") } });
  return new Promise((resolve, reject) => {
    let output = "";
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    child.once("error", (cause) => reject(new SandboxError(`${name}: ${cause.message}`, { cause })));
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new SandboxError(`${name} failed: ${complaint.trim() || `status ${code}`}`));
    });
    // Its complaint says more than the broken pipe that follows from it.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
