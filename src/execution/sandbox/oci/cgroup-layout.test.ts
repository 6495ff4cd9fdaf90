import assert from "node:assert/strict";
import { test } from "node:test";
import { readCgroupLayout } from "./cgroup-layout.ts";

const V1 = ["memory", "freezer", "cpu", "pids"].map(
  (name) => `cgroup /sys/fs/cgroup/${name} cgroup rw,relatime,${name} 0 0`,
);
const V2 = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0";

test("a tree per controller is version 1, with an empty version 2 beside it hybrid", () => {
  const v1 = readCgroupLayout(V1.join("\n"));
  assert.equal(v1?.kind, "v1");
  assert.equal(v1.memory, "/sys/fs/cgroup/memory");
  assert.equal(v1.hierarchies.length, 4);
  const hybrid = readCgroupLayout([...V1, V2].join("\n"));
  assert.equal(hybrid?.kind, "hybrid");
  assert.deepEqual(hybrid.hierarchies.at(-1), "/sys/fs/cgroup/unified");
});

test("a hierarchy that is mounted a second time counts once, at its first place", () => {
  const again = V1.map((line) => line.replace(" /sys", " /mnt/chroot/sys"));
  const layout = readCgroupLayout([...V1, ...again].join("\n"));
  assert.deepEqual(
    layout?.hierarchies,
    ["memory", "freezer", "cpu", "pids"].map((name) => `/sys/fs/cgroup/${name}`),
  );
});

test("without memory or freezer control there is no layout to work with", () => {
  assert.equal(readCgroupLayout(V1.filter((line) => !line.includes("memory")).join("\n")), undefined);
  assert.equal(readCgroupLayout("proc /proc proc rw 0 0"), undefined);
});
