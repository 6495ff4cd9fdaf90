import assert from "node:assert/strict";
import { test } from "node:test";
import { ANY, PathTree } from "./path-tree.ts";

function treeOf(...keys: readonly string[]): PathTree<string> {
  const tree = new PathTree<string>();
  for (const key of keys) {
    const [method = "", template = ""] = key.split(" ");
    tree.add(method, template, key);
  }
  return tree;
}

test("prefers literal parts to parameters, and these to a greedy one", () => {
  const tree = treeOf("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}");
  assert.equal(tree.find("GET", "/pets/dog/1")?.value, "GET /pets/dog/1");
  assert.deepEqual(tree.find("GET", "/pets/dog/2"), { value: "GET /pets/dog/{id}", parameters: { id: "2" } });
  assert.deepEqual(tree.find("GET", "/pets/cat/3/x"), {
    value: "GET /pets/{proxy+}",
    parameters: { proxy: "cat/3/x" },
  });
  assert.deepEqual(tree.find("POST", "/a/b"), { value: "ANY /{proxy+}", parameters: { proxy: "a/b" } });
});

test("goes back to a less specific template that has the method", () => {
  const tree = treeOf("POST /pets/dog", "GET /pets/{id}", "ANY /pets/dog/x");
  assert.equal(tree.find("GET", "/pets/dog")?.value, "GET /pets/{id}");
  assert.equal(tree.find("PUT", "/pets/dog"), undefined);
  assert.ok(tree.has("/pets/dog"));
  assert.equal(tree.has("/birds"), false);
});

test("prefers a method of its own to ANY", () => {
  const tree = treeOf(`${ANY} /x`, "GET /x");
  assert.equal(tree.find("GET", "/x")?.value, "GET /x");
  assert.equal(tree.find("PATCH", "/x")?.value, "ANY /x");
});

test("has a parameter take something, and templates that differ only in names keep their own", () => {
  const tree = treeOf("GET /a/{one}", "PUT /a/{two}", "GET /b/{all+}", "GET /");
  assert.equal(tree.find("GET", "/a/"), undefined);
  assert.equal(tree.find("GET", "/b/"), undefined);
  assert.equal(tree.find("GET", "/b"), undefined);
  assert.equal(tree.find("GET", "/")?.value, "GET /");
  assert.deepEqual(tree.find("GET", "/a/1")?.parameters, { one: "1" });
  assert.deepEqual(tree.find("PUT", "/a/1")?.parameters, { two: "1" });
});
