import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type InputRules, inputOf, templateFault } from "./target-input.ts";

const EVENT =
  '{"version":"0","id":"e-1","resources":["arn:x"],"detail":{"id":"a\\"b","n":1.50,"o":{"k":"v","l":[1,"x"]},"t":true,"z":null,"a-b":[{"c":7}]}}';

const made = (rules: InputRules, event = EVENT): string =>
  inputOf(rules, {
    event,
    ruleArn: "arn:aws:events:us-east-1:000000000000:rule/r",
    ruleName: "r",
    ingestionTime: "2026-05-04T03:02:01Z",
  });

const transformed = (InputTemplate: string, InputPathsMap: Record<string, string> = {}): string =>
  made({ InputTransformer: { InputTemplate, InputPathsMap } });

const PATHS = {
  id: "$.detail.id",
  n: "$.detail.n",
  o: "$.detail.o",
  t: "$.detail.t",
  z: "$.detail.z",
  none: "$.detail.none",
  c: "$.detail['a-b'][0].c",
};

test("without rules a target gets the event, else the constant or the part that is named, as it was written", () => {
  assert.equal(made({}), EVENT);
  assert.equal(made({ Input: '{ "a" : 1 }' }), '{ "a" : 1 }');
  assert.equal(made({ InputPath: "$.detail.n" }), "1.50");
  assert.equal(made({ InputPath: "$.detail.o" }), '{"k":"v","l":[1,"x"]}');
  assert.equal(made({ InputPath: "$.detail.id" }), '"a\\"b"');
  assert.equal(made({ InputPath: "$" }), EVENT);
  assert.equal(made({ InputPath: "$.nothing" }), "null");
});

test("a placeholder on its own becomes a value, within a string its text", () => {
  assert.equal(
    transformed('{"id":<id>,"n":<n>,"o":<o>,"t":<t>,"z":<z>,"c":<c>,"none":<none>}', PATHS),
    '{"id":"a\\"b","n":1.50,"o":{"k":"v","l":[1,"x"]},"t":true,"z":null,"c":7,"none":""}',
  );
  assert.deepEqual(JSON.parse(transformed('{"text":"<id>/<n>/<t>/<none>/<o>"}', PATHS)), {
    text: 'a"b/1.50/true//{"k":"v","l":[1,"x"]}',
  });
  assert.equal(transformed('"of <n>: <o>"', PATHS), '"of 1.50: {k:v,l:[1,x]}"');
  assert.equal(transformed('"first <n>"\n"second <t>"', PATHS), '"first 1.50"\n"second true"');
});

test("AWS's own variables are there without being asked for", () => {
  const made = JSON.parse(
    transformed(
      '{"rule":<aws.events.rule-arn>,"name":"<aws.events.rule-name>","at":<aws.events.event.ingestion-time>,"all":<aws.events.event.json>,"head":<aws.events.event>}',
    ),
  );
  assert.equal(made.rule, "arn:aws:events:us-east-1:000000000000:rule/r");
  assert.equal(made.name, "r");
  assert.equal(made.at, "2026-05-04T03:02:01Z");
  assert.deepEqual(made.all, JSON.parse(EVENT));
  assert.deepEqual(made.head, { version: "0", id: "e-1", resources: ["arn:x"] });
});

test("whatever an event holds, a JSON template makes JSON of it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const event = JSON.stringify({ version: "0", detail: { value } });
      const InputTransformer = {
        InputTemplate: '{"alone":<v>,"within":"a <v> b"}',
        InputPathsMap: { v: "$.detail.value" },
      };
      const { alone, within } = JSON.parse(made({ InputTransformer }, event));
      assert.deepEqual(alone, JSON.parse(JSON.stringify(value)));
      const shown = typeof value === "string" ? value : JSON.stringify(value);
      assert.equal(within, `a ${shown} b`);
    }),
  );
});

test("a template is JSON once its placeholders are filled in, or it is none", () => {
  for (const template of ['{"a":<a>}', '"text <a>"', '"one"\n"two"', "<a>", '[<a>,"<b>"]', '{"a":"\\"<a>\\""}']) {
    assert.equal(templateFault(template), undefined, template);
  }
  for (const template of ["text", '{"a":<a>', "{a:1}", '"a" "b"', '{"a":1}{"b":2}', '"open <a>']) {
    assert.ok(templateFault(template), template);
  }
});
