/** What every isolation driver promises that has snapshots, as tests. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { guardDriver } from "../../src/execution/sandbox/guarded.ts";
import type {
  RestoredSandbox,
  SandboxDriver,
  SandboxSnapshots,
  SandboxSpec,
} from "../../src/execution/sandbox/sandbox.ts";
import { Arrivals, TestSandbox } from "./sandbox-fixture.ts";

/** Asks the Runtime API, and does with each answer what it says: it is a line of Python. */
const ASKS = `
import json, os, socket, sys, time
host, port = os.environ["API"].split(":")
api = socket.create_connection((host, int(port)))
kept = os.urandom(8).hex()
while True:
    api.sendall(b"ask\\n")
    exec(api.makefile().readline())
`;

class Conversation {
  readonly #socket: Socket;
  readonly #asked = new Arrivals<string>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8").on("data", (text: string) => this.#asked.add(text));
    socket.on("error", () => {});
  }

  asked(): Promise<string> {
    return this.#asked.next();
  }

  answer(line: string): void {
    this.#socket.write(`${line}\n`);
  }
}

interface Restored {
  readonly test: TestSandbox;
  readonly conversation: Conversation;
  readonly restored: RestoredSandbox;
}

class Workshop {
  readonly #driver: SandboxDriver;
  readonly #snapshots: SandboxSnapshots;
  readonly #made: TestSandbox[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), "snapshot-"));

  constructor(driver: SandboxDriver) {
    assert.ok(driver.snapshots, "the driver has snapshots");
    this.#driver = driver;
    this.#snapshots = driver.snapshots;
  }

