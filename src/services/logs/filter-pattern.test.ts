import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InvalidPattern, parseFilterPattern } from "./filter-pattern.ts";

/** @param cases pattern, messages that match, messages that do not */
function check(cases: readonly (readonly [string, readonly string[], readonly string[]])[]): void {
  for (const [pattern, matching, others] of cases) {
    const { matches } = parseFilterPattern(pattern);
    for (const message of matching) assert.equal(matches(message), true, `${pattern} matches ${message}`);
    for (const message of others) assert.equal(matches(message), false, `${pattern} does not match ${message}`);
  }
}

test("terms must all be there as they are written, excluded ones must not, and of optional ones one will do", () => {
  check([
    ["", ["anything", ""], []],
    ["ERROR", ["[ERROR 400] BAD REQUEST"], ["[error 400]", ""]],
    ["ERROR ARGUMENTS", ["[ERROR 419] MISSING ARGUMENTS"], ["[ERROR 401]", "ARGUMENTS"]],
    ["ERROR -ARGUMENTS", ["[ERROR 401] UNAUTHORIZED"], ["[ERROR 419] MISSING ARGUMENTS", "INFO"]],
    ['-"401"', ["[ERROR 400]"], ["[ERROR 401]"]],
    ["?ERROR ?WARN", ["ERROR", "a WARN b"], ["INFO"]],
    ["?ERROR WARN", ["WARN"], ["ERROR"]],
    ['"INTERNAL SERVER ERROR"', ["[500] INTERNAL SERVER ERROR"], ["INTERNAL ERROR SERVER"]],
    ['"say \\"hi\\""', ['they say "hi"'], ["they say hi"]],
    ["Task timed out", ["2026 Task timed out after 3.00 seconds"], ["Task out"]],
  ]);
});

test("regular expressions are found anywhere, unless they are anchored", () => {
  check([
    ["%AUTHORIZED%", ["[ERROR 401] UNAUTHORIZED REQUEST", "[SUCCESS 200] AUTHORIZED REQUEST"], ["authorized"]],
    ["%^[hc]at%", ["hat", "cats"], ["the cat"]],
    ["%[hc]at$%", ["the cat", "the cat\n"], ["cats"]],
    ["%10\\.10\\.0\\.\\d{1,3}%", ["from 10.10.0.1 to"], ["from 10x10.0.1 to"]],
    ["%[Ee]rror|[Ff]ail% -%ignored%", ["an Error", "fails"], ["an Error ignored"]],
    ["%colou?r%", ["color", "colour"], ["colr"]],
    ["%\\x41%", ["A"], ["B"]],
  ]);
});

test("conditions on JSON documents compare text, numbers, booleans, null and what is not there", () => {
  const trail = JSON.stringify({
    eventType: "UpdateTrail",
    sourceIPAddress: "111.111.111.111",
    arrayKey: ["value", "another value"],
    objectList: [
      { name: "a", id: 1 },
      { name: "b", id: 2 },
    ],
    SomeObject: null,
    isOn: true,
    cluster: { "name.of": "c" },
    bandwidth: 75.5,
    "status-code": "404",
  });
  check([
    ['{ $.eventType = "UpdateTrail" }', [trail], ["UpdateTrail", "{}", '"UpdateTrail"']],
    ['{ $.eventType = "Update*" && $.sourceIPAddress != 123.123.* }', [trail], []],
    ["{$.eventType=UpdateTrail}", [trail], []],
    ["{ $.eventType = %Trail$% }", [trail], []],
    ['{ $.arrayKey[0] = "value" }', [trail], []],
    ['{ $.arrayKey[1] = "value" }', [], [trail]],
    ['{ $.arrayKey = "value" }', [], [trail]],
    ["{ $.objectList[1].id = 2 }", [trail], []],
    ["{ $.objectList[*].id > 1 }", [trail], []],
    ["{ $.SomeObject IS NULL }", [trail], ['{"SomeObject":0}', "{}"]],
    ["{ $.SomeOtherObject NOT EXISTS }", [trail], ['{"SomeOtherObject":null}']],
    ["{ $.isOn IS TRUE }", [trail], ['{"isOn":false}', '{"isOn":"true"}']],
    ["{ $.isOn IS FALSE }", ['{"isOn":false}'], [trail]],
    ["{ $.bandwidth > 75 && $.bandwidth <= 7.55e1 }", [trail], []],
    ["{ $.bandwidth >= 76 || $.bandwidth < 75.5 }", [], [trail]],
    ["{ $.status-code = 4* }", [trail, '{"status-code":404}'], ['{"status-code":504}']],
    ["{ $.['status-code'] = 404 }", [trail], []],
    ["{ $.cluster.['name.of'] = \"c\" }", [trail], []],
    ['{ $.missing != "x" }', [], [trail]],
    ["{ ($.a = 1 || $.b = 2) && $.c = 3 }", ['{"a":1,"c":3}', '{"b":2,"c":3}'], ['{"a":1}']],
    ["{ $.a = 1 || $.b = 2 && $.c = 3 }", ['{"a":1}'], ['{"b":2}']],
    ['{ $.q = "what?*" }', ['{"q":"what? that"}'], ['{"q":"whats that"}']],
    ["{ $.constructor EXISTS }", [], ["{}"]],
  ]);
});

