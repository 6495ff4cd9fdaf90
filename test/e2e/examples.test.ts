/** Every example in the tree: built, deployed as its README says, invoked with its event in a real region. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { PublishLayerVersionCommand } from "@aws-sdk/client-lambda";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { buildExample, exampleEvent, exampleFunction, exampleNames, MissingToolError } from "../../examples/build.ts";
import { findExecutable } from "../../src/cli/machine.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { put, s3Client } from "../api/s3/s3.ts";
import { type Invoked, RUNTIMES, TestRegion } from "../test-region.ts";
import { jpegSize } from "./jpeg-size.ts";

const CHECKS: Readonly<Record<string, (invoked: Invoked) => void>> = {
  "hello-node": ({ text, log }) => {
    assert.equal(JSON.parse(text).message, "Hello, Alonzo!");
    assert.match(log, /\tINFO\tGreeting Alonzo\n/);
  },
  cron: ({ text }) => assert.deepEqual(JSON.parse(text), { report: "2026-05-04T03:00:00Z", job: "nightly" }),
  "order-events": ({ text, log }) => {
    assert.deepEqual(JSON.parse(text), { packed: "o-1" });
    assert.match(log, /\tINFO\tPacking order o-1\n/);
  },
  "hello-python": ({ text, log }) => {
    assert.equal(JSON.parse(text).message, "Hello, Alonzo!");
    assert.match(log, /\nGreeting Alonzo\n/);
  },
  "web-app": ({ text }) => {
    const { statusCode, headers, body } = JSON.parse(text);
    assert.deepEqual([statusCode, headers["content-type"]], [200, "application/json; charset=utf-8"]);
    assert.deepEqual(JSON.parse(body).query, { tag: ["a", "b"] });
  },
  thumbnail: ({ text }) => {
    const { width, height, format, thumbnail } = JSON.parse(text);
    assert.deepEqual({ width, height, format }, { width: 160, height: 107, format: "jpeg" });
    assert.deepEqual(jpegSize(Buffer.from(thumbnail, "base64")), { width: 160, height: 107 });
  },
  "s3-thumbnail": ({ text, log }) => {
    const made = { bucket: "photos-thumbnails", key: "in/my rocket.jpg", width: 128, height: 85 };
    assert.deepEqual(JSON.parse(text), [made]);
    assert.match(log, /\tINFO\tphotos\/in\/my rocket\.jpg became 128x85\n/);
  },
  "python-dependency": ({ text }) => {
    assert.deepEqual(JSON.parse(text), {
      slugs: {
        "Ein Gruß aus Köln": "ein-gruss-aus-koln",
        "C’est déjà l’été": "cest-deja-lete",
        影師嗎: "ying-shi-ma",
      },
      version: "8.0.4",
    });
  },
  "python-web": ({ text }) => {
    const { statusCode, body } = JSON.parse(text);
    assert.equal(statusCode, 200);
    const query = [
      ["tag", "a"],
      ["tag", "b"],
    ];
    assert.deepEqual(JSON.parse(body), { hello: "Alonzo", query, scheme: "http" });
  },
  "python-layer": (invoked) => CHECKS["python-dependency"]?.(invoked),
  chat: ({ text }) => {
    const { statusCode, body } = JSON.parse(text);
    assert.equal(statusCode, 200);
    assert.match(body, /new WebSocket\("ws:\/\/example/);
  },
  "go-provided": ({ text }) => assert.equal(JSON.parse(text).message, "Hello, Alonzo!"),
  "hello-java": ({ text, log }) => {
    assert.equal(JSON.parse(text).message, "Hello, Alonzo!");
    assert.match(log, /\nGreeting Alonzo\n/);
  },
  "ruby-markdown": ({ text, log }) => {
    assert.equal(JSON.parse(text).html, '<h1 id="hello">Hello</h1>\n\n<p>from <em>Alonzo</em></p>\n');
    assert.match(log, / INFO [0-9a-f-]{36} -- : Rendering 22 characters\n/);
  },
  "rust-provided": ({ text }) => assert.equal(JSON.parse(text).characters, 6),
  "sqs-worker": ({ text, log }) => {
    assert.deepEqual(JSON.parse(text), {
      batchItemFailures: [{ itemIdentifier: "2e1424d4-f796-459a-8184-9c92662be6da" }],
    });
    assert.match(log, /order 1: 12\.5\n/);
  },
  "sns-fanout": ({ text, log }) => {
    assert.deepEqual(JSON.parse(text), [{ invoice: "o-1", total: 120.5 }]);
    assert.match(log, /\tINFO\tOrder placed: invoice of 120\.5 for o-1\n/);
  },
  "sqs-worker-python": (invoked) => CHECKS["sqs-worker"]?.(invoked),
  "shell-provided": ({ text }) => assert.equal(JSON.parse(text).message, "Hello, Alonzo!"),
};

/** What an example's event speaks of. */
const GIVEN: Readonly<Record<string, (region: TestRegion) => Promise<void>>> = {
  async "s3-thumbnail"(region) {
    const s3 = s3Client(region);
    for (const Bucket of ["photos", "photos-thumbnails"]) await s3.send(new CreateBucketCommand({ Bucket }));
    const photo = await readFile(new URL("../../examples/thumbnail/rocket.jpg", import.meta.url));
    await put(s3, "photos", "in/my rocket.jpg", photo);
  },
};

