/** Layers as functions find them at /opt, in real sandboxes: the paths of each language, order, walls, survival. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  DeleteFunctionCommand,
  DeleteLayerVersionCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { findExecutable } from "../../src/cli/machine.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { type ZipEntry, zipOf, zipOfEntries } from "../api/lambda/zip.ts";
import { RUNTIMES, TestRegion } from "../test-region.ts";

const installed = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list().map(({ runtime }) => runtime);
const nodes = installed.filter((runtime) => runtime.startsWith("nodejs"));
const pythons = installed.filter((runtime) => runtime.startsWith("python"));
const anyNode = nodes.at(-1) ?? "nodejs24.x";

const executable = (name: string, content: string): ZipEntry => ({ name, content, mode: 0o100755 });
const file = (name: string, content: string): ZipEntry => ({ name, content, mode: 0o100644 });
const node = (body: string, imports = "") =>
  zipOf({ "index.mjs": `${imports}\nexport const handler = async (event) => { ${body} };` });

describe("layers in execution environments", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto");
  });
  after(() => region.stop());

  let names = 0;
  const publish = async (ZipFile: Uint8Array): Promise<string> => {
    names += 1;
    const input = { LayerName: `layer-${names}`, Content: { ZipFile } };
    return String((await region.lambda.send(new PublishLayerVersionCommand(input))).LayerVersionArn);
  };
  const answer = async (name: string, event = "{}"): Promise<unknown> => {
    const invoked = await region.invoke(name, event);
    assert.equal(invoked.functionError, undefined, `${invoked.text}\n${invoked.log}`);
    return JSON.parse(invoked.text);
  };
  const codeDirectories = async () =>
    (await readdir(join(region.dataDirectory, "code"))).filter((name) => /^[0-9a-f]{64}$/.test(name));

  for (const runtime of nodes) {
    test(`${runtime} imports and requires what is in /opt/nodejs`, async () => {
      const major = runtime.replace(/\D/g, "").slice(0, 2);
      const layer = await publish(
        zipOf({
          "nodejs/node_modules/shared/index.js": "module.exports = 'for all';",
          [`nodejs/node${major}/node_modules/special/index.js`]: `module.exports = 'for ${major}';`,
        }),
      );
      const imports = `import { createRequire } from "node:module"; import shared from "shared"; import special from "special";`;
      const zip = node(`return [shared, special, createRequire(import.meta.url)("shared")];`, imports);
      const name = await region.deploy({ runtime, zip, more: { Layers: [layer] } });
      assert.deepEqual(await answer(name), ["for all", `for ${major}`, "for all"]);
    });
  }

  for (const runtime of pythons) {
    test(`${runtime} imports what is in /opt/python`, async () => {
      const layer = await publish(
        zipOf({
          "python/shared/__init__.py": "NAME = 'for all'",
          [`python/lib/${runtime}/site-packages/special.py`]: `NAME = 'for ${runtime}'`,
        }),
      );
      const code =
        "import shared, special\ndef handler(event, context):\n    return [shared.NAME, special.NAME, shared.__file__]\n";
      const zip = zipOf({ "app.py": code });
      const name = await region.deploy({ runtime, handler: "app.handler", zip, more: { Layers: [layer] } });
      const [shared, special, path] = (await answer(name)) as string[];
      assert.deepEqual([shared, special], ["for all", `for ${runtime}`]);
      assert.match(String(path), /\/python\/shared\/__init__\.py$/);
    });
  }

  test("programs of /opt/bin are in the PATH, libraries of /opt/lib where they are looked for", async () => {
    const layer = await publish(zipOfEntries([executable("bin/tool-of-layer", "#!/bin/sh\necho from $0\n")]));
    const zip = node(
      `return [execFileSync("tool-of-layer").toString(), process.env.PATH, process.env.LD_LIBRARY_PATH];`,
      `import { execFileSync } from "node:child_process";`,
    );
    const name = await region.deploy({ runtime: anyNode, zip, more: { Layers: [layer] } });
    const [said, path, libraries] = (await answer(name)) as string[];
    assert.match(String(said), /^from \/.*\/bin\/tool-of-layer\n$/);
    assert.match(String(path), /:\/[^:]+\/bin$/);
    assert.match(String(libraries), /:\/[^:]+\/lib$/);
  });

  test("later layers lie over earlier ones, and another order is another /opt", async () => {
    const one = await publish(zipOf({ "etc/shared": "one", "etc/one": "1" }));
    const two = await publish(zipOf({ "etc/shared": "two", "etc/two": "2" }));
    const zip = node(
      `const opt = process.env.PATH.split(":").at(-1).slice(0, -4);
       return [readFileSync(opt + "/etc/shared", "utf8"), ...readdirSync(opt + "/etc")];`,
      `import { readFileSync, readdirSync } from "node:fs";`,
    );
    const name = await region.deploy({ runtime: anyNode, zip, more: { Layers: [one, two] } });
    assert.deepEqual(await answer(name), ["two", "one", "shared", "two"]);
    const update = async (Layers: string[]) => {
      await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Layers }));
      const waiting = { client: region.lambda, maxWaitTime: 30, minDelay: 1 };
      await waitUntilFunctionUpdatedV2(waiting, { FunctionName: name });
    };
    const { Version } = await region.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await update([two, one]);
    assert.deepEqual(await answer(name), ["one", "one", "shared", "two"]);
    await update([one]);
    assert.deepEqual(await answer(name), ["one", "one", "shared"]);
    assert.deepEqual(await answer(`${name}:${Version}`), ["two", "one", "shared", "two"], "as it was published");
  });

  test("/opt cannot be written, nor is it any other function's", async (t) => {
    const isolation = ((await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string }).isolation;
    if (isolation === "process") return t.skip("plain processes have no walls");
    const layer = await publish(zipOfEntries([file("etc/config", "kept"), executable("bin/x", "#!/bin/sh\n")]));
    const zip = node(
      `const attempt = (what) => { try { what(); return "done"; } catch (error) { return error.code; } };
       return [attempt(() => fs.writeFileSync("/opt/new", "")), attempt(() => fs.writeFileSync("/opt/etc/config", "")),
         attempt(() => fs.unlinkSync("/opt/etc/config")), attempt(() => fs.chmodSync("/opt/bin/x", 0o777)),
         fs.statSync("/opt").mode & 0o777, fs.statSync("/opt/etc/config").uid === process.getuid(), fs.readdirSync("/opt")];`,
      `import fs from "node:fs";`,
    );
    const name = await region.deploy({ runtime: anyNode, zip, more: { Layers: [layer] } });
    const expected = ["EROFS", "EROFS", "EROFS", "EROFS", 0o755, false, ["bin", "etc"]];
    assert.deepEqual(await answer(name), expected);
    const bare = await region.deploy({
      runtime: anyNode,
      zip: node(`return fs.readdirSync("/opt");`, `import fs from "node:fs";`),
    });
    assert.deepEqual(await answer(bare), []);
  });

  test("a wrapper script of a layer starts the runtime", async () => {
    const wrapper = '#!/bin/sh\nexport WRAPPED="by a layer: $AWS_LAMBDA_EXEC_WRAPPER"\nexec "$@"\n';
    const layer = await publish(zipOfEntries([executable("wrap", wrapper)]));
    const name = await region.deploy({
      runtime: anyNode,
      zip: node("return process.env.WRAPPED;"),
      more: { Layers: [layer], Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: "/opt/wrap" } } },
    });
    assert.equal(await answer(name), "by a layer: /opt/wrap");
  });

  test("a custom runtime may be a layer's; the function's own comes before it", async (t) => {
    if (findExecutable("curl") === undefined) return t.skip("curl is not installed");
    const bootstrap = (says: string) => `#!/bin/sh
base=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while :; do
  id=$(curl -sS -D - -o /dev/null $base/invocation/next | tr -d '\\r' | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
  curl -sS -o /dev/null -d '"${says}"' $base/invocation/$id/response
done
`;
    const layer = await publish(zipOfEntries([executable("bootstrap", bootstrap("layer"))]));
    const own = zipOfEntries([executable("bootstrap", bootstrap("function"))]);
    const more = { Layers: [layer] };
    const runtime = "provided.al2023";
    assert.equal(await answer(await region.deploy({ runtime, zip: zipOf({ "handler.sh": "" }), more })), "layer");
    assert.equal(await answer(await region.deploy({ runtime, zip: own, more })), "function");
  });

  test("functions keep a deleted version over a restart, after which its files are made again; then all of it goes", async () => {
    const one = await publish(zipOf({ "nodejs/node_modules/first/index.js": "module.exports = 'first';" }));
    const two = await publish(zipOf({ "nodejs/node_modules/second/index.js": "module.exports = 'second';" }));
    const zip = node("return first + second;", `import first from "first"; import second from "second";`);
    const name = await region.deploy({ runtime: anyNode, zip, more: { Layers: [one, two] } });
    for (const arn of [one, two]) {
      const LayerName = arn.slice(0, arn.lastIndexOf(":"));
      await region.lambda.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber: 1 }));
    }
    await region.kill();
    await region.startAgain();
    assert.equal(await answer(name), "firstsecond");

    await region.kill();
    writeFileSync(join(region.dataDirectory, "code", "boot-id"), "an earlier boot, whose files are not trusted");
    await region.startAgain();
    assert.deepEqual(await codeDirectories(), []);
    assert.equal(await answer(name), "firstsecond");
    assert.equal((await codeDirectories()).length, 4, "the function's code, both layers, and the two together");

    await region.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    await region.kill();
    await region.startAgain();
    assert.deepEqual(await codeDirectories(), []);
  });
});
