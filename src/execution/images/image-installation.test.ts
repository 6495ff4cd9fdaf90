import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type ImageStart, imageProblem } from "./image-installation.ts";

const root = mkdtempSync(join(tmpdir(), "alonzo-image-root-"));
after(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, "bin"));
mkdirSync(join(root, "srv"));
writeFileSync(join(root, "bin/run"), "");
chmodSync(join(root, "bin/run"), 0o755);
writeFileSync(join(root, "bin/data"), "", { mode: 0o644 });
symlinkSync("/bin/run", join(root, "start"));

const image = {
  root,
  configuration: { entryPoint: [], command: [], workingDirectory: "/", environment: {}, architecture: "amd64" },
};
const start = (program: string, workingDirectory = "/srv"): ImageStart => ({
  entryPoint: [program],
  command: ["x"],
  workingDirectory,
});
const told = (one: ImageStart) => {
  const problem = imageProblem(image, one);
  return problem && [problem.errorType, problem.logMessage];
};

test("what is there and can be started is no problem, by way of links and of `..` too", () => {
  for (const program of ["/bin/run", "/start", "/srv/../bin/run", "run"]) assert.equal(told(start(program)), undefined);
  assert.equal(told(start("/bin/run", "/bin/../srv")), undefined);
});

test("what is not there, is no program or no directory is told in AWS's words", () => {
  assert.deepEqual(told(start("/none")), ["Runtime.InvalidEntrypoint", "fork/exec /none: no such file or directory"]);
  assert.deepEqual(told(start("/bin/data")), ["Runtime.InvalidEntrypoint", "fork/exec /bin/data: permission denied"]);
  assert.deepEqual(told(start("/bin/run", "/bin/run")), [
    "Runtime.InvalidWorkingDir",
    "chdir /bin/run: no such file or directory",
  ]);
});

test("a path that is none is the owner's mistake", () => {
  const long = `/${"x".repeat(300)}`;
  assert.equal(told(start(long))?.[0], "Runtime.InvalidEntrypoint");
  assert.equal(told(start("/bin/run", "../.."))?.[0], "Runtime.InvalidWorkingDir");
});
