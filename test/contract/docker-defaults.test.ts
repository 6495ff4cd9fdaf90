/**
 * The walls of a container beside those that Docker builds by default (docker-defaults.json: its published facts): ours let
 * through nothing that Docker's do not. What a sandbox is really given is asked from inside it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ociConfig } from "../../src/execution/sandbox/container/bundle.ts";
import { ContainerDriver } from "../../src/execution/sandbox/container/driver.ts";
import { findOciRuntimes } from "../../src/execution/sandbox/container/oci-runtime.ts";
import { probe } from "../../src/execution/sandbox/container/probe.ts";
import { seccompProfile } from "../../src/execution/sandbox/container/seccomp.ts";
import { guardDriver } from "../../src/execution/sandbox/guarded.ts";
import { readCgroupLayout } from "../../src/execution/sandbox/oci/cgroup-layout.ts";
import type { SandboxDriver } from "../../src/execution/sandbox/sandbox.ts";
import { TestSandbox } from "./sandbox-fixture.ts";

interface DockerDefaults {
  readonly allowedWithoutCapabilities: string;
  readonly socketFamilies: readonly number[];
  readonly personalities: readonly number[];
  readonly forbiddenCloneFlags: number;
  readonly clone3Errno: number;
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  readonly namespaces: readonly string[];
}

interface Config {
  readonly process: {
    readonly capabilities: Record<string, string[]>;
    readonly noNewPrivileges: boolean;
    readonly user: { readonly uid: number };
  };
  readonly root: { readonly readonly: boolean };
  readonly mounts: readonly { readonly destination: string; readonly type: string; readonly options: string[] }[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string }[];
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
}

const docker = JSON.parse(readFileSync(join(import.meta.dirname, "docker-defaults.json"), "utf8")) as DockerDefaults;
const dockerAllows = new Set(docker.allowedWithoutCapabilities.split(" "));
/** Allowed by both only for some arguments. */
const CONDITIONAL = ["socket", "personality", "clone", "clone3"];

/** Calls by every number which is not that of an allowed call, as libseccomp knows them; prints what is not refused. */
const CALL_ALL = `
import ctypes, errno, json, sys
allowed = set(json.loads(sys.argv[1]))
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
native = seccomp.seccomp_arch_native()
libc = ctypes.CDLL(None, use_errno=True)
refused = 0
for number in range(0, 470):
    name = seccomp.seccomp_syscall_resolve_num_arch(ctypes.c_uint32(native), number)
    if name is None or name.decode() in allowed: continue
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    if result == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS): refused += 1
    else: print("NOT REFUSED", name.decode(), result, ctypes.get_errno())
print("refused", refused)
`;

const parts = {
  processOne: { script: "", argv: [], environment: {}, workingDirectory: "/" },
  root: "/root-of-all",
  shell: { directory: "/shell", argv: ["/run/alonzo-shell/sh"] },
  devices: "/devices",
  areDirectoriesLate: false,
  own: "/own",
  temporary: "/temporary",
  users: { inside: 993, outside: 1_000_001, root: { user: 1_002_049, group: 1_131_072 } },
  cgroupPath: "/alonzo/0/1",
  networkNamespace: "/proc/1/fd/20",
  memoryMb: 128,
  ephemeralStorageMb: 512,
  hasSwapAccounting: true,
  seccomp: seccompProfile(),
};
const KINDS = {
  "the region's root": ociConfig({ ...parts, directories: { task: "/code" }, imageRoot: undefined }) as Config,
  "an image's root": ociConfig({ ...parts, directories: { task: "/code" }, imageRoot: "/image" }) as Config,
};

