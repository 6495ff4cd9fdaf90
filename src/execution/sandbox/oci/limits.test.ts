import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { CgroupLayout } from "./cgroup-layout.ts";
import { limitsOf, raiseLimits, weightOf } from "./limits.ts";

const MB = 1024 * 1024;

test("memory and /tmp are limited together, and processor time follows memory", () => {
  assert.deepEqual(limitsOf({ memoryMb: 1769, ephemeralStorageMb: 512 }), {
    memoryBytes: (1769 + 512) * MB,
    cpuShares: 1024,
  });
  assert.equal(limitsOf({ memoryMb: 128, ephemeralStorageMb: 512 }).cpuShares, 74);
});

test("weights of version 2 are those that OCI runtimes write for the same shares", () => {
  assert.deepEqual([2, 74, 1024, 262_144].map(weightOf), [1, 3, 39, 10_000]);
});

test("a group is told in the files of its version, swap before memory", (t) => {
  const root = mkdtempSync(join(tmpdir(), "limits-"));
  t.after(() => rmSync(root, { recursive: true }));
  const written = (kind: CgroupLayout["kind"], hasSwapAccounting: boolean) => {
    const hierarchy = join(root, `${kind}-${hasSwapAccounting}`);
    mkdirSync(join(hierarchy, "g"), { recursive: true });
    const v1 = ["memory.limit_in_bytes", "cpu.shares", ...(hasSwapAccounting ? ["memory.memsw.limit_in_bytes"] : [])];
    const files = kind === "v2" ? ["memory.max", "cpu.weight"] : v1;
    for (const file of files) writeFileSync(join(hierarchy, "g", file), "");
    const layout = { kind, memory: hierarchy, cpu: hierarchy, hasSwapAccounting } as CgroupLayout;
    raiseLimits(layout, "g", { memoryBytes: 5 * MB, cpuShares: 1024 });
    return Object.fromEntries(files.map((file) => [file, readFileSync(join(hierarchy, "g", file), "utf8")]));
  };
  const bytes = String(5 * MB);
  assert.deepEqual(written("v2", true), { "memory.max": bytes, "cpu.weight": "39" });
  assert.deepEqual(written("v1", false), { "memory.limit_in_bytes": bytes, "cpu.shares": "1024" });
  const swap = { "memory.memsw.limit_in_bytes": bytes };
  assert.deepEqual(written("hybrid", true), { "memory.limit_in_bytes": bytes, "cpu.shares": "1024", ...swap });
});
