import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, resolveConfig } from "./config.ts";

const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConfigError, String(error));
  assert.match(error.message, message);
  return true;
};

test("a flag wins over a variable, a variable over the default", () => {
  assert.equal(resolveConfig({}, {}).port, 4566);
  assert.equal(resolveConfig({}, { ALONZO_PORT: "1" }).port, 1);
  assert.equal(resolveConfig({ port: "2" }, { ALONZO_PORT: "1" }).port, 2);
});

test("an empty variable is as if it were not set, an empty flag is refused", () => {
  const config = resolveConfig({}, { ALONZO_PORT: "", ALONZO_DATA_DIR: "", ALONZO_SECRET_ACCESS_KEY: "" });
  assert.equal(config.port, 4566);
  assert.match(config.dataDir, /\.alonzo$/);
  assert.equal(config.secretAccessKey, "test");
  assert.throws(() => resolveConfig({ "data-dir": "" }, {}), refused(/^--data-dir must not be empty$/));
  assert.throws(() => resolveConfig({ "secret-access-key": "" }, {}), refused(/must not be empty/));
});

test("functions are allowed no action where the list of actions is empty", () => {
  assert.deepEqual(resolveConfig({}, { ALONZO_EXECUTION_ROLE_ACTIONS: "" }).executionRoleActions, []);
  assert.deepEqual(resolveConfig({ "execution-role-actions": "" }, {}).executionRoleActions, []);
});

test("no key that everybody knows, nor an empty one, is served beyond loopback", () => {
  const beyond = { ALONZO_HOST: "0.0.0.0", ALONZO_ACCESS_KEY_ID: "mine" };
  assert.throws(() => resolveConfig({}, beyond), refused(/well-known key/));
  assert.throws(() => resolveConfig({}, { ...beyond, ALONZO_SECRET_ACCESS_KEY: "" }), refused(/well-known key/));
  assert.equal(resolveConfig({}, { ...beyond, ALONZO_SECRET_ACCESS_KEY: "secret" }).host, "0.0.0.0");
});

test("host names and web origins are lists, checked and in the spelling of browsers", () => {
  const config = resolveConfig(
    { "host-names": "Alonzo.Example.org, other" },
    { ALONZO_ALLOWED_ORIGINS: "https://Console.example.org/,http://10.0.0.1:8080" },
  );
  assert.deepEqual(config.hostNames, ["alonzo.example.org", "other"]);
  assert.deepEqual(config.allowedOrigins, ["https://console.example.org", "http://10.0.0.1:8080"]);
  assert.deepEqual(resolveConfig({ "host-names": "" }, {}).hostNames, []);
  for (const wrong of ["a:4566", "*", "http://a", "a..b"]) {
    assert.throws(() => resolveConfig({ "host-names": wrong }, {}), refused(/is not a host name/));
  }
  for (const wrong of ["*", "example.org", "https://a/path", "ftp://a", "https://u@a"]) {
    assert.throws(() => resolveConfig({ "allowed-origins": wrong }, {}), refused(/is not a web origin/));
  }
});
