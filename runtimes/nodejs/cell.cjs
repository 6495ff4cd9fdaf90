/**
 * A runtime that was started ahead waits here, after everything that is the same for every function, until it is told for
 * which one it is to go on. From then on it is as if it had been started for that function.
 */
"use strict";
const fs = require("node:fs");

/** Blocks, so that nothing else goes on meanwhile. @param {number} descriptor read end of a pipe, closed afterwards */
function becomeFunctions(descriptor) {
  const text = readAll(descriptor);
  fs.closeSync(descriptor);
  // It was given up.
  if (text === "") process.exit(0);
  const { environment, workingDirectory } = JSON.parse(text);
  const { env } = process;
  for (const name of Object.keys(env)) if (!Object.hasOwn(environment, name)) delete env[name];
  for (const name of Object.keys(environment)) if (env[name] !== environment[name]) env[name] = environment[name];
  // Not the same directory as before under this name: the code has been mounted over it.
  process.chdir(workingDirectory);
}

function readAll(descriptor) {
  const chunks = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const length = fs.readSync(descriptor, chunk);
    if (length === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(chunk.subarray(0, length));
  }
}

module.exports = { becomeFunctions };