describe("a container's walls are Docker's or stricter", () => {
  for (const architecture of ["x64", "arm64"] as const) {
    const profile = seccompProfile(architecture);
    const allowing = profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW");

    it(`no system call is allowed that Docker refuses without capabilities (${architecture})`, () => {
      assert.equal(profile.defaultAction, "SCMP_ACT_ERRNO");
      const more = allowing.flatMap(({ names, args = [] }) =>
        names.filter((name) => !(dockerAllows.has(name) || (CONDITIONAL.includes(name) && args.length > 0))),
      );
      assert.deepEqual(more, []);
      // The other way round it would say nothing: a profile of nothing is strict, too.
      assert.ok(allowing.flatMap(({ names }) => names).length > 250);
    });

    it(`sockets, personalities and clones are those that Docker lets be made, or fewer (${architecture})`, () => {
      const first = (call: string) => allowing.filter(({ names }) => names[0] === call).map(({ args }) => args?.[0]);
      for (const argument of first("socket")) {
        assert.ok(argument?.op === "SCMP_CMP_EQ" && argument.index === 0, JSON.stringify(argument));
        assert.ok(docker.socketFamilies.includes(argument.value), `family ${argument.value}`);
      }
      for (const argument of first("personality")) {
        assert.ok(argument?.op === "SCMP_CMP_EQ" && docker.personalities.includes(argument.value));
      }
      const [clone, ...others] = first("clone");
      assert.deepEqual(others, []);
      assert.deepEqual(clone, { index: 0, value: docker.forbiddenCloneFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" });
      const clone3 = profile.syscalls.filter(({ names }) => names.includes("clone3"));
      assert.deepEqual(clone3, [{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: docker.clone3Errno }]);
    });
  }

  for (const [kind, { process, root, mounts, linux }] of Object.entries(KINDS)) {
    it(`what Docker masks of /proc is masked, and what it has of /sys is not there (${kind})`, () => {
      const isShown = (path: string) => mounts.some(({ destination }) => path.startsWith(destination));
      const shown = docker.maskedPaths.filter((path) => isShown(path) && !linux.maskedPaths.includes(path));
      assert.deepEqual(shown, []);
      assert.equal(mounts.filter(({ type }) => type === "sysfs" || type === "cgroup").length, 0);
    });

    it(`what Docker has read-only is read-only (${kind})`, () => {
      assert.deepEqual(
        docker.readOnlyPaths.filter((path) => !linux.readonlyPaths.includes(path)),
        [],
      );
      assert.equal(root.readonly, true);
    });

    it(`every namespace of Docker's, no capability, no new privilege, and no user who is root (${kind})`, () => {
      const namespaces = linux.namespaces.map(({ type }) => type);
      assert.deepEqual(
        docker.namespaces.filter((type) => !namespaces.includes(type)),
        [],
      );
      assert.deepEqual(Object.values(process.capabilities).flat(), []);
      assert.equal(process.noNewPrivileges, true);
      assert.notEqual(process.user.uid, 0);
    });

    it(`no mount brings set-user bits or devices, but /dev its own (${kind})`, () => {
      for (const { destination, options } of mounts) {
        assert.ok(options.includes("nosuid"), destination);
        if (destination !== "/dev") assert.ok(options.includes("nodev"), destination);
      }
    });
  }
});

const answer = probe();
const skip = answer.usable || process.env.CI ? false : `${answer.reason} (${answer.hint})`;

describe("the filter is what a sandbox gets", { skip, timeout: 60_000 }, () => {
  const layout = answer.usable ? readCgroupLayout() : undefined;
  for (const { name } of layout ? findOciRuntimes(layout) : []) {
    describe(name, () => {
      let driver: SandboxDriver;
      let sandbox: TestSandbox;

      before(async () => {
        driver = guardDriver(await ContainerDriver.open(name));
        sandbox = await TestSandbox.create(driver.create, { code: { "all.py": CALL_ALL } });
      });
      after(async () => {
        await sandbox?.destroy();
        await driver?.close();
      });

      it("every system call that is not on the list is refused, called by its number", async () => {
        const allowed = seccompProfile()
          .syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW")
          .flatMap(({ names }) => names);
        await (await sandbox.start(["/usr/bin/python3", "/var/task/all.py", JSON.stringify(allowed)])).exited;
        const [, refused] = /^refused (\d+)\n$/.exec(sandbox.output) ?? [];
        assert.ok(Number(refused) > 80, sandbox.output);
      });
    });
  }
});