test("conditions on fields count them, and an ellipsis stands for any number", () => {
  const line = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';
  const warned = "WARN 08:00 disk nearly full";
  check([
    ["[ip, server, username, timestamp, request, status_code, bytes]", [line], [warned]],
    ["[ip, server, username, timestamp, request, status_code = 4*, bytes > 1000]", [line], []],
    ["[ip, ..., status_code=404, bytes]", [line], [warned]],
    ["[..., bytes <= 1534]", [line], [warned]],
    [
      '[ip, server, username, timestamp, request = "*html*", status_code = 404 || status_code = 410, bytes]',
      [line],
      [],
    ],
    ["[w1=ERROR || w1=%WA.N%, ...]", [warned, "ERROR"], [line]],
    ["[w1!=ERROR && w1!=%WARN%, ...]", [line], [warned, "ERROR x"]],
    ["[level, , ...]", [warned], ["one"]],
  ]);
});

test("what a pattern names is extracted", () => {
  assert.deepEqual(parseFilterPattern("[ip, ..., bytes > 1]").extract("a b c 7\n"), { $ip: "a", $bytes: "7" });
  assert.deepEqual(parseFilterPattern('{ $.a.b = 1 || $.c = "x" }').extract('{"a":{"b":1}}'), { "$.a.b": "1" });
});

test("what cannot be read is refused", () => {
  const broken = ['"open', "%open", "%a!b%", "%(a)%", "%[%", "%é%", "[a, ..., b, ...]", "[a", "{ $.a }", "{ $.a = }"];
  const more = ["{ a = 1 }", "{ $.a > x }", "{ ($.a = 1 }", "{ $.a = 1 } x", "[a = 1 && b = 2]", "-", "?", '""'];
  const regexes = ["{ $.a = %a% && $.b = %b% && $.c = %c% }"];
  for (const pattern of [...broken, ...more, ...regexes, `{ ${"(".repeat(10_000)}`]) {
    assert.throws(() => parseFilterPattern(pattern), InvalidPattern, pattern);
  }
});

test("no pattern and no message makes it fail otherwise", () => {
  const piece = fc.constantFrom(
    "[",
    "]",
    "{",
    "}",
    "$.a",
    "$",
    "=",
    "!=",
    "*",
    "%",
    '"',
    "(",
    ")",
    "&&",
    "||",
    ",",
    "...",
    "1",
    "x ",
    " ",
    "-",
    "?",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, message) => {
      try {
        const pattern = parseFilterPattern(pieces.join(""));
        assert.equal(typeof pattern.matches(message), "boolean");
        pattern.extract(message);
      } catch (error) {
        if (!(error instanceof InvalidPattern)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});
