import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import type { Outcome } from "../../execution/outcome.ts";
import type { ResponseSink } from "../../execution/response-sink.ts";
import type { FunctionUrlCors } from "../../functions/function-url.ts";
import { echo, startTestGateway } from "../test-gateway.ts";

const ID = "a".repeat(32);
const HOST = `${ID}.lambda-url.us-east-1.localhost`;
const POLICY = { Statement: [{ Effect: "Allow" as const, Principal: "*" as const, Action: "*", Resource: "*" }] };
const HEAD = { contentType: "text/plain", isStreamed: true, executedVersion: "$LATEST" };
const WITH_PRELUDE = { ...HEAD, contentType: "application/vnd.awslambda.http-integration-response" };
const FAILED = { kind: "function-error", functionError: "Unhandled", errorType: "Error" } as const;
const SEPARATOR = "\0".repeat(8);

type Play = (sink: ResponseSink) => Promise<Partial<Outcome>> | Partial<Outcome>;

/** A gateway with a streaming URL before a function that is played by the test. */
async function serving(play: Play, cors?: FunctionUrlCors) {
  const settings = { urlId: ID, authType: "NONE", invokeMode: "RESPONSE_STREAM" } as const;
  const url = { ...settings, creationTime: "", lastModifiedTime: "", ...(cors && { cors }) };
  const owner = { functionName: "f", alias: undefined, policy: POLICY, url };
  const gateway = await startTestGateway({
    functionUrls: { find: async () => owner },
    invoker: {
      check: async () => {},
      invoke: async (request) => {
        const { sink } = request.invocation;
        assert.ok(sink);
        return { ...echo(request), payload: Buffer.alloc(0), ...(await play(sink)) };
      },
    },
  });
  const open = async (method = "GET", more = {}): Promise<IncomingMessage> => {
    const request = httpRequest({ port: gateway.port, method, headers: { host: HOST, ...more } });
    request.on("error", () => {});
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return response;
  };
  const call = async () => {
    const response = await open();
    return { status: response.statusCode, headers: response.headers, body: await textOf(response) };
  };
  return { gateway, open, call, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

const textOf = async (response: IncomingMessage) => Buffer.concat(await response.toArray()).toString();

const write = (sink: ResponseSink, ...chunks: string[]): void => {
  for (const chunk of chunks) sink.write(Buffer.from(chunk));
};

describe("a function URL that streams", () => {
  it("passes each chunk on while the function still runs", async () => {
    const seen = Promise.withResolvers<void>();
    await using region = await serving(async (sink) => {
      sink.start(HEAD);
      write(sink, "first");
      await seen.promise;
      write(sink, " second");
      return {};
    });
    const response = await region.open();
    assert.deepEqual([response.statusCode, response.headers["content-type"]], [200, "text/plain"]);
    assert.equal(response.headers["transfer-encoding"], "chunked");
    const chunks = response[Symbol.asyncIterator]();
    assert.equal(String((await chunks.next()).value), "first");
    seen.resolve();
    assert.equal(String((await chunks.next()).value), " second");
    assert.equal((await chunks.next()).done, true);
    assert.ok(response.complete);
  });

  it("takes the response's head out of a prelude, wherever the stream is cut", async () => {
    const prelude = { statusCode: 201, headers: { "Content-Type": "text/html", "x-a": "ü" }, cookies: ["a=1", "b=2"] };
    const whole = Buffer.from(`${JSON.stringify(prelude)}${SEPARATOR}<p>body\0</p>`);
    const middle = whole.indexOf(SEPARATOR);
    for (const cut of [1, middle - 1, middle, middle + 1, middle + 7, middle + 8, middle + 9, whole.length]) {
      await using region = await serving((sink) => {
        sink.start(WITH_PRELUDE);
        sink.write(whole.subarray(0, cut));
        sink.write(whole.subarray(cut));
        return {};
      });
      const { status, headers, body } = await region.call();
      assert.deepEqual([status, headers["content-type"], body], [201, "text/html", "<p>body\0</p>"], `cut at ${cut}`);
      assert.equal(Buffer.from(String(headers["x-a"]), "latin1").toString(), "ü");
      assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
      assert.match(String(headers["x-amzn-requestid"]), /^[0-9a-f-]{36}$/);
    }
  });

  it("takes a prelude that comes byte by byte, and NULs in the body for what they are", async () => {
    const whole = Buffer.from(`{"headers":{"x-a":"${"y".repeat(5_000)}"}}${SEPARATOR}${SEPARATOR}body`);
    await using region = await serving((sink) => {
      sink.start(WITH_PRELUDE);
      for (let i = 0; i < whole.length; i++) sink.write(whole.subarray(i, i + 1));
      return {};
    });
    const { headers, body } = await region.call();
    assert.deepEqual([headers["x-a"]?.length, body], [5_000, `${SEPARATOR}body`]);
  });

  it("begins with the prelude, before there is any body", async () => {
    const seen = Promise.withResolvers<void>();
    await using region = await serving(async (sink) => {
      sink.start(WITH_PRELUDE);
      write(sink, `{"headers":{"x-a":"1"}}${SEPARATOR}`);
      await seen.promise;
      return {};
    });
    const response = await region.open();
    assert.deepEqual([response.statusCode, response.headers["x-a"]], [200, "1"]);
    assert.equal(response.headers["content-type"], "application/octet-stream");
    seen.resolve();
    assert.equal(await textOf(response), "");
  });

  it("answers 502 when the function fails before its first byte, or its prelude is none", async () => {
    const plays: Play[] = [
      () => FAILED,
      (sink) => {
        sink.start(WITH_PRELUDE);
        write(sink, '{"statusCode":200}', "no end of it");
        return {};
      },
      (sink) => {
        sink.start(WITH_PRELUDE);
        write(sink, `not JSON${SEPARATOR}body`, "more");
        return {};
      },
      (sink) => {
        sink.start(WITH_PRELUDE);
        write(sink, `{"statusCode":999}${SEPARATOR}body`);
        return {};
      },
      (sink) => {
        sink.start({ ...HEAD, contentType: "text/plain\u0000\nx-a: 1" });
        write(sink, "body");
        return {};
      },
      (sink) => {
        sink.start(WITH_PRELUDE);
        for (let i = 0; i < 20; i++) sink.write(Buffer.alloc(100_000, " "));
        return {};
      },
    ];
    for (const play of plays) {
      await using region = await serving(play);
      const { status, body } = await region.call();
      assert.deepEqual([status, body], [502, "Internal Server Error"], String(play));
    }
  });

  it("cuts the response off when the function fails amid it", async () => {
    for (const play of [() => FAILED, () => Promise.reject(new Error("a fault"))] as Play[]) {
      await using region = await serving((sink) => {
        sink.start(HEAD);
        write(sink, "first");
        return play(sink);
      });
      const response = await region.open();
      await assert.rejects(textOf(response), /aborted/);
    }
  });

  it("answers for functions that do not stream as any other URL", async () => {
    const plain = { ...HEAD, contentType: "application/json", isStreamed: false };
    await using region = await serving((sink) => {
      sink.start(plain);
      write(sink, '{"statusCode":418,"headers":{"x-a":"1"},', '"body":"teapot"}');
      return {};
    });
    const { status, headers, body } = await region.call();
    assert.deepEqual([status, headers["x-a"], headers["content-length"], body], [418, "1", "6", "teapot"]);
  });

  it("has the CORS headers of its settings, and none of the function's", async () => {
    await using region = await serving(
      (sink) => {
        sink.start(WITH_PRELUDE);
        write(sink, `{"headers":{"access-control-allow-origin":"*"}}${SEPARATOR}body`);
        return {};
      },
      { allowOrigins: ["https://example.com"] },
    );
    const response = await region.open("GET", { origin: "https://example.com" });
    assert.equal(response.headers["access-control-allow-origin"], "https://example.com");
    assert.equal(await textOf(response), "body");
  });

  it("sends no body to HEAD", async () => {
    await using region = await serving((sink) => {
      sink.start(HEAD);
      write(sink, "ignored");
      return {};
    });
    const response = await region.open("HEAD");
    assert.deepEqual([response.statusCode, await textOf(response)], [200, ""]);
  });

  it("makes a function wait for a slow reader, and lets it go on when the reader is gone", async () => {
    const waited = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    await using region = await serving(async (sink) => {
      sink.start(HEAD);
      sink.onDrain(() => sink.isClosed && gone.resolve());
      while (sink.write(Buffer.alloc(1_000_000))) await new Promise((resolve) => setImmediate(resolve));
      waited.resolve();
      await gone.promise;
      assert.equal(sink.write(Buffer.from("dropped")), true);
      return {};
    });
    const response = await region.open();
    await waited.promise;
    response.destroy();
    await gone.promise;
  });
});
