/**
 * Everything that code in a sandbox may try in order to get out, to reach others or to starve them, against any driver that
 * builds walls. The attempts are data (escapes-by-*.ts); here they are made, while a neighbour must go on answering, and what
 * is outside must be as it was.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { guardDriver } from "../../src/execution/sandbox/guarded.ts";
import type { Sandbox, SandboxDriver, SandboxSpec } from "../../src/execution/sandbox/sandbox.ts";
import { type Escape, REFUSED } from "./escape.ts";
import { BY_EXHAUSTION } from "./escapes-by-exhaustion.ts";
import { BY_FILES } from "./escapes-by-files.ts";
import { BY_KERNEL } from "./escapes-by-kernel.ts";
import { BY_NETWORK } from "./escapes-by-network.ts";
import { Outside } from "./outside.ts";
import { ping, type SandboxOptions, TestSandbox } from "./sandbox-fixture.ts";

const AT_ONCE = [...BY_FILES, ...BY_KERNEL, ...BY_NETWORK];
/** Each of these takes a sandbox of its own, which it may ruin. */
const ALONE = BY_EXHAUSTION;

/** What each try came to, by its label. */
type Outcomes = Readonly<Record<string, string>>;

export interface Walls {
  /** What the sandbox's kernel does happens inside. */
  readonly hasOwnKernel?: boolean;
  /** How sandboxes are made, where not by create(). */
  readonly makerOf?: (driver: SandboxDriver) => (spec: SandboxSpec) => Promise<Sandbox>;
  /** Attempts that cannot be made with this driver, by name, and why. */
  readonly skipped?: Readonly<Record<string, string>>;
}

const here = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");

export function escapeContract(title: string, open: () => Promise<SandboxDriver>, walls: Walls = {}): void {
  const { hasOwnKernel = false, makerOf = (driver: SandboxDriver) => driver.create, skipped = {} } = walls;

  describe(`nothing gets out: ${title}`, { timeout: 240_000 }, () => {
    let driver: SandboxDriver;
    let outside: Outside;
    let neighbour: TestSandbox;
    let line: Socket;
    let world: Readonly<Record<string, unknown>>;
    let outcomes: ReadonlyMap<string, Outcomes>;

    const given = (options: SandboxOptions): Promise<TestSandbox> => TestSandbox.create(makerOf(driver), options);

    /** Make attempts in one sandbox, while the neighbour answers. */
    async function attempt(escapes: readonly Escape[], memoryMb: number): Promise<Map<string, Outcomes>> {
      const attempts = JSON.stringify({ world, attempts: escapes.map(({ name, tries }) => ({ name, tries })) });
      const sandbox = await given({
        memoryMb,
        code: { "attacker.py": here("attacker.py"), "attempts.json": attempts },
      });
      try {
        const { exited } = await sandbox.start(["/usr/bin/python3", "-S", `${sandbox.sandbox.paths.task}/attacker.py`]);
        let isOver = false;
        const over = exited.finally(() => {
          isOver = true;
        });
        while (!isOver) assert.equal(await ping(line, "still there?"), "still there?");
        const { outOfMemory } = await over;
        assert.ok(!sandbox.output.includes(outside.marker), "what is outside was read");
        const told = new Map(
          [...sandbox.output.matchAll(/^(\{"name": .*\})$/gm)].map(([, text = ""]) => {
            const { name, outcomes } = JSON.parse(text) as { name: string; outcomes: Outcomes };
            return [name, outcomes] as const;
          }),
        );
        // The sandbox was over before it could say.
        const end = outOfMemory ? "OUT OF MEMORY" : "ENDED";
        for (const { name } of escapes) if (!told.has(name)) told.set(name, { all: end });
        return told;
      } finally {
        await sandbox.destroy();
      }
    }

    function check({ name, contained = REFUSED, ofKernel = false }: Escape, found: Outcomes | undefined): void {
      const tries = Object.entries(found ?? {});
      assert.ok(tries.length > 0, `${name}: nothing was tried`);
      if (ofKernel && hasOwnKernel) return;
      const ways = tries.filter(([, outcome]) => !contained.test(outcome) && !REFUSED.test(outcome));
      assert.deepEqual(Object.fromEntries(ways), {});
    }

    before(async () => {
      [driver, outside] = [guardDriver(await open()), await Outside.create()];
      neighbour = await given({ code: { "neighbour.py": here("neighbour.py") } });
      const { runtimeApiAddress, runtimeApiSocketPath, regionEndpoint, paths } = neighbour.sandbox;
      await neighbour.start(["/usr/bin/python3", `${paths.task}/neighbour.py`, runtimeApiAddress, outside.marker]);
      const [host, port] = runtimeApiAddress.split(":");
      world = {
        ...outside.world,
        neighbour: JSON.parse(await neighbour.line()),
        runtimeApi: [host, Number(port)],
        runtimeApiSocket: runtimeApiSocketPath ?? "/run/alonzo/none",
        regionPort: Number(new URL(regionEndpoint).port),
      };
      line = await neighbour.runtimeApi.next();
      outcomes = await attempt(AT_ONCE, 512);
    });

    after(async () => {
      await neighbour?.destroy();
      await driver?.close();
      outside?.close();
    });

    for (const one of AT_ONCE) {
      it(one.name, { skip: skipped[one.name] ?? false }, () => check(one, outcomes.get(one.name)));
    }

    for (const one of ALONE) {
      it(`all of ${one.name}`, { skip: skipped[one.name] ?? false }, async () => {
        const found = await attempt([one], 192);
        check(one, found.get(one.name));
      });
    }

    it("and what is outside is as it was", () => {
      assert.deepEqual(outside.found(), []);
    });
  });
}

/** How many there are. */
export const ESCAPES = AT_ONCE.length + ALONE.length;
