/** From the handler setting (`dir/file.export.member`) to the function it names, by AWS's order of resolution. */
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");
const { streamingOf } = require("./awslambda.cjs");
const { RuntimeError } = require("./errors.cjs");

// As AWS's runtime is an ES module of this name, `Require stack` ends with it.
const requireFromRuntime = createRequire(path.join(__dirname, "index.mjs"));

/** @returns the module's path without extension, relative to the task root, and the path of the export in it */
function parseHandler(setting) {
  if (setting.includes("..")) {
    throw new RuntimeError(
      "MalformedHandlerName",
      `'${setting}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const slash = setting.lastIndexOf("/") + 1;
  const [, file, exportPath] = /^([^.]*)\.(.*)$/.exec(setting.slice(slash)) ?? [];
  if (!exportPath) throw new RuntimeError("MalformedHandlerName", "Bad handler");
  return { directory: setting.slice(0, slash), file, exportPath };
}

/** Whether the nearest package.json at or above a directory says `"type": "module"`. */
function isModulePackage(directory) {
  for (let current = directory; ; current = path.dirname(current)) {
    if (path.basename(current) === "node_modules") return false;
    const manifest = path.join(current, "package.json");
    if (fs.existsSync(manifest)) {
      try {
        return JSON.parse(fs.readFileSync(manifest, "utf8")).type === "module";
      } catch {
        return false;
      }
    }
    if (current === path.dirname(current)) return false;
  }
}

function importModule(file) {
  return import(pathToFileURL(file).href);
}

async function loadModule(taskRoot, directory, file) {
  const base = path.resolve(taskRoot, directory, file);
  if (isFile(base)) return requireFromRuntime(base);
  const js = `${base}.js`;
  if (isFile(js)) return isModulePackage(path.dirname(js)) ? importModule(js) : requireFromRuntime(js);
  if (isFile(`${base}.mjs`)) return importModule(`${base}.mjs`);
  if (isFile(`${base}.cjs`)) return requireFromRuntime(`${base}.cjs`);
  const paths = [taskRoot, path.resolve(taskRoot, directory)];
  return requireFromRuntime(requireFromRuntime.resolve(directory + file, { paths }));
}

function isFile(name) {
  return fs.statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

/**
 * @param {string} taskRoot directory of the function's code
 * @param {string} setting the handler setting
 * @param {number} nodeMajor from 24 on, handlers with a callback parameter are refused as in AWS
 */
async function loadHandler(taskRoot, setting, nodeMajor) {
  const { directory, file, exportPath } = parseHandler(setting);
  let loaded;
  try {
    loaded = await loadModule(taskRoot, directory, file);
  } catch (error) {
    if (error instanceof SyntaxError) {
      // The stack of a syntax error is what shows the line.
      throw Object.assign(new RuntimeError("UserCodeSyntaxError", String(error)), { stack: error.stack });
    }
    if (error?.code === "MODULE_NOT_FOUND") throw new RuntimeError("ImportModuleError", String(error));
    throw error;
  }
  const handler = exportPath.split(".").reduce((value, name) => value?.[name], loaded);
  if (handler === undefined || handler === null) {
    throw new RuntimeError("HandlerNotFound", `${setting} is undefined or not exported`);
  }
  if (typeof handler !== "function") throw new RuntimeError("HandlerNotFound", `${setting} is not a function`);
  // A handler that streams has three parameters and no callback.
  const isStreaming = streamingOf(handler) !== undefined;
  if (nodeMajor >= 24 && handler.length >= 3 && !isStreaming) {
    throw new RuntimeError(
      "CallbackHandlerDeprecated",
      "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.",
    );
  }
  return handler;
}

module.exports = { loadHandler };
