/**
 * How a runtime can fail, and the error document that the caller gets for it (contract/02 §5). Values only; what
 * follows from a failure is the environment's business.
 */
import { MAX_RESPONSE_BYTES } from "./outcome.ts";
import type { SandboxExit } from "./sandbox/sandbox.ts";

export interface Failure {
  readonly status: "timeout" | "error";
  /** As the REPORT line and X-ray name it. */
  readonly errorType: string;
  /** Ends the sentence `RequestId: <id> Error: ` in the log; absent when the runtime told the caller itself. */
  readonly logMessage?: string;
  /** A line of the platform's for the log, before that sentence. */
  readonly extraLine?: string;
  /** The document for the caller of that request. */
  document(requestId: string): Buffer;
}

function platformFailure(
  errorType: string,
  message: string,
  options: { reportedType?: string; status?: "timeout" } = {},
): Failure {
  return {
    status: options.status ?? "error",
    errorType: options.reportedType ?? errorType,
    logMessage: message,
    document: (requestId) =>
      Buffer.from(JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${message}` })),
  };
}

/** @param reported what an extension in the runtime had reported before: the first error is the reason */
export function exitFailure(exit: SandboxExit, reported?: string): Failure {
  const options = exit.outOfMemory ? { reportedType: "Runtime.OutOfMemory" } : {};
  return platformFailure(reported ?? "Runtime.ExitError", exitMessage(exit), options);
}

/** An external extension ended. @param reported what it, or another, had reported before */
export function extensionFailure({ code, signal }: SandboxExit, reported?: string): Failure {
  const message = code === null ? `signal: ${signalWord(signal ?? "")}` : `exit code ${code}`;
  return platformFailure(reported ?? "Extension.Crash", message);
}

export function extensionLaunchFailure(message: string): Failure {
  return platformFailure("Extension.LaunchError", message);
}

function exitMessage(exit: SandboxExit): string {
  if (exit.outOfMemory || exit.signal === "SIGKILL") return "Runtime exited with error: signal: killed";
  if (exit.signal) return `Runtime exited with error: signal: ${signalWord(exit.signal)}`;
  return exit.code
    ? `Runtime exited with error: exit status ${exit.code}`
    : "Runtime exited without providing a reason";
}

/** Go's words for signals, which Lambda's messages use. */
const SIGNAL_WORDS: Readonly<Record<string, string>> = {
  SIGKILL: "killed",
  SIGABRT: "aborted (core dumped)",
  SIGSEGV: "segmentation fault (core dumped)",
  SIGBUS: "bus error (core dumped)",
  SIGILL: "illegal instruction (core dumped)",
  SIGFPE: "floating point exception (core dumped)",
  SIGTERM: "terminated",
  SIGINT: "interrupt",
  SIGHUP: "hangup",
  SIGPIPE: "broken pipe",
};

function signalWord(signal: string): string {
  return SIGNAL_WORDS[signal] ?? signal;
}

export function timeoutFailure(timeoutSeconds: number): Failure {
  const message = `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
  return platformFailure("Sandbox.Timedout", message, { status: "timeout" });
}

/** A container image that can be seen not to start. */
export function imageFailure(
  errorType: "Runtime.InvalidEntrypoint" | "Runtime.InvalidWorkingDir",
  message: string,
  { entryPoint, command, workingDirectory }: ImageWords,
): Failure {
  const words = (list: readonly string[]): string => `[${list.join(", ")}]`;
  const log = `IMAGE\tLaunch error: ${message}\tEntrypoint: ${words(entryPoint)}\tCmd: ${words(command)}\tWorkingDir: [${workingDirectory}]`;
  return { ...platformFailure(errorType, message), extraLine: log };
}

interface ImageWords {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
}

export function missingBootstrapFailure(): Failure {
  return platformFailure(
    "Runtime.InvalidEntrypoint",
    "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
  );
}

/** The sandbox could not be made to run the runtime at all: our fault or the machine's, told to the caller. */
export function sandboxFailure(): Failure {
  return platformFailure("Sandbox.Failure", "The execution environment could not be started");
}

/** The runtime reported the failure with a document of its own. */
export function reportedFailure(body: Buffer, errorType: string): Failure {
  return { status: "error", errorType, document: () => body };
}

export function truncatedFailure(): Failure {
  return platformFailure("Runtime.TruncatedResponse", "Response from the runtime was truncated");
}

export function badModeFailure(): Failure {
  return platformFailure("Runtime.InvalidResponseModeHeader", "Invalid function response mode");
}

export function tooLargeFailure(limitBytes = MAX_RESPONSE_BYTES): Failure {
  const errorType = "Function.ResponseSizeTooLarge";
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${limitBytes} bytes).`;
  const body = Buffer.from(JSON.stringify({ errorMessage, errorType }));
  return { status: "error", errorType, document: () => body };
}
