/** For tests: an environment whose sandbox and runtime process are played by the test. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import type { FunctionVersion } from "../functions/function-version.ts";
import { Environment } from "./environment.ts";
import { EnvironmentLog } from "./environment-log.ts";
import { Extensions } from "./extensions.ts";
import type { Invocation } from "./invocation.ts";
import { InvocationSlot } from "./invocation-slot.ts";
import type { Sandbox, SandboxExit } from "./sandbox/sandbox.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

export const VERSION: FunctionVersion = {
  functionName: "f",
  version: "$LATEST",
  functionArn: "arn:aws:lambda:us-east-1:000000000000:function:f",
  codeSha256: "",
  codeSize: 1,
  revisionId: "r",
  lastModified: "",
  state: "Active",
  roleArn: "",
  description: "",
  timeoutSeconds: 3,
  memoryMb: 128,
  ephemeralStorageMb: 512,
  architecture: "x86_64",
  packageType: "Zip",
  logging: { logFormat: "Text", logGroup: "/aws/lambda/f" },
  tracingMode: "PassThrough",
  snapStartApplyOn: "None",
};

/** Nobody can subscribe: it is too late. */
export const SILENT = new Telemetry(() => assert.fail("nobody is there"), false);
SILENT.close();

export const invocation = (n: number): Invocation => ({
  requestId: `00000000-0000-4000-8000-00000000000${n}`,
  payload: Buffer.from("{}"),
  invokedFunctionArn: VERSION.functionArn,
  traceId: "Root=1-0-0",
});

/** A runtime process played by the test: each start() hands the script a way to behave. */
export function play(
  script: (runtime: PlayedRuntime) => void,
  timeoutSeconds = 3,
  launching = Promise.resolve(),
  logging = VERSION.logging,
) {
  const calls: string[] = [];
  const lines: string[] = [];
  const slot = new InvocationSlot();
  const telemetry = new Telemetry((port) => sandbox.connect(port), logging.logFormat === "JSON");
  const log = new EnvironmentLog({ append: (_time, message) => lines.push(message) }, telemetry, logging);
  let starts = 0;
  const sandbox: Sandbox = {
    id: "env-1",
    paths: { task: "/var/task", runtime: "", language: "", layers: "", temporary: "/tmp" },
    runtimeApiAddress: "",
    regionEndpoint: "",
    async startExtensions() {
      throw new Error("no extensions are played");
    },
    async start() {
      const { promise: exited, resolve } = Promise.withResolvers<SandboxExit>();
      starts++;
      calls.push("start");
      const runtime: PlayedRuntime = {
        starts,
        slot,
        exit: (code, signal = null) => resolve({ code, signal, outOfMemory: false }),
        outOfMemory: () => resolve({ code: null, signal: "SIGKILL", outOfMemory: true }),
        print: (text) => log.output(Buffer.from(text)),
        next: (handle) => slot.next({ alive: true, answer: ({ requestId }) => setImmediate(() => handle(requestId)) }),
        respond: (requestId, text) => slot.answer(requestId, { kind: "response", body: Buffer.from(text) }),
      };
      setImmediate(() => script(runtime));
      await launching;
      return { exited };
    },
    terminate: () => calls.push("terminate"),
    killRuntime: () => calls.push("kill"),
    reset: async () => void calls.push("reset"),
    freeze: () => calls.push("freeze"),
    thaw: () => calls.push("thaw"),
    connect: (port) => connect(port, "127.0.0.1"),
    peakMemoryMb: () => 41,
    destroy: async () => void calls.push("destroy"),
  };
  const extensions = new Extensions();
  const idle: Environment[] = [];
  const environment = new Environment(
    {
      version: { ...VERSION, timeoutSeconds, logging },
      sandbox,
      slot,
      extensions,
      log,
      telemetry,
      streamingRate: 2 * 1024 * 1024,
      launch: {
        command: { argv: ["x"], environment: {}, workingDirectory: "/" },
        runtimeVersion: "nodejs:22.v1",
        runtimeVersionArn: "arn:aws:lambda:us-east-1::runtime:0",
      },
      initialization: "on-demand",
    },
    { onIdle: (one) => idle.push(one), onRuntimeExit: () => {}, onFault: (_one, error) => assert.fail(String(error)) },
  );
  const untilIdle = async (times: number) => {
    while (idle.length < times) await new Promise((resolve) => setImmediate(resolve));
  };
  return { environment, calls, lines, telemetry, extensions, untilIdle };
}

export interface PlayedRuntime {
  readonly starts: number;
  readonly slot: InvocationSlot;
  exit(code: number | null, signal?: string | null): void;
  outOfMemory(): void;
  print(text: string): void;
  next(handle: (requestId: string) => void): void;
  respond(requestId: string, text: string): void;
}

/** A function that answers every event with `answer`. */
export const serving = (answer: (requestId: string) => string) => (runtime: PlayedRuntime) => {
  const loop = () =>
    runtime.next((requestId) => {
      runtime.print(`working on ${requestId}\n`);
      runtime.respond(requestId, answer(requestId));
      loop();
    });
  loop();
};
