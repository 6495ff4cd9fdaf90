import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { EventStreamCodec } from "@smithy/core/event-streams";
import type { Outcome } from "../execution/outcome.ts";
import type { ResponseSink } from "../execution/response-sink.ts";
import type { Invoker } from "../invocation/invoker.ts";
import { InvokeRefusal } from "../invocation/refusal.ts";
import { echo, type SendOptions, signHeaders, startTestGateway, type TestGateway } from "./test-gateway.ts";

const PATH = "/2021-11-15/functions/thumb/response-streaming-invocations";
const HEAD = { contentType: "text/html", isStreamed: true, executedVersion: "7" };
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);

/** Events of a whole stream: kind and payload. */
function eventsOf(bytes: Buffer): [string, string][] {
  const events: [string, string][] = [];
  for (let from = 0; from < bytes.length; from += bytes.readUInt32BE(from)) {
    const { headers, body } = codec.decode(bytes.subarray(from, from + bytes.readUInt32BE(from)));
    assert.equal(headers[":message-type"]?.value, "event");
    const isChunk = headers[":event-type"]?.value === "PayloadChunk";
    assert.equal(headers[":content-type"]?.value, isChunk ? "application/octet-stream" : "application/json");
    events.push([String(headers[":event-type"]?.value), Buffer.from(body).toString("latin1")]);
  }
  return events;
}

async function open(gateway: TestGateway, options: Partial<SendOptions> = {}): Promise<IncomingMessage> {
  const { path = PATH, body = "{}", headers = {} } = options;
  const url = `http://127.0.0.1:${gateway.port}${path}`;
  const signed = await signHeaders("POST", url, headers, body);
  const request = httpRequest({ port: gateway.port, method: "POST", path, headers: signed });
  request.on("error", () => {});
  request.end(body);
  const [response] = await once(request, "response");
  return response;
}

const bodyOf = async (response: IncomingMessage) => Buffer.concat(await response.toArray());

/** A gateway before a function that is played by the test. */
const serving = (play: (sink: ResponseSink) => Promise<Partial<Outcome>> | Partial<Outcome>) => {
  const invoker: Invoker = {
    check: async () => {},
    invoke: async (request) => {
      const { sink } = request.invocation;
      assert.ok(sink);
      return { ...echo(request), payload: Buffer.alloc(0), ...(await play(sink)) };
    },
  };
  return startTestGateway({ invoker });
};

