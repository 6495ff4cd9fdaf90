/** A function whose invocations last until the test lets them end, in a region that does not isolate. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipOf } from "../api/lambda/zip.ts";

/**
 * Events: `{gate}` waits for the gate, `{exit}` ends the process, `{throw}` throws. Answers how its environment was
 * initialised, which one it is, and the version.
 */
export const HELD_FUNCTION = zipOf({
  "index.js": `
    const { existsSync, writeFileSync } = require("node:fs");
    const { setTimeout: sleep } = require("node:timers/promises");
    const environment = require("node:crypto").randomUUID();
    exports.handler = async (event, context) => {
      if (event.gate) writeFileSync(event.gate + "/" + context.awsRequestId, "");
      while (event.gate && !existsSync(event.gate + "/open")) await sleep(2);
      if (event.exit) process.exit(1);
      if (event.throw) throw new Error("thrown");
      const type = process.env.AWS_LAMBDA_INITIALIZATION_TYPE;
      return { type, environment, version: context.functionVersion };
    };
  `,
});

/** Invocations with the gate in their event wait for it, and tell that they have begun. */
export class Gate {
  readonly #directory = mkdtempSync(join(tmpdir(), "alonzo-gate-"));

  get event(): { gate: string } {
    return { gate: this.#directory };
  }

  /** Resolves when so many invocations wait here, or have. */
  async reached(count: number): Promise<void> {
    while (readdirSync(this.#directory).filter((name) => name !== "open").length < count) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  open(): void {
    if (existsSync(this.#directory)) writeFileSync(join(this.#directory, "open"), "");
  }

  /** Only when no invocation waits any more. */
  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
