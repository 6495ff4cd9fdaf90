import assert from "node:assert/strict";
import { test } from "node:test";
import { functionUrlAt, mayBeUrlHost, urlOfHost, urlOfPath } from "./function-url-address.ts";

const ID = `${"a".repeat(30)}z7`;
const at = (suffix: string, region = "us-east-1") => `${ID}.lambda-url.${region}.${suffix}`;

test("a function URL's host is its id under localhost, AWS's domain or a name that the region has", () => {
  const host = at("localhost");
  assert.deepEqual(urlOfHost(host, []), { urlId: ID, region: "us-east-1", domainName: host });
  assert.equal(urlOfHost(at("on.aws", "eu-west-1"), [])?.region, "eu-west-1");
  assert.equal(urlOfHost(at("example.org"), ["example.org"])?.urlId, ID);
  const others = [
    at("example.org"),
    at("evil.localhost"),
    at("localhost.evil"),
    `x.${at("localhost")}`,
    host.slice(1),
    host.toUpperCase(),
    "localhost",
    "",
    `${"a".repeat(32)}.lambda.us-east-1.localhost.localhost`,
  ];
  for (const other of others) assert.equal(urlOfHost(other, []), undefined, other);
  for (const known of [host, at("on.aws"), `${at("x")}:1`]) assert.ok(mayBeUrlHost(known));
});

test("a path names a URL and what lies below it", () => {
  const below = (path: string) => urlOfPath(path, "us-east-1")?.path;
  assert.equal(below(`/_url/${ID}`), "/");
  assert.equal(below(`/_url/${ID}/`), "/");
  assert.equal(below(`/_url/${ID}/a%2Fb//c`), "/a%2Fb//c");
  assert.equal(urlOfPath(`/_url/${ID}/x`, "us-east-1")?.address.domainName, at("localhost"));
  for (const path of ["/", "/_url", "/_urls/x", `/x/_url/${ID}`]) assert.equal(below(path), undefined, path);
});

test("who reached the region on its own machine gets a host name, everybody else a path", () => {
  const url = (endpoint: string) => functionUrlAt(endpoint, "us-east-1", ID);
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "lambda.us-east-1.localhost"]) {
    assert.equal(url(`http://${host}:4566`), `http://${at("localhost")}:4566/`, host);
  }
  assert.equal(url("http://localhost"), `http://${at("localhost")}/`);
  for (const host of [
    "169.254.100.1:4566",
    "alonzo:4566",
    "lambda.us-east-1.amazonaws.com",
    "[fd00::1]:80",
    "10.0.0.127",
  ]) {
    assert.equal(url(`http://${host}`), `http://${host.replace(":80", "")}/_url/${ID}/`, host);
  }
});

test("what is handed out is what is understood", () => {
  const byHost = new URL(functionUrlAt("http://localhost:1", "us-east-1", ID));
  assert.equal(urlOfHost(byHost.hostname, [])?.urlId, ID);
  const byPath = new URL(functionUrlAt("http://alonzo:1", "us-east-1", ID));
  assert.equal(urlOfPath(byPath.pathname, "us-east-1")?.address.urlId, ID);
});
