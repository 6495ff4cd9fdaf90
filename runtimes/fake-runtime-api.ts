/**
 * For tests of the bootstraps: a Runtime API that hands out prepared events, and a way to run a real runtime process
 * against it. Knows nothing of environments; it only writes down what the runtime said.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import type { RuntimeInstallation } from "../src/execution/runtimes.ts";

export interface Answer {
  /** Path after /2018-06-01/runtime. */
  readonly path: string;
  readonly errorType: string | undefined;
  /** Text as it was sent. */
  readonly body: string;
  readonly contentType: string | undefined;
  /** Lambda-Runtime-Function-Response-Mode. */
  readonly mode: string | undefined;
  /** Behind a streamed body, names in lower case. */
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

export interface Run {
  readonly answers: readonly Answer[];
  readonly log: string;
  /** stdout, byte for byte. */
  readonly stdout: Buffer;
  /** null when the runtime waited for more and was ended by the test. */
  readonly exitCode: number | null;
}

export interface Scenario {
  /** File name to content. */
  readonly files: Readonly<Record<string, string>>;
  /** Files of a layer. */
  readonly layer?: Readonly<Record<string, string>>;
  readonly handler: string;
  /** Text of each event; one event `{}` when left out. */
  readonly events?: readonly string[];
  /** More headers for each invocation. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly transport?: "unix" | "tcp";
  /** Status of the answer to a response; default 202. */
  readonly responseStatus?: number;
  readonly chunked?: boolean;
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
}

export function requestId(index: number): string {
  return `00000000-0000-4000-8000-00000000000${index}`;
}

/** Run one runtime process through all events of a scenario. */
export async function run(installation: RuntimeInstallation, scenario: Scenario): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), "alonzo-bootstrap-"));
  const paths = {
    task: join(directory, "task"),
    runtime: installation.bootstrapDirectory ?? "",
    language: installation.languageDirectory ?? "/usr",
    layers: join(directory, "opt"),
    temporary: directory,
  };
  await mkdir(paths.task);
  await mkdir(paths.layers);
  await writeFiles(paths.task, scenario.files);
  await writeFiles(paths.layers, scenario.layer ?? {});

  const answers: Answer[] = [];
  const events = scenario.events ?? ["{}"];
  let handedOut = 0;
  let wantsMore = (): void => undefined;

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const path = (request.url ?? "").replace("/2018-06-01/runtime", "");
    if (path === "/invocation/next") {
      const event = events[handedOut];
      if (event === undefined) return wantsMore();
      handedOut += 1;
      response.writeHead(200, {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": requestId(handedOut),
        "Lambda-Runtime-Deadline-Ms": String(Date.now() + 3000),
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "Lambda-Runtime-Trace-Id": `Root=1-5e34a614-10bdxmplf1fb44f07bc535a${handedOut};Sampled=0`,
        ...scenario.headers,
        ...(scenario.chunked ? {} : { "Content-Length": Buffer.byteLength(event) }),
      });
      if (scenario.chunked) {
        for (const character of event) response.write(character);
        response.end();
      } else {
        response.end(Buffer.from(event)); // a string would change the encoding of the headers sent with it
      }
      return;
    }
    const errorType = request.headers["lambda-runtime-function-error-type"];
    const mode = request.headers["lambda-runtime-function-response-mode"];
    answers.push({
      path,
      errorType: errorType === undefined ? undefined : String(errorType),
      body,
      contentType: request.headers["content-type"],
      mode: mode === undefined ? undefined : String(mode),
      trailers: request.trailers,
    });
    if (path === "/restore/next") return void response.writeHead(200).end();
    response.writeHead(path.endsWith("/response") ? (scenario.responseStatus ?? 202) : 202).end('{"status":"OK"}');
  };

  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  const socketPath = join(directory, "api.sock");
  const isUnix = scenario.transport !== "tcp";
  await new Promise<void>((resolve) => {
    if (isUnix) server.listen(socketPath, resolve);
    else server.listen(0, "127.0.0.1", resolve);
  });
  const address = isUnix ? "169.254.100.1:9001" : `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const [executable = "", ...rest] = installation.command(paths, { variables: scenario.environment ?? {} });
  const child = spawn(executable, rest, {
    cwd: paths.task,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: "/usr/bin:/bin",
      LANG: "en_US.UTF-8",
      LAMBDA_TASK_ROOT: paths.task,
      AWS_LAMBDA_RUNTIME_API: address,
      AWS_LAMBDA_FUNCTION_NAME: "f",
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
      AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/f",
      AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef",
      ...(isUnix ? { ALONZO_RUNTIME_API_SOCKET: socketPath } : {}),
      ...installation.environment(paths, scenario.handler),
      ...scenario.environment,
    },
  });
  try {
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const finished = new Promise<void>((resolve) => {
      wantsMore = resolve;
    });
    const output = Promise.all([buffer(child.stdout), text(child.stderr)]);
    await Promise.race([exited, finished]);
    child.kill("SIGKILL");
    const [exitCode, [out, err]] = await Promise.all([exited, output]);
    return { answers, stdout: out, log: (out.toString() + err).replaceAll(directory, ""), exitCode };
  } finally {
    child.kill("SIGKILL");
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The only answer of a run, its document parsed. */
export function onlyDocument(result: Run): Record<string, unknown> {
  const [answer] = result.answers;
  if (result.answers.length !== 1 || !answer) throw new Error(`expected one answer, got ${JSON.stringify(result)}`);
  return JSON.parse(answer.body);
}

/** What a runtime wrote in the framing of _LAMBDA_TELEMETRY_LOG_FD (contract/02 §4): type and text of each record. */
export function telemetryFrames(
  bytes: Buffer,
): { readonly type: number; readonly text: string; readonly timeMs: number }[] {
  const frames = [];
  for (let position = 0; position < bytes.length; ) {
    const end = position + 16 + bytes.readUInt32BE(position + 4);
    const timeMs = Number(bytes.readBigUInt64BE(position + 8) / 1000n);
    frames.push({ type: bytes.readUInt32BE(position), text: bytes.toString("utf8", position + 16, end), timeMs });
    position = end;
  }
  return frames;
}
