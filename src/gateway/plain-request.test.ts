/** What the invoke lane takes as a plain request, held against what node:http reads from the same bytes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { MAX_PLAIN_BODY_BYTES, readPlainRequest } from "./plain-request.ts";

const LINE = "POST /2015-03-31/functions/f/invocations HTTP/1.1";

const request = (headers: readonly string[], line = LINE, body = ""): Buffer =>
  Buffer.from(`${[line, ...headers].join("\r\n")}\r\n\r\n${body}`, "latin1");

const HEADERS = ["Host: localhost", "Content-Length: 2"];

describe("a plain request", () => {
  test("is an Invoke with a small body", () => {
    const found = readPlainRequest(request(["Host: a:1", "X-Amz-Date:  x y ", "content-length: 2"], LINE, "{}"));
    assert.ok(typeof found === "object");
    assert.deepEqual({ ...found.head.headers }, { host: "a:1", "x-amz-date": "x y", "content-length": "2" });
    assert.deepEqual(found.head.rawHeaders, ["Host", "a:1", "X-Amz-Date", "x y", "content-length", "2"]);
    assert.equal(found.functionName, "f");
    assert.equal(found.bodyBytes, 2);
  });

  test("keeps path and query apart", () => {
    const found = readPlainRequest(
      request(HEADERS, "POST /2015-03-31/functions/f%3A1/invocations?Qualifier=2 HTTP/1.1"),
    );
    assert.ok(typeof found === "object");
    assert.equal(found.functionName, "f%3A1");
    assert.equal(found.head.query, "Qualifier=2");
  });

  test("is incomplete until its head is there", () => {
    const whole = request(HEADERS);
    for (let length = 0; length < whole.length; length++) {
      assert.equal(readPlainRequest(whole.subarray(0, length)), "incomplete", `${length} bytes`);
    }
    assert.notEqual(readPlainRequest(whole), "incomplete");
  });

  const others: Readonly<Record<string, Buffer>> = {
    "another method": request(HEADERS, LINE.replace("POST", "GET")),
    "another path": request(HEADERS, "POST /2015-03-31/functions/f HTTP/1.1"),
    "a streamed invoke": request(HEADERS, "POST /2021-11-15/functions/f/response-streaming-invocations HTTP/1.1"),
    "HTTP/1.0": request(HEADERS, LINE.replace("1.1", "1.0")),
    "an absolute target": request(HEADERS, LINE.replace("/2015", "http://localhost/2015")),
    "a space in the target": request(HEADERS, LINE.replace("/f/", "/f g/")),
    "a fragment": request(HEADERS, LINE.replace("/f/", "/f#g/")),
    "no host": request(["Content-Length: 2"]),
    "a host that is none": request(["Host: a b", "Content-Length: 2"]),
    "no length": request(["Host: localhost"]),
    "a length that is no number": request(["Host: localhost", "Content-Length: 0x2"]),
    "an empty length": request(["Host: localhost", "Content-Length: "]),
    "a signed length": request(["Host: localhost", "Content-Length: +2"]),
    "two lengths in one": request(["Host: localhost", "Content-Length: 2, 2"]),
    "a large body": request(["Host: localhost", `Content-Length: ${MAX_PLAIN_BODY_BYTES + 1}`]),
    "a chunked body": request([...HEADERS, "Transfer-Encoding: chunked"]),
    "an expectation": request([...HEADERS, "Expect: 100-continue"]),
    "an upgrade": request([...HEADERS, "Connection: upgrade", "Upgrade: h2c"]),
    "a last request": request([...HEADERS, "Connection: close"]),
    "a browser's request": request([...HEADERS, "Origin: http://localhost"]),
    "a header twice": request([...HEADERS, "X-A: 1", "x-a: 2"]),
    "a header without a name": request([...HEADERS, ": 1"]),
    "a header without a colon": request([...HEADERS, "X-A"]),
    "a space before the colon": request([...HEADERS, "X-A : 1"]),
    "a folded header": request([...HEADERS, "X-A: 1", " 2"]),
    "a bare line feed": request([...HEADERS, "X-A: 1\nX-B: 2"]),
    "a bare carriage return": request([...HEADERS, "X-A: 1\rX-B: 2"]),
    "a NUL": request([...HEADERS, "X-A: \0"]),
    "a tab": request([...HEADERS, "X-A: a\tb"]),
    "a byte above ASCII": request([...HEADERS, "X-A: \xe9"]),
    "more headers than any client sends": request([...HEADERS, ...Array.from({ length: 70 }, (_, i) => `X-${i}: 1`)]),
    "a long head": request([...HEADERS, `X-A: ${"a".repeat(9000)}`]),
    "a long head that goes on": Buffer.from(`${LINE}\r\nX-A: ${"a".repeat(9000)}`),
  };
  for (const [name, bytes] of Object.entries(others)) {
    test(`is not ${name}`, () => assert.equal(readPlainRequest(bytes), "general"));
  }
});

describe("what is taken as plain", () => {
  const server = createServer();
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server.close());

  /** What node:http makes of the bytes: the first request, or undefined when it refuses them. */
  async function byNode(bytes: Buffer): Promise<IncomingMessage | undefined> {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    const isOurs = (other: { remotePort?: number | undefined }) => other.remotePort === socket.localPort;
    const taken = new Promise<IncomingMessage | undefined>((resolve) => {
      server.on("request", (message) => isOurs(message.socket) && resolve(message));
      server.on("clientError", (_, broken) => isOurs(broken as Socket) && resolve(undefined));
    });
    socket.end(bytes);
    const message = await taken;
    server.removeAllListeners("request").removeAllListeners("clientError");
    socket.destroy();
    return message;
  }

  const pieces = [
    "X-A",
    "x-a",
    ":",
    ": ",
    " ",
    "\r\n",
    "\n",
    "\r",
    "\t",
    "1",
    "é",
    "\0",
    "Content-Length: 3",
    "Host: b",
    ",",
    ";",
  ];

  test("node:http reads as the same request, whatever the rest of the head is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), async (parts) => {
        const bytes = request([...HEADERS, `X-B: ${parts.join("")}`], LINE, "{}");
        const plain = readPlainRequest(bytes);
        if (typeof plain !== "object") return;
        const message = await byNode(bytes);
        assert.ok(message, "node:http refuses what was taken as plain");
        assert.deepEqual({ ...plain.head.headers }, { ...message.headers });
        assert.equal(`${plain.head.path}`, message.url);
      }),
      { numRuns: 300 },
    );
  });
});
