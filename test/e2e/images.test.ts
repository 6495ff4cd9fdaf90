/** Functions in container images: built here, kept in a real registry, run in a real region. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetFunctionCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { buildExample } from "../../examples/build.ts";
import { findExecutable, isRoot } from "../../src/cli/machine.ts";
import { newName, ROLE, settled } from "../api/lambda/given.ts";
import { TestRegion } from "../test-region.ts";
import { ImageWorkshop } from "./image-workshop.ts";
import { installedClient } from "./python-client.ts";

const lacking = ["docker-registry", "buildah", "unzip"].find((name) => findExecutable(name) === undefined);
const reason = !isRoot() ? "containers need root" : lacking && `${lacking} is not installed`;

const APP = `import os
def handler(event, context):
    seen = {name: os.environ.get(name) for name in event.get("names", [])}
    written = []
    for path in ("/written", "/var/task/written", "/tmp/written"):
        try:
            open(path, "w").close()
            written.append(path)
        except OSError as error:
            written.append(error.strerror)
    files = {path: os.path.exists(path) for path in event.get("files", [])}
    return {"seen": seen, "written": written, "files": files, "uid": os.getuid() > 0, "cwd": os.getcwd(),
            "hosts": open("/etc/hosts").read().split("\\n")[0], "root": sorted(os.listdir("/"))}
def other(event, context):
    return "other"
`;

/** As in AWS's base images: the handler is the command, the entry point passes it on. */
const ENTRYPOINT = `#!/bin/sh
export _HANDLER="$1"
exec /var/runtime/bootstrap
`;
const BOOTSTRAP = `#!/bin/sh
cd "$LAMBDA_TASK_ROOT"
export PYTHONPATH=/var/runtime:"$LAMBDA_TASK_ROOT"
exec /usr/bin/python3 -m awslambdaric "$_HANDLER"
`;

/** A small Linux with a shell and Python, of the host's own files. */
const BASE = `mkdir -p usr/bin usr/lib etc var/runtime var/task opt tmp
for name in bin lib lib64; do mkdir -p usr/$name; ln -s usr/$name $name; done
cp -L /bin/sh /usr/bin/env usr/bin/
cp -L /usr/bin/python3 usr/bin/python3
version=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
cp -a /usr/lib/$version usr/lib/; rm -rf usr/lib/$version/test usr/lib/$version/config-*; find usr -name __pycache__ -exec rm -r {} +
for program in /bin/sh /usr/bin/env /usr/bin/python3 usr/lib/$version/lib-dynload/*.so $CLIENT/*.so; do ldd $program; done 2>/dev/null |
  grep -o '/[^ ]*' | sort -u | while read -r library; do mkdir -p ./$(dirname $library); cp -L $library ./$library; done
echo root > etc/marker; chmod 600 etc/marker
echo old > etc/release-notes`;

