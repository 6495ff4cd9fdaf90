/** Packages of a layer, as ES modules and as CommonJS, in every Node that is installed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { onlyDocument, run, type Scenario } from "../fake-runtime-api.ts";

const installed = (await Runtimes.discover({ pythonDirectories: [] }))
  .list()
  .filter(({ runtime }) => runtime.startsWith("nodejs"));

const PACKAGE = JSON.stringify({
  name: "dual",
  exports: {
    ".": { import: "./index.mjs", require: "./index.cjs" },
    "./sub": "./sub.mjs",
  },
});
const LAYER = {
  "nodejs/node_modules/dual/package.json": PACKAGE,
  "nodejs/node_modules/dual/index.mjs": "import helper from 'helper'; export default 'module ' + helper;",
  "nodejs/node_modules/dual/index.cjs": "module.exports = 'script';",
  "nodejs/node_modules/dual/sub.mjs": "export default 'sub';",
  "nodejs/node_modules/helper/index.js": "module.exports = 'with helper';",
  "nodejs/node_modules/@scope/name/index.js": "module.exports = 'scoped';",
};

for (const node of installed) {
  const scenario = (code: string, more: Partial<Scenario> = {}): Scenario => ({
    files: { "index.mjs": code },
    layer: LAYER,
    handler: "index.handler",
    ...more,
  });

  describe(`packages of a layer on ${node.runtime}`, () => {
    it("are imported, statically and later, with their own dependencies and subpaths", async () => {
      const code = `import dual from 'dual'; import sub from 'dual/sub'; import scoped from '@scope/name';
        export const handler = async () => [dual, sub, scoped, (await import('helper')).default];`;
      const { answers } = await run(node, scenario(code));
      assert.deepEqual(JSON.parse(answers[0]?.body ?? ""), ["module with helper", "sub", "scoped", "with helper"]);
    });

    it("yield to the function's own", async () => {
      const files = {
        "index.mjs": "import dual from 'dual'; export const handler = async () => dual;",
        "node_modules/dual/index.js": "module.exports = 'own';",
      };
      assert.equal((await run(node, scenario("", { files }))).answers[0]?.body, '"own"');
    });

    it("made for this version of Node come before those for all", async () => {
      const layer = {
        ...LAYER,
        [`nodejs/node${node.version.split(".")[0]}/node_modules/helper/index.js`]: "module.exports = 'for this';",
      };
      const code = "import helper from 'helper'; export const handler = async () => helper;";
      assert.equal((await run(node, scenario(code, { layer }))).answers[0]?.body, '"for this"');
    });

    it("that are not there are told of as without layers", async () => {
      const code = "import nope from 'nope'; export const handler = async () => nope;";
      const told = async (more: Partial<Scenario>) =>
        onlyDocument(await run(node, scenario(code, more))).errorMessage as string;
      const withLayer = await told({});
      assert.match(withLayer, /Cannot find package 'nope' imported from .*\/index\.mjs/);
      assert.equal(
        withLayer.replace(/\S*\/index\.mjs/, ""),
        (await told({ layer: {} })).replace(/\S*\/index\.mjs/, ""),
      );
    });
  });
}
