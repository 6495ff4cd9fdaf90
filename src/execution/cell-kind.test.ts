import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionVersion } from "../functions/function-version.ts";
import { canApplyLate, cellKindOf } from "./cell-kind.ts";
import { VERSION } from "./played-runtime.ts";
import { Runtimes } from "./runtimes.ts";

const with_ = (environment: Record<string, string>): FunctionVersion => ({ ...VERSION, environment });

test("what the language or the linker reads when a process starts cannot come late", () => {
  const early = [
    "NODE_OPTIONS",
    "NODE_EXTRA_CA_CERTS",
    "NODE_PATH",
    "NODE_DEBUG",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LC_ALL",
    "LANG",
    "GLIBC_TUNABLES",
    "MALLOC_ARENA_MAX",
    "OPENSSL_CONF",
    "SSL_CERT_FILE",
    "UV_THREADPOOL_SIZE",
    "AWS_LAMBDA_EXEC_WRAPPER",
  ];
  for (const name of early) assert.equal(canApplyLate(with_({ TABLE: "t", [name]: "x" })), false, name);
});

test("what is read when it is needed can: the function's own, NODE_ENV, TZ, PATH", () => {
  const late = { TABLE: "t", NODE_ENV: "production", TZ: "Europe/Berlin", PATH: "/opt/bin", MY_NODE_OPTIONS: "x" };
  assert.equal(canApplyLate(with_(late)), true);
  assert.equal(canApplyLate(VERSION), true);
});

test("a container image brings its own start", () => {
  assert.equal(canApplyLate({ ...VERSION, packageType: "Image" }), false);
});

test("a language that is told the memory when it starts has a kind for each size, others have one", async () => {
  const runtimes = await Runtimes.discover();
  const key = (runtime: string, memoryMb: number) => {
    const installation = runtimes.find(runtime);
    return installation && cellKindOf({ ...VERSION, memoryMb }, installation)?.key;
  };
  assert.notEqual(key("nodejs26.x", 128), undefined);
  assert.notEqual(key("nodejs26.x", 128), key("nodejs26.x", 256));
  assert.notEqual(key("nodejs26.x", 128), key("nodejs24.x", 128));
  const python = runtimes.list().find(({ runtime }) => runtime.startsWith("python"))?.runtime ?? "";
  assert.notEqual(key(python, 128), undefined);
  assert.equal(key(python, 128), key(python, 3008));
  assert.equal(key("provided.al2023", 128), undefined);
});

test("a language whose bootstrap does not know how to wait has none", async () => {
  const runtimes = await Runtimes.discover();
  const { canWait: _, ...installation } = runtimes.find("nodejs26.x") as NonNullable<ReturnType<Runtimes["find"]>>;
  assert.equal(cellKindOf(VERSION, installation), undefined);
});
