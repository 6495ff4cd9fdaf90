/** For tests: malformed requests of every kind, chosen by a seeded generator. */
import { presign } from "../../src/gateway/presign.ts";
import { render, signed as signedRequest } from "./raw-request.ts";

const FUNCTIONS = "/2015-03-31/functions";

/** mulberry32: small, seeded, good enough to choose with. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Chooser {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = generator(seed);
  }
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
  of<T>(...values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
  text(alphabet: string, maxLength: number): string {
    return Array.from({ length: this.below(maxLength) + 1 }, () => alphabet[this.below(alphabet.length)]).join("");
  }
  bytes(maxLength: number): string {
    return Array.from({ length: this.below(maxLength) + 1 }, () => String.fromCharCode(this.below(256))).join("");
  }
}

const NAMES = [
  "thumb",
  "thumb:live",
  "function%3Athumb",
  "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Athumb",
];
const WRONG: readonly unknown[] = [
  null,
  1,
  -1,
  1e300,
  "",
  "x",
  true,
  [],
  {},
  [null],
  [[]],
  { a: { b: 1 } },
  "\u0000",
  "x".repeat(5000),
];
const BROKEN_JSON = [
  "{",
  "[",
  '{"a"',
  '{"a":}',
  "nul",
  "{'a':1}",
  '"\\x"',
  '{"a":1,}',
  "\xff\xfe",
  "[1 2]",
  "{{}",
  '"',
  "01",
  "-",
  "{]",
  "\0",
];

/** Every kind of malformed request to the region at that host, by name: each makes the bytes to send. */
export function malformedKinds(host: string): Readonly<Record<string, (choose: Chooser) => string>> {
  const signed = (method: string, target: string, body = "", extra: Record<string, string> = {}) =>
    signedRequest(host, method, target, body, extra);
  return {
    "bad JSON for a management operation": (choose) => {
      const [method, path] = choose.of(
        ["POST", `${FUNCTIONS}`],
        ["PUT", `${FUNCTIONS}/thumb/configuration`],
        ["PUT", `${FUNCTIONS}/thumb/code`],
      ) as [string, string];
      return render(signed(method, path, choose.of(...BROKEN_JSON)));
    },
    "bad JSON for Invoke": (choose) =>
      render(
        signed("POST", `${FUNCTIONS}/${choose.of(...NAMES)}/invocations`, choose.of(...BROKEN_JSON, choose.bytes(50))),
      ),
    "a bad signature": (choose) => {
      const request = signed(choose.of("GET", "DELETE"), `${FUNCTIONS}/thumb`);
      const authorization = request.headers.authorization ?? "";
      const at = choose.below(authorization.length);
      const headers = choose.of<() => Record<string, string>>(
        () => ({ authorization: authorization.slice(0, at) }),
        () => ({ authorization: `${authorization.slice(0, at)}~${authorization.slice(at + 1)}` }),
        () => ({ authorization: choose.text("AWS4-HMAC-SHA256 Credential=/,;Signature", 200) }),
        () => ({ authorization: authorization.replace("us-east-1", choose.of("eu-west-1", "", "x/y")) }),
        () => ({
          authorization: authorization.replace("/lambda/", choose.of("/kms/", "//", "/__proto__/", "/constructor/")),
        }),
        () => ({
          authorization: authorization.replace("test/", choose.of("nobody/", "/", "test/test/", "__proto__/")),
        }),
        () => ({ authorization: authorization.replace("host;", "") }),
        () => ({
          "x-amz-date": choose.of("20150830T123600Z", "20990101T000000Z", "yesterday", "20261399T999999Z", ""),
        }),
        () => ({
          "x-amz-content-sha256": choose.of(
            "UNSIGNED-PAYLOAD",
            "0".repeat(64),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "toString",
          ),
        }),
        () => ({ "x-amz-security-token": choose.text("abc/+=", 500), authorization: authorization.slice(0, -1) }),
      )();
      return render({ ...request, headers: { ...request.headers, ...headers } });
    },
    "a bad presigned URL": (choose) => {
      const good = presign({
        accessKeyId: "test",
        secretAccessKey: "test",
        region: "us-east-1",
        service: "lambda",
        endpoint: `http://${host}`,
        path: `${FUNCTIONS}/thumb`,
      });
      const parameters = good.slice(good.indexOf("?") + 1).split("&");
      const at = choose.below(parameters.length);
      const [name] = (parameters[at] ?? "").split("=");
      const value = choose.of(
        "",
        "-1",
        "1e9",
        "604801",
        "%",
        "%zz",
        "%00",
        "__proto__",
        "20150830T123600Z",
        "a%2Fb%2Fc%2Fd%2Fe",
      );
      const changed = choose.of([], [`${name}=${value}`]);
      const target = `${FUNCTIONS}/thumb?${parameters.toSpliced(at, 1, ...changed).join("&")}`;
      return render({ method: "GET", target, headers: { host }, body: "" });
    },
    "a truncated body": (choose) => {
      const body = JSON.stringify({ FunctionName: "thumb", Description: choose.text("abc", 300) });
      const request = signed("POST", choose.of(FUNCTIONS, `${FUNCTIONS}/thumb/invocations`), body);
      return render({ ...request, body: body.slice(0, choose.below(body.length)) }, body.length);
    },
    "a truncated chunked body": (choose) => {
      const { headers } = signed("POST", `${FUNCTIONS}/thumb/invocations`, "{}");
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const body = choose.of(
        "5\r\nabc",
        "zz\r\n",
        "2\r\n{}\r\n",
        "ffffffffffffffffff\r\n",
        "-1\r\n",
        `2;${"x".repeat(20_000)}\r\n{}`,
        "2\r\n{}0\r\n\r\n",
      );
      return `POST ${FUNCTIONS}/thumb/invocations HTTP/1.1\r\n${lines.join("")}Transfer-Encoding: chunked\r\n\r\n${body}`;
    },
    "huge headers": (choose) => {
      const lines = choose.of<() => string>(
        () => `X-Big: ${"a".repeat(33_000 + choose.below(200_000))}\r\n`,
        () => `${"a".repeat(40_000)}: b\r\n`,
        () => Array.from({ length: 201 + choose.below(2000) }, (_, i) => `x-${i}: y\r\n`).join(""),
        () => `Authorization: ${"AWS4-HMAC-SHA256 ,".repeat(1700)}\r\n`,
        () => `Cookie: ${"a=b; ".repeat(10_000)}\r\n`,
      )();
      const target = choose.of(FUNCTIONS, `${FUNCTIONS}?${"a=b&".repeat(choose.below(2) * 20_000)}`);
      return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}Connection: close\r\n\r\n`;
    },
    "wrong types": (choose) => {
      const good: Record<string, unknown> = {
        FunctionName: "thumb",
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Code: { ZipFile: "" },
        Timeout: 3,
        MemorySize: 128,
        Environment: { Variables: {} },
        Layers: [],
        Architectures: ["x86_64"],
        Tags: {},
      };
      // Never complete (Role is missing): a function made by accident would be no malformed request.
      const names = [...Object.keys(good), "__proto__", "constructor", "Role"];
      const wrong = names.filter(() => choose.below(6) === 0).map((name) => [name, choose.of(...WRONG)] as const);
      const body = { ...good, ...Object.fromEntries(wrong.filter(([, value]) => value !== "x")) };
      return render(signed("POST", FUNCTIONS, JSON.stringify(body)));
    },
    "a body that is no object": (choose) => render(signed("POST", FUNCTIONS, JSON.stringify(choose.of(...WRONG)))),
    "bad parameters": (choose) => {
      const [name, value] = choose.of(
        ["MaxItems", "abc"],
        ["MaxItems", "-1"],
        ["MaxItems", "99999999999999999999"],
        ["FunctionVersion", "SOME"],
        ["MasterRegion", "%00"],
        ["MaxItems", "1.5"],
        ["MaxItems", ""],
      ) as [string, string];
      return render(signed("GET", `${FUNCTIONS}?${name}=${value}`));
    },
    "bad Invoke headers and names": (choose) => {
      const name = choose.of(
        "a b",
        "%00",
        "..",
        "%zz",
        "a".repeat(300),
        "x:y:z:w",
        "%E2%82",
        "arn:aws:s3:::b",
        "thumb%2F..",
        "$LATEST",
        "thumb",
      );
      const headers: Record<string, string> = choose.of(
        { "x-amz-invocation-type": "Later" },
        { "x-amz-log-type": "Head" },
        { "x-amz-client-context": choose.text("abc!{}=", 5000) },
        { "x-amzn-requestid": choose.text("0123456789abcdef-", 60) },
        { "x-amz-tenant-id": choose.text("<>&?", 300) },
      );
      const query = choose.of("", "?Qualifier=a%20b", "?Qualifier=%zz", `?Qualifier=${"a".repeat(200)}`);
      return render(signed("POST", `${FUNCTIONS}/${name.replaceAll(" ", "%20")}/invocations${query}`, "{}", headers));
    },
    "an unknown path": (choose) => {
      const target = `/${choose.text("abc/-._~%20", 60).replaceAll("%", "%25")}`;
      const method = choose.of("GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND");
      return render(choose.of(signed(method, target), { method, target, headers: { host }, body: "" }));
    },
    "path traversal": (choose) => {
      const climb = choose
        .of("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "%252e%252e/", "....//", "..;/", "/../")
        .repeat(1 + choose.below(6));
      const base = choose.of(
        "/",
        "/_alonzo/",
        "/_alonzo/code/",
        "/_alonzo/logs/",
        "/_console/",
        `${FUNCTIONS}/`,
        `${FUNCTIONS}/thumb/`,
      );
      const target = `${base}${climb}${choose.of("etc/passwd", "etc/passwd%00.json", "proc/self/environ", ".alonzo/alonzo.db")}`;
      return render(choose.of(signed("GET", target), { method: "GET", target, headers: { host }, body: "" }));
    },
    "no HTTP at all": (choose) => {
      const head = `Host: ${host}\r\n`;
      return choose.of<() => string>(
        // The first byte is never that of a method: random bytes must not wait for more to come.
        () => `\x01${choose.bytes(400)}\r\n\r\n`,
        () => `GET / HTTP/9.9\r\n${head}\r\n`,
        () => `BREW / HTTP/1.1\r\n${head}\r\n`,
        () => `GET / HTTP/1.1\r\n${head}bad header\r\n\r\n`,
        () => `GET / HTTP/1.1\r\n${head}a\0b: c\r\n\r\n`,
        () => `GET / HTTP/1.1\r\n${head} folded: c\r\n\r\n`,
        () => `GET /\x7f\x01 HTTP/1.1\r\n${head}\r\n`,
        () => `GET /\xe9 HTTP/1.1\r\n${head}\r\n`,
        () => "GET / HTTP/1.1\r\n\r\n",
        () => "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        () => `GET http://elsewhere.example/ HTTP/1.1\r\n${head}\r\n`,
        () => `CONNECT elsewhere.example:443 HTTP/1.1\r\n${head}\r\n`,
        () => `OPTIONS * HTTP/1.1\r\n${head}\r\n`,
        () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        () => `POST ${FUNCTIONS} HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
        () => `POST ${FUNCTIONS} HTTP/1.1\r\n${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        () => `POST ${FUNCTIONS} HTTP/1.1\r\n${head}Content-Length: -1\r\n\r\n`,
        () => `POST ${FUNCTIONS} HTTP/1.1\r\n${head}Transfer-Encoding: gzip\r\n\r\nabc`,
        () => `GET ${FUNCTIONS} HTTP/1.1\r\n${head}Expect: wonders\r\n\r\n`,
        () => `GET / HTTP/1.1\nHost: ${host}\n\nGET`,
      )();
    },
    "too large a body": (choose) => {
      const [target, bytes] = choose.of(
        [FUNCTIONS, 80_000_000],
        [`${FUNCTIONS}/thumb/invocations`, 6_291_457],
        [`${FUNCTIONS}/thumb/invocations`, 2 ** 50],
      ) as [string, number];
      return render(signed("POST", target, "", { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }), bytes);
    },
    "a broken aws-chunked body": (choose) => {
      const word = choose.of(
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
      );
      const body = choose.of(
        "",
        "zz\r\n",
        "2;chunk-signature=00\r\n{}\r\n0\r\n\r\n",
        "5\r\n{}",
        "2\r\n{}0\r\n",
        "ffffffff\r\n{}",
        "1\r\n{\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n",
      );
      const headers = {
        "x-amz-content-sha256": word,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": choose.of("2", "-1", "x"),
      };
      return render(signed("POST", `${FUNCTIONS}/thumb/invocations`, body, headers));
    },
    "a foreign web page": (choose) => {
      const request = signed("GET", FUNCTIONS);
      const foreign: Record<string, string> = choose.of(
        { origin: "https://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
      );
      return render({ ...request, method: choose.of("GET", "OPTIONS"), headers: { ...request.headers, ...foreign } });
    },
  };
}
