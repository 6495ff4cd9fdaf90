/** Streaming by raw HTTP: custom runtimes that say to the Runtime API whatever the event tells them, as it should be and not. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { InvokeWithResponseStreamCommand } from "@aws-sdk/client-lambda";
import { zipOfEntries } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";

/** Sends the event's parts to the Runtime API as they are, and logs the first line of each answer that it waits for. */
const BOOTSTRAP = `#!/usr/bin/env python3
import json, os, socket
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)

def read(connection):
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        piece = connection.recv(65536)
        if not piece: return {"": "closed"}, b""
        data += piece
    head, _, body = data.partition(b"\\r\\n\\r\\n")
    first, *lines = head.decode().split("\\r\\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)): body += connection.recv(65536)
    return {"": first, **headers}, body

while True:
    connection = socket.create_connection((host, int(port)))
    connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    headers, body = read(connection)
    event = json.loads(body)
    for part in event["parts"]:
        try: connection.sendall(part.replace("{id}", headers["lambda-runtime-aws-request-id"]).encode("latin1"))
        except OSError: break
    for _ in range(event["answers"]):
        try: print(read(connection)[0][""], flush=True)
        except OSError: print("reset", flush=True)
    connection.close()
`;

const POST = "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: x\r\n";
const STREAMING = `${POST}Lambda-Runtime-Function-Response-Mode: streaming\r\n`;
const CHUNKED = `${STREAMING}Transfer-Encoding: chunked\r\n\r\n`;

describe("a custom runtime", () => {
  let region: TestRegion;
  let name: string;

  before(async () => {
    region = await TestRegion.start("auto");
    const zip = zipOfEntries([{ name: "bootstrap", content: BOOTSTRAP, mode: 0o100755 }]);
    name = await region.deploy({ runtime: "provided.al2023", handler: "any", zip });
  });
  after(() => region.stop());

  async function say(parts: readonly string[], answers = 1) {
    const Payload = JSON.stringify({ parts, answers });
    const answer = await region.lambda.send(
      new InvokeWithResponseStreamCommand({ FunctionName: name, Payload, LogType: "Tail" }),
    );
    let text = "";
    let errorType: string | undefined;
    for await (const { PayloadChunk, InvokeComplete } of answer.EventStream ?? []) {
      text += Buffer.from(PayloadChunk?.Payload ?? []).toString();
      if (InvokeComplete?.ErrorCode) errorType = JSON.parse(InvokeComplete.ErrorDetails ?? "").errorType;
    }
    return { text, errorType };
  }

  /** After whatever was said, the environment answers the next invocation. */
  const stillAnswers = async () =>
    assert.deepEqual(await say([`${CHUNKED}2\r\nok\r\n0\r\n\r\n`]), { text: "ok", errorType: undefined });

  it("streams in chunks, however they are cut, and with a length", async () => {
    const text = "hello, world";
    for (const parts of [
      [CHUNKED, "7\r\nhello, \r\n", "5;a=b\r\nwo", "rld\r", "\n0\r\n\r\n"],
      [`${CHUNKED}c\r\n${text}\r\n0\r\n\r\n`],
      [`${STREAMING}Content-Length: 12\r\n\r\n`, "hello, ", "world"],
    ]) {
      assert.deepEqual(await say(parts), { text, errorType: undefined });
    }
  });

  it("tells an error in the trailers, and others are ignored", async () => {
    const document = Buffer.from('{"errorType":"Mine","errorMessage":"late"}').toString("base64");
    const trailers = `Lambda-Runtime-Function-Error-Type: Function.Mine\r\nLambda-Runtime-Function-Error-Body: ${document}\r\n`;
    assert.deepEqual(await say([CHUNKED, `4\r\nhalf\r\n0\r\nX: y\r\n${trailers}\r\n`]), {
      text: "half",
      errorType: "Mine",
    });
    const others = "X-Other: 1\r\nContent-Length: 9\r\nTransfer-Encoding: no\r\n";
    assert.deepEqual(await say([CHUNKED, `2\r\nok\r\n0\r\n${others}\r\n`]), { text: "ok", errorType: undefined });
  });

  it("that sends what is no chunk, or breaks off, is told to its caller as truncated", async () => {
    for (const [rest, answers] of [
      ["zz\r\n", 1],
      [`3;${"x".repeat(300_000)}`, 1],
      ["ffffffffffffffffffff\r\n", 1],
      ["3\r\nabcdef\r\n0\r\n\r\n", 1],
      ["3\r\nab", 0],
    ] as const) {
      const { text, errorType } = await say([CHUNKED, "4\r\nhalf\r\n", rest], answers);
      assert.equal(errorType, "Runtime.TruncatedResponse", rest.slice(0, 20));
      assert.ok(text.startsWith("half"));
      await stillAnswers();
    }
  });

  it("that answers twice is heard once", async () => {
    const twice = `${CHUNKED}3\r\none\r\n0\r\n\r\n${CHUNKED}3\r\ntwo\r\n0\r\n\r\n`;
    assert.deepEqual(await say([twice], 2), { text: "one", errorType: undefined });
    await stillAnswers();
  });

  it("that names a response mode which there is not has failed", async () => {
    const bad = `${POST}Lambda-Runtime-Function-Response-Mode: trickling\r\nContent-Length: 2\r\n\r\nok`;
    assert.deepEqual(await say([bad]), { text: "", errorType: "Runtime.InvalidResponseModeHeader" });
    await stillAnswers();
  });
});