describe("InvokeWithResponseStream", () => {
  it("sends what is written as events, then InvokeComplete with the log when asked for", async () => {
    await using gateway = await serving((sink) => {
      sink.start(HEAD);
      sink.write(Buffer.from("abc"));
      sink.write(Buffer.alloc(10_000, "x"));
      sink.write(Buffer.alloc(2_500_000, "y"));
      return { executedVersion: "7" };
    });
    for (const type of ["None", "Tail"]) {
      const response = await open(gateway, { headers: { "x-amz-log-type": type } });
      const { headers } = response;
      assert.equal(response.statusCode, 200);
      assert.equal(headers["content-type"], "application/vnd.amazon.eventstream");
      assert.equal(headers["x-amz-executed-version"], "7");
      assert.match(String(headers["x-amzn-requestid"]), /^[0-9a-f-]{36}$/);
      assert.equal(headers["x-amz-function-error"], undefined);
      const events = eventsOf(await bodyOf(response));
      const complete = type === "Tail" ? { LogResult: Buffer.from("START\n").toString("base64") } : {};
      assert.deepEqual(events[0], ["PayloadChunk", "abc"]);
      assert.deepEqual(events.at(-1), ["InvokeComplete", JSON.stringify(complete)]);
      assert.ok(events.every(([, payload]) => payload.length <= 1024 * 1024));
      const text = events.slice(0, -1).map(([, payload]) => payload);
      assert.equal(text.join(""), `abc${"x".repeat(10_000)}${"y".repeat(2_500_000)}`);
    }
  });

  it("lets the first byte leave before the function has ended", async () => {
    const ended = Promise.withResolvers<void>();
    await using gateway = await serving(async (sink) => {
      sink.start(HEAD);
      sink.write(Buffer.from("first"));
      await ended.promise;
      sink.write(Buffer.from("second"));
      return {};
    });
    const response = await open(gateway);
    const [first] = await once(response, "data");
    assert.deepEqual(eventsOf(first), [["PayloadChunk", "first"]]);
    ended.resolve();
    assert.deepEqual(eventsOf(await bodyOf(response))[0], ["PayloadChunk", "second"]);
  });

  it("tells a failure in InvokeComplete, before the first byte and after it", async () => {
    const failure = {
      kind: "function-error",
      payload: Buffer.from('{"errorType":"E"}'),
      functionError: "Unhandled",
    } as const;
    for (const isMidway of [false, true]) {
      await using gateway = await serving((sink) => {
        if (isMidway) sink.start(HEAD);
        if (isMidway) sink.write(Buffer.from("half"));
        return failure;
      });
      const events = eventsOf(await bodyOf(await open(gateway)));
      assert.deepEqual(events.at(-1), [
        "InvokeComplete",
        '{"ErrorCode":"Unhandled","ErrorDetails":"{\\"errorType\\":\\"E\\"}"}',
      ]);
      assert.equal(events.length, isMidway ? 2 : 1);
    }
  });

  it("makes the function wait for a caller that does not read, and tells it when there is room", async () => {
    const isFull = Promise.withResolvers<void>();
    await using gateway = await serving(async (sink) => {
      sink.start(HEAD);
      let drained = (): void => {};
      sink.onDrain(() => drained());
      while (sink.write(Buffer.alloc(65_536))) await new Promise(setImmediate);
      isFull.resolve();
      await new Promise<void>((resolve) => (drained = resolve));
      return {};
    });
    const response = await open(gateway);
    response.pause();
    await isFull.promise;
    assert.equal(eventsOf(await bodyOf(response)).at(-1)?.[0], "InvokeComplete");
  });

  it("drops what is written for a caller that is gone, and wakes whoever waits for it", async () => {
    const isOver = Promise.withResolvers<void>();
    await using gateway = await serving(async (sink) => {
      sink.start(HEAD);
      let woken = (): void => {};
      sink.onDrain(() => woken());
      // Whether a caller that has hung up still reads shows only when more is sent.
      while (!sink.isClosed) {
        const isAwake = new Promise<void>((resolve) => (woken = resolve));
        if (!sink.write(Buffer.alloc(65_536))) await isAwake;
        await new Promise(setImmediate);
      }
      assert.equal(sink.write(Buffer.alloc(10_000_000)), true);
      isOver.resolve();
      return {};
    });
    const response = await open(gateway);
    await once(response, "data");
    response.destroy();
    await isOver.promise;
    assert.deepEqual(gateway.logged, []);
  });

  it("leaves nothing on a connection that serves many streams", async () => {
    await using gateway = await serving((sink) => {
      sink.start(HEAD);
      sink.onDrain(() => {});
      return {};
    });
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const requests: string[] = [];
    for (let count = 0; count < 15; count++) {
      const url = `http://127.0.0.1:${gateway.port}${PATH}`;
      const headers = await signHeaders("POST", url, {}, "{}");
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      requests.push(`POST ${PATH} HTTP/1.1\r\n${lines.join("")}content-length: 2\r\n\r\n{}`);
    }
    const answer = await gateway.sendRaw(requests.join(""));
    process.off("warning", onWarning);
    assert.equal(answer.split("HTTP/1.1 200 OK").length, 16);
    assert.deepEqual(warnings, []);
  });

  it("checks by DryRun, refuses Event, and refuses before any event what cannot run", async () => {
    await using gateway = await startTestGateway({
      invoker: {
        check: async () => {},
        invoke: async () => {
          throw new InvokeRefusal("ResourceNotFoundException", "Function not found: x");
        },
      },
    });
    const dry = await open(gateway, { headers: { "x-amz-invocation-type": "DryRun" } });
    assert.deepEqual([dry.statusCode, (await bodyOf(dry)).length], [204, 0]);
    for (const [headers, status, code, message] of [
      [
        { "x-amz-invocation-type": "Event" },
        400,
        "ValidationException",
        "1 validation error detected: Value 'Event' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, DryRun]",
      ],
      [{}, 404, "ResourceNotFoundException", "Function not found: x"],
    ] as const) {
      const response = await open(gateway, { headers });
      const body = JSON.parse(String(await bodyOf(response)));
      assert.deepEqual([response.statusCode, response.headers["x-amzn-errortype"]], [status, code]);
      assert.equal(body.message ?? body.Message, message);
    }
  });

  it("breaks the connection when a fault of ours ends the answer midway, and logs it", async () => {
    const isHere = Promise.withResolvers<void>();
    await using gateway = await serving(async (sink) => {
      sink.start(HEAD);
      sink.write(Buffer.from("half"));
      await isHere.promise;
      throw new Error("ours");
    });
    const response = await open(gateway);
    isHere.resolve();
    await assert.rejects(bodyOf(response), { code: "ECONNRESET" });
    assert.equal(gateway.logged.length, 1);
  });
});