describe("container images", { skip: reason ?? false }, () => {
  let workshop: ImageWorkshop;
  let region: TestRegion;
  let client: string;
  let go: string;

  before(async () => {
    const installed = await installedClient(process.env.ALONZO_TEST_PYTHON ?? "python3");
    if (typeof installed === "string") throw new Error(installed);
    client = installed.directory;
    workshop = await ImageWorkshop.open();
    go = join(workshop.directory, "go");
    mkdirSync(go);
    await promisify(execFile)("unzip", ["-q", await buildExample("go-provided"), "-d", go]);
    const images = join(workshop.directory, "layouts");
    mkdirSync(join(images, "team"), { recursive: true });
    region = await TestRegion.start("auto", {
      ALONZO_REGISTRY_CREDENTIALS: workshop.credentials(),
      ALONZO_IMAGE_REGISTRIES: `shelf.local=${images}`,
    });
    for (const [name, text] of [
      ["app.py", APP],
      ["entrypoint", ENTRYPOINT],
      ["bootstrap", BOOTSTRAP],
    ] as const) {
      writeFileSync(join(workshop.directory, name), text, { mode: 0o755 });
    }
  });
  after(async () => {
    await region?.stop();
    await workshop?.close();
  });

  const create = async (ImageUri: string, more: Partial<CreateFunctionCommandInput> = {}) => {
    const FunctionName = newName();
    const input = { FunctionName, Role: ROLE, PackageType: "Image", Code: { ImageUri }, MemorySize: 256, Timeout: 10 };
    await region.lambda.send(new CreateFunctionCommand({ ...input, ...more } as CreateFunctionCommandInput));
    return FunctionName;
  };
  const active = async (ImageUri: string, more?: Partial<CreateFunctionCommandInput>) => {
    const name = await create(ImageUri, more);
    const { State, StateReason } = await settled(region, name);
    assert.deepEqual([State, StateReason], ["Active", undefined]);
    return name;
  };
  const invalid = async (call: Promise<unknown>, name: string, message: RegExp) => {
    await assert.rejects(call, (error: Error) => error.name === name && message.test(error.message));
  };

  test("from a registry that asks for a password run a static program and nothing else", async () => {
    await workshop.build("go:1", "scratch", `cp ${go}/bootstrap bootstrap`, ["--entrypoint", '["/bootstrap"]']);
    const uri = `${workshop.registry}/team/go:1`;
    await workshop.push("go:1", `docker://${uri}`);
    const name = await active(uri);
    const { text, log, requestId } = await region.invoke(name, '{"name":"image"}');
    const answer = JSON.parse(text);
    assert.deepEqual([answer.message, answer.requestId], ["Hello, image!", requestId]);
    assert.match(log, /REPORT RequestId: .*\tInit Duration: [\d.]+ ms/);
    const { Code, Configuration } = await region.lambda.send(new GetFunctionCommand({ FunctionName: name }));
    assert.match(Configuration?.CodeSha256 ?? "", /^[0-9a-f]{64}$/);
    assert.equal(Code?.ResolvedImageUri, `${workshop.registry}/team/go@sha256:${Configuration?.CodeSha256}`);
    assert.equal((await region.invokeFailing(name, '{"fail":true}')).document.errorMessage, "asked to fail");
  });

  test("in the layout of AWS's base images run with the client inside, walled in like any function", async () => {
    const { directory } = workshop;
    await workshop.build("base", "scratch", `CLIENT=${client}\n${BASE}`, [
      "--env",
      "LAMBDA_TASK_ROOT=/var/task",
      "--env",
      "PATH=/usr/bin:/bin",
    ]);
    const files = `cp ${directory}/entrypoint lambda-entrypoint.sh; cp ${directory}/bootstrap var/runtime/
cp -a ${client}/. var/runtime/; cp ${directory}/app.py var/task/; rm etc/release-notes; chmod 755 var/task var/runtime`;
    const words = ["--entrypoint", '["/lambda-entrypoint.sh"]', "--cmd", "app.handler", "--workingdir", "/var/task"];
    await workshop.build("python:1", "base", files, [...words, "--env", "COLOUR=image", "--env", "SIZE=image"]);
    const uri = `${workshop.registry}/team/python:1`;
    await workshop.push("python:1", `docker://${uri}`);
    const name = await active(uri, { Environment: { Variables: { SIZE: "function" } } });
    const event = {
      names: ["COLOUR", "SIZE", "PATH", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_FUNCTION_NAME", "TZ"],
      files: ["/etc/release-notes", "/etc/marker", "/etc/shadow", "/root/.ssh", "/var/lib"],
    };
    const { text, log } = await region.invoke(name, JSON.stringify(event));
    const answer = JSON.parse(text);
    assert.deepEqual(
      answer.seen,
      {
        COLOUR: "image",
        SIZE: "function",
        PATH: "/usr/bin:/bin",
        LAMBDA_TASK_ROOT: "/var/task",
        AWS_LAMBDA_FUNCTION_NAME: name,
        TZ: ":UTC",
      },
      log,
    );
    assert.deepEqual(answer.written, ["Read-only file system", "Read-only file system", "/tmp/written"]);
    // What a later layer took away is gone, what the host has was never there.
    assert.deepEqual(Object.values(answer.files), [false, true, false, false, false]);
    assert.deepEqual([answer.uid, answer.cwd], [true, "/var/task"]);
    assert.match(answer.hosts, /^127\.0\.0\.1/);
    const other = await active(uri, { ImageConfig: { Command: ["app.other"], WorkingDirectory: "/tmp" } });
    assert.equal((await region.invoke(other)).text, '"other"');
  });

  test("are what their tag meant when the function was told of them, until it is told again", async () => {
    const uri = `${workshop.registry}/team/moving:latest`;
    const version = async (text: string) => {
      const script = `mkdir bin; cp ${go}/bootstrap bin/run; echo ${text} > version`;
      await workshop.build(`moving:${text}`, "scratch", script, ["--entrypoint", '["/bin/run"]']);
      await workshop.push(`moving:${text}`, `docker://${uri}`);
    };
    await version("one");
    const name = await active(uri);
    const sha = async () => (await settled(region, name)).CodeSha256;
    const first = await sha();
    await version("two");
    await region.restart();
    assert.equal(JSON.parse((await region.invoke(name, '{"name":"x"}')).text).message, "Hello, x!");
    assert.equal(await sha(), first);
    await region.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ImageUri: uri }));
    assert.notEqual(await sha(), first);
    assert.equal(JSON.parse((await region.invoke(name, '{"name":"y"}')).text).message, "Hello, y!");
  });

  test("that start with what they do not have are told so in AWS's words", async () => {
    const uri = `${workshop.registry}/team/go:1`;
    const nothing = await active(uri, { ImageConfig: { EntryPoint: ["/nothing"], Command: ["a", "b"] } });
    const { document, requestId, log } = await region.invokeFailing(nothing);
    assert.deepEqual(document, {
      errorType: "Runtime.InvalidEntrypoint",
      errorMessage: `RequestId: ${requestId} Error: fork/exec /nothing: no such file or directory`,
    });
    assert.match(
      log,
      /IMAGE\tLaunch error: fork\/exec \/nothing: no such file or directory\tEntrypoint: \[\/nothing\]\tCmd: \[a, b\]\tWorkingDir: \[\/\]\n/,
    );
    const nowhere = await active(uri, { ImageConfig: { WorkingDirectory: "/nowhere" } });
    assert.equal((await region.invokeFailing(nowhere)).document.errorType, "Runtime.InvalidWorkingDir");
  });

  test("that are not there, or not for everybody, are refused", async () => {
    const missing = `${workshop.registry}/team/go:none`;
    const words = new RegExp(`^Source image ${missing} does not exist\\. Provide a valid source image\\.$`);
    await invalid(create(missing), "InvalidParameterValueException", words);
    await using stranger = await strangerRegion(workshop);
    await invalid(
      stranger.region.lambda.send(
        new CreateFunctionCommand({
          FunctionName: newName(),
          Role: ROLE,
          PackageType: "Image",
          Code: { ImageUri: `${workshop.registry}/team/go:1` },
        }),
      ),
      "AccessDeniedException",
      /does not have permission to access the ECR image/,
    );
  });

  test("come from layouts and archives on this machine, too", async () => {
    const { directory } = workshop;
    await workshop.push("go:1", `oci:${directory}/layouts/team/layout:1`);
    await workshop.push("go:1", `docker-archive:${directory}/layouts/team/saved.tar:team/saved:1`);
    await workshop.push("go:1", `oci-archive:${directory}/layouts/team/archive.tar:1`);
    for (const name of ["layout", "saved", "archive"]) {
      const { text } = await region.invoke(await active(`shelf.local/team/${name}:1`), '{"name":"shelf"}');
      assert.equal(JSON.parse(text).message, "Hello, shelf!");
    }
  });

  test("that are here need their registry no more, after a restart either", async () => {
    const name = await active(`${workshop.registry}/team/go:1`);
    await workshop.endRegistry();
    await region.kill();
    await region.startAgain();
    assert.equal(JSON.parse((await region.invoke(name, '{"name":"alone"}')).text).message, "Hello, alone!");
    const late = await create(`${workshop.registry}/team/go:2`);
    const { State, StateReasonCode, StateReason } = await settled(region, late);
    assert.deepEqual([State, StateReasonCode], ["Failed", "ImageAccessDenied"]);
    assert.match(String(StateReason), /cannot be reached/);
  });
});

async function strangerRegion(workshop: ImageWorkshop) {
  const region = await TestRegion.start("auto", { ALONZO_REGISTRY_CREDENTIALS: workshop.credentials("wrong") });
  return { region, [Symbol.asyncDispose]: async () => void (await region.stop()) };
}
