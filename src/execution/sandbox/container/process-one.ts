/**
 * Process 1 of a sandbox, a shell script: it starts what runs, passes SIGTERM on to the runtime, collects orphans and
 * writes each end to descriptor 3, which only it holds. When it ends the kernel kills all that is left inside.
 */
import { Socket } from "node:net";
import { type End, Ends, RUNTIME } from "../oci/ends.ts";
import type { SandboxCommand } from "../sandbox.ts";

/** What process 1 is started with. */
export interface ProcessOne {
  readonly script: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

/** Nothing passes SIGINT on: a shell would end by it, and what runs inside may send it. */
const PASS_SIGNALS = `trap 'kill -TERM $p 2>/dev/null' TERM; trap 'kill -KILL $p 2>/dev/null' USR1; trap : INT`;
/** A signal to pass on breaks off the wait, whose status then is not the runtime's: one that is still to be had is. */
const RUN_RUNTIME = `"$@" 3>&- & p=$!
while wait $p; s=$?; kill -0 $p 2>/dev/null; do :; done
wait $p 2>/dev/null; t=$?; [ $t = 127 ] || s=$t
echo ${RUNTIME} $s >&3`;

/**
 * Each extension has a shell that waits for it, and writes to descriptor 5. How to start the runtime comes by descriptor 4
 * when that is due.
 */
const WITH_EXTENSIONS = `i=0
for e; do { (exec "$e" >&5 2>&5 5>&-) 3>&-; echo $i $? >&3; } 4>&- & i=$((i+1)); done
exec 5>&-; eval "$(while IFS= read -r l || [ -n "$l" ]; do printf '%s\\n' "$l"; done <&4 3>&-)"; exec 4>&-
${RUN_RUNTIME}
until wait; do :; done`;

/** A runtime that waits by itself, at descriptor 4, which nobody else is to hold. */
const RUN_WAITING = RUN_RUNTIME.replace("p=$!", "p=$!; exec 4>&-");

/** More than all ends take: the function can write there only by forging its own, and shall not fill our memory that way. */
const MOST_TOLD = 256;

/** OCI runtimes set HOME and shells set PWD when they are not given: programs see only what they were given. */
function unsetOwn(environment: Readonly<Record<string, string>>): string {
  const own = ["HOME", "PWD"].filter((name) => !Object.hasOwn(environment, name));
  return own.map((name) => `unset ${name}; `).join("");
}

/** Process 1 for a runtime alone. */
export function processOne({ argv, environment, workingDirectory }: SandboxCommand): ProcessOne {
  const script = `${unsetOwn(environment)}${PASS_SIGNALS}\n${RUN_RUNTIME}`;
  return { script, argv, environment, workingDirectory };
}

/** Process 1 for a runtime alone that reads from descriptor 4 what it is to do. */
export function processOneForCell({ argv, environment, workingDirectory }: SandboxCommand): ProcessOne {
  const script = `${unsetOwn(environment)}${PASS_SIGNALS}\n${RUN_WAITING}`;
  return { script, argv, environment, workingDirectory };
}

/** Process 1 for extensions, and a runtime later: it reads runtimeScript() from descriptor 4. */
export function processOneForExtensions(
  executables: readonly string[],
  environment: Readonly<Record<string, string>>,
  workingDirectory: string,
): ProcessOne {
  const script = `${unsetOwn(environment)}${PASS_SIGNALS}\n${WITH_EXTENSIONS}`;
  return { script, argv: executables, environment, workingDirectory };
}

/** Turns a shell with `environment` into one that starts `command`. */
export function runtimeScript(environment: Readonly<Record<string, string>>, command: SandboxCommand): string {
  const surplus = ["HOME", "PWD", ...Object.keys(environment)].filter(
    (name) => !Object.hasOwn(command.environment, name),
  );
  const variables = Object.entries(command.environment).map(([name, value]) => `${name}=${quoted(value)}`);
  return [
    `cd ${quoted(command.workingDirectory)}`,
    surplus.length > 0 ? `unset ${surplus.join(" ")}` : "",
    variables.length > 0 ? `export ${variables.join(" ")}` : "",
    `set -- ${command.argv.map(quoted).join(" ")}`,
  ].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The ends that process 1 tells of. */
export class ToldEnds {
  readonly #ends: Ends;
  #text = "";
  /** Process 1 is gone, and with it everything inside. */
  readonly over: Promise<void>;

  /** @param fd read end of its pipe, owned by this object from now on */
  constructor(fd: number) {
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.setEncoding("latin1").on("data", (chunk: string) => this.#read(chunk));
    socket.on("error", () => socket.destroy());
    this.over = new Promise((resolve) => socket.once("close", () => resolve()));
    this.#ends = new Ends(this.over);
  }

  /** How one of them ended: killed, when process 1 is gone without having told. */
  of(who: string): Promise<End> {
    return this.#ends.of(who);
  }

  #read(chunk: string): void {
    this.#text += chunk.slice(0, MOST_TOLD - this.#text.length);
    const lines = this.#text.split("\n");
    for (const line of lines.slice(0, -1)) {
      const [, who = "", status] = /^(r|\d{1,2}) (\d{1,3})$/.exec(line) ?? [];
      this.#ends.tell(who, Number(status ?? 0));
    }
  }
}