test("examples", async (t) => {
  const region = await TestRegion.start("auto", { ALONZO_STAND_INS: "ruby3.3=ruby3.1" });
  t.after(() => region.stop());
  const installed = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list().map(({ runtime }) => runtime);
  const somePython = installed.find((runtime) => runtime.startsWith("python"));

  assert.deepEqual(Object.keys(CHECKS).sort(), (await exampleNames()).sort());
  for (const [name, check] of Object.entries(CHECKS)) {
    await t.test(`examples/${name} answers its event`, async (t) => {
      const settings = await exampleFunction(name);
      const isPython = settings.Runtime.startsWith("python");
      const language = settings.Runtime.replace(/\d.*$/, "");
      const runtime = isPython && !installed.includes(settings.Runtime) ? somePython : settings.Runtime;
      if (runtime === undefined) return t.skip("no Python on this machine");
      const isHere = installed.some((one) => one.startsWith(language) || settings.Runtime.startsWith("provided"));
      if (!isHere) return t.skip(`no ${language} on this machine`);
      if (name === "shell-provided" && findExecutable("curl") === undefined) return t.skip("curl is not installed");
      const tools = { python: process.env.ALONZO_TEST_PYTHON ?? "python3" };
      const Layers: string[] = [];
      let zip: Buffer;
      try {
        zip = await readFile(await buildExample(name, tools));
        if (existsSync(new URL(`../../examples/${name}/layer`, import.meta.url))) {
          const Content = { ZipFile: await readFile(await buildExample(`${name}/layer`, tools)) };
          const published = new PublishLayerVersionCommand({ LayerName: name, Content });
          Layers.push(String((await region.lambda.send(published)).LayerVersionArn));
        }
      } catch (error) {
        if (!(error instanceof MissingToolError)) throw error;
        return t.skip(error.message);
      }
      const deployed = await region.deploy({
        runtime,
        handler: settings.Handler,
        zip,
        more: { MemorySize: settings.MemorySize, Timeout: settings.Timeout, Layers },
      });
      await GIVEN[name]?.(region);
      const invoked = await region.invoke(deployed, await exampleEvent(name));
      assert.equal(invoked.functionError, undefined, `${invoked.text}\n${invoked.log}`);
      check(invoked);
    });
  }

  await t.test("examples/thumbnail scales the photo of its event", async () => {
    const zip = await readFile(await buildExample("thumbnail"));
    const name = await region.deploy({ runtime: "nodejs24.x", zip, more: { MemorySize: 512, Timeout: 30 } });
    const photo = await readFile(new URL("../../examples/thumbnail/rocket.jpg", import.meta.url), "base64");
    const { text } = await region.invoke(name, JSON.stringify({ photo, width: 64, height: 64 }));
    assert.deepEqual(jpegSize(Buffer.from(JSON.parse(text).thumbnail, "base64")), { width: 64, height: 42 });
  });
});
