/** What the soak deploys, and what it does with it: tasks whose end is known. */
import { zipOf } from "../api/lambda/zip.ts";

/** The function does what its event says; a streaming one begins to answer first. */
const TASKS = `
  const { setTimeout: sleep } = require("node:timers/promises");
  const tasks = {
    answer: async ({ value }) => value,
    sleep: async ({ ms }) => sleep(ms, "slept"),
    large: async ({ bytes }) => "x".repeat(bytes),
    throw: async () => { throw new Error("thrown"); },
    exit: async () => process.exit(1),
    hang: () => sleep(60_000),
    litter: async () => {
      // What is to be swept with the environment: processes that outlive their parents, files, sockets, half a crash.
      const { spawn } = require("node:child_process");
      for (let count = 0; count < 3; count++) spawn("/bin/sleep", ["1000"], { detached: true, stdio: "ignore" }).unref();
      require("node:fs").writeFileSync("/tmp/litter" + Math.random(), Buffer.alloc(1 << 20));
      require("node:net").createServer().listen(0).unref();
      return "littered";
    },
    hoard: async () => {
      const hoard = [];
      for (;;) {
        hoard.push(Buffer.alloc(16 * 1024 * 1024, 1));
        await sleep(1);
      }
    },
  };
  exports.handler = (event) => tasks[event.task](event);
  exports.stream = awslambda.streamifyResponse(async (event, stream) => {
    stream.write("[");
    stream.write(JSON.stringify(await tasks[event.task](event)));
    stream.end("]");
  });
`;

/** @param revision makes the code another */
export const soakCode = (revision: number): Uint8Array => zipOf({ "index.js": `${TASKS}\n// ${revision}` });

export interface Task {
  readonly event: Readonly<Record<string, unknown>>;
  /** How an invocation ends that runs it. */
  readonly ends: "well" | "in an error";
}

/** @param mayHoard memory is limited where this runs */
export function tasks(mayHoard: boolean): readonly Task[] {
  return [
    { event: { task: "answer", value: [1, "two"] }, ends: "well" },
    { event: { task: "answer", value: null }, ends: "well" },
    { event: { task: "sleep", ms: 50 }, ends: "well" },
    { event: { task: "sleep", ms: 400 }, ends: "well" },
    { event: { task: "large", bytes: 900_000 }, ends: "well" },
    { event: { task: "litter" }, ends: "well" },
    { event: { task: "throw" }, ends: "in an error" },
    { event: { task: "exit" }, ends: "in an error" },
    { event: { task: "hang" }, ends: "in an error" },
    ...(mayHoard ? [{ event: { task: "hoard" }, ends: "in an error" } as const] : []),
  ];
}
