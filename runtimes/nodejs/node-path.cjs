/**
 * Lets `import` find packages in the directories of NODE_PATH, a layer's above all: Node itself looks there for `require`
 * only, AWS's runtimes from Node.js 18 on for both.
 */
"use strict";
const { registerHooks } = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

/** A name that is looked for in packages: no path, no URL, nothing of a package's own. */
const BARE = /^(?![./#]|[a-z][a-z0-9+.-]*:)/i;

/** @param {string[]} directories called `node_modules`, first one first */
function importFrom(directories) {
  // Node looks for packages beside the module that asks: so ask in the name of one that stands there.
  const parents = directories.map((directory) => pathToFileURL(path.join(path.dirname(directory), "index.mjs")).href);
  registerHooks({
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (error?.code !== "ERR_MODULE_NOT_FOUND" || !BARE.test(specifier)) throw error;
        for (const parentURL of parents) {
          try {
            return nextResolve(specifier, { ...context, parentURL });
          } catch (notThere) {
            if (notThere?.code !== "ERR_MODULE_NOT_FOUND") throw notThere;
          }
        }
        throw error;
      }
    },
  });
}

module.exports = { importFrom };