  async create(code: Readonly<Record<string, string>> = {}): Promise<TestSandbox> {
    const test = await TestSandbox.create(this.#driver.create, { code });
    this.#made.push(test);
    return test;
  }

  /** A sandbox whose runtime waits for an answer, after it did what was asked of it. */
  async waiting(test: TestSandbox, ...lines: readonly string[]): Promise<Conversation> {
    await test.start(["/usr/bin/python3", "-S", "-c", ASKS], { API: test.sandbox.runtimeApiAddress });
    const conversation = new Conversation(await test.runtimeApi.next());
    assert.equal(await conversation.asked(), "ask\n");
    for (const line of lines) {
      conversation.answer(line);
      assert.equal(await conversation.asked(), "ask\n");
    }
    return conversation;
  }

  async take(test: TestSandbox): Promise<void> {
    await this.#snapshots.take(test.sandbox, this.#directory);
    await test.destroy();
  }

  /** Restored, and asking again. */
  async restore(code: Readonly<Record<string, string>> = {}): Promise<Restored> {
    let restored: RestoredSandbox | undefined;
    const make = async (spec: SandboxSpec) => {
      restored = await this.#snapshots.restore(this.#directory, spec);
      return restored.sandbox;
    };
    const test = await TestSandbox.create(make, { code });
    this.#made.push(test);
    const conversation = new Conversation(await test.runtimeApi.next());
    assert.equal(await conversation.asked(), "ask\n");
    return { test, conversation, restored: restored as unknown as RestoredSandbox };
  }

  async close(): Promise<void> {
    await Promise.all(this.#made.map((test) => test.destroy()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const CASES = {
  "processes go on where they were, in each of many sandboxes restored at once": async (workshop: Workshop) => {
    const taken = await workshop.create();
    await workshop.waiting(taken, "print(kept, flush=True)");
    const kept = await taken.line();
    await workshop.take(taken);
    const all = await Promise.all([workshop.restore(), workshop.restore()]);
    for (const [index, { test, conversation }] of all.entries()) {
      conversation.answer(`print(kept, ${index}, flush=True)`);
      assert.equal(await test.line(), `${kept} ${index}`);
    }
    assert.equal(taken.output, `${kept}\n`);
  },

  "/tmp is as it was, and then each sandbox's own": async (workshop: Workshop) => {
    const taken = await workshop.create();
    const { temporary } = taken.sandbox.paths;
    const open = `kept_open = open("${temporary}/file", "w+"); kept_open.write("of before"); kept_open.flush()`;
    await workshop.waiting(taken, open);
    await workshop.take(taken);
    const [one, two] = await Promise.all([workshop.restore(), workshop.restore()]);
    one.conversation.answer(`kept_open.write(", and of one"); kept_open.flush()`);
    await one.conversation.asked();
    for (const { conversation } of [one, two]) {
      conversation.answer(`print(open("${temporary}/file").read(), os.listdir("${temporary}"), flush=True)`);
    }
    assert.equal(await one.test.line(), "of before, and of one ['file']");
    assert.equal(await two.test.line(), "of before ['file']");
  },

  "what is drawn at random after a restore is drawn anew": async (workshop: Workshop) => {
    const taken = await workshop.create();
    await workshop.waiting(taken, `device = open("/dev/urandom", "rb", 0)`);
    await workshop.take(taken);
    const all = await Promise.all([workshop.restore(), workshop.restore()]);
    const drawn = new Set<string>();
    for (const { test, conversation } of all) {
      conversation.answer(
        "print(os.getrandom(8).hex(), os.urandom(8).hex(), device.read(8).hex(), sep='\\n', flush=True)",
      );
      for (let count = 0; count < 3; count++) drawn.add(await test.line());
    }
    assert.equal(drawn.size, 6);
  },

  "the clock shows the time of the restore": async (workshop: Workshop) => {
    const taken = await workshop.create();
    await workshop.waiting(taken, "before = time.monotonic()");
    await workshop.take(taken);
    const { test, conversation } = await workshop.restore();
    const earliest = Date.now();
    conversation.answer("print(int(time.time() * 1000), time.monotonic() >= before, flush=True)");
    const [shown, isMonotonic] = (await test.line()).split(" ");
    const latest = Date.now();
    // Its clocks are set from time to time, not at every look.
    const tolerance = 100;
    assert.ok(Number(shown) >= earliest - tolerance && Number(shown) <= latest + tolerance, `${shown} of ${earliest}`);
    assert.equal(isMonotonic, "True");
  },

  "a restored sandbox freezes, tells its end, and starts anew after a reset": async (workshop: Workshop) => {
    const taken = await workshop.create();
    const { temporary } = taken.sandbox.paths;
    await workshop.waiting(taken, `open("${temporary}/file", "w").write("of before")`);
    await workshop.take(taken);
    const { test, conversation, restored } = await workshop.restore();
    test.sandbox.freeze();
    test.sandbox.thaw();
    assert.ok(test.sandbox.peakMemoryMb() > 1);
    conversation.answer("os._exit(3)");
    assert.deepEqual(await restored.exited, { code: 3, signal: null, outOfMemory: false });
    await test.sandbox.reset();
    assert.equal((await test.shell(`cat ${temporary}/file; exit 4`)).code, 4);
    assert.equal(test.output, "of before");
  },

  "extensions go on beside the runtime": async (workshop: Workshop) => {
    const code = { extension: `#!/usr/bin/python3 -S\n${ASKS}` };
    const taken = await workshop.create(code);
    await taken.startExtensions(["extension"], { API: taken.sandbox.runtimeApiAddress });
    const extension = new Conversation(await taken.runtimeApi.next());
    await extension.asked();
    await workshop.waiting(taken);
    await workshop.take(taken);
    const { test, conversation, restored } = await workshop.restore(code);
    const other = new Conversation(await test.runtimeApi.next());
    await other.asked();
    // Which of both is which only they know.
    for (const one of [conversation, other]) one.answer(`print(sys.argv[0], flush=True)`);
    const lines = [await test.line(), await test.line()].sort();
    assert.deepEqual(lines, ["-c", "/var/task/extension"]);
    assert.equal(test.extensionOutput, "/var/task/extension\n");
    for (const one of [conversation, other]) one.answer("os._exit(5 if sys.argv[0] == '-c' else 6)");
    assert.equal((await restored.exited).code, 5);
    assert.deepEqual(await Promise.all(restored.extensionsExited.map(async (exited) => (await exited).code)), [6]);
  },

  "a port inside is connected to after a restore": async (workshop: Workshop) => {
    const taken = await workshop.create();
    const listen = `server = socket.create_server(("127.0.0.1", 0)); print(server.getsockname()[1], flush=True)`;
    await workshop.waiting(taken, listen);
    const port = Number(await taken.line());
    await workshop.take(taken);
    const { test, conversation } = await workshop.restore();
    conversation.answer(`server.accept()[0].sendall(b"hello")`);
    const [greeting] = await once(test.sandbox.connect(port), "data");
    assert.equal(String(greeting), "hello");
  },

  "a directory without a snapshot is refused": async (workshop: Workshop) => {
    await assert.rejects(workshop.restore(), /snapshot/);
  },
} satisfies Record<string, (workshop: Workshop) => Promise<void>>;

export function snapshotsContract(title: string, open: () => Promise<SandboxDriver>): void {
  describe(`snapshots contract: ${title}`, () => {
    let driver: SandboxDriver;
    before(async () => {
      driver = guardDriver(await open());
    });
    after(() => driver?.close());

    for (const [name, run] of Object.entries(CASES)) {
      it(name, { timeout: 60_000 }, async () => {
        const workshop = new Workshop(driver);
        try {
          await run(workshop);
        } finally {
          await workshop.close();
        }
      });
    }
  });
}
