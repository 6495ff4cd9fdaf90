/**
 * Entry of the managed Node.js runtimes: /var/runtime/index.cjs, alike for Node 22, 24 and 26. It loads the handler and
 * runs one invocation after another. CommonJS because that starts some milliseconds faster than ES modules.
 */
"use strict";
const { existsSync } = require("node:fs");
const { becomeFunctions } = require("./cell.cjs");
const { installGlobal } = require("./awslambda.cjs");
const { RuntimeApi } = require("./runtime-api.cjs");
const { Log } = require("./log.cjs");
const { loadHandler } = require("./handler.cjs");
const { toPayload, toLogText, UnhandledPromiseRejection } = require("./errors.cjs");
const { Runtime } = require("./runtime.cjs");

const NODE_MAJOR = Number(process.versions.node.split(".")[0]);

const api = new RuntimeApi(process.env);
const cell = process.env.ALONZO_CELL;
if (cell !== undefined) becomeFunctions(Number(cell));
for (const name of Object.keys(process.env)) {
  if (name.startsWith("ALONZO_")) delete process.env[name];
}
const log = new Log(process.env);
log.patchConsole(console);
installGlobal(process.env);
const runtime = new Runtime(api, log, NODE_MAJOR);

/** The process cannot go on: tell the platform why, to whomever waits for an answer, and end. */
function die(title, error, exitStatus) {
  if (runtime.phase === "dying") return;
  log.error(title, error, toLogText(error));
  const payload = toPayload(error);
  const end = () => process.exit(exitStatus);
  if (runtime.phase === "init") api.initError(payload, end);
  else if (runtime.phase === "running") runtime.lastError(payload, end);
  else end();
  runtime.phase = "dying";
}

process.on("uncaughtException", (error) => die("Uncaught Exception", error, 129));
process.on("unhandledRejection", (reason, promise) => {
  die("Unhandled Promise Rejection", new UnhandledPromiseRejection(reason, promise), 128);
});
process.on("beforeExit", () => runtime.eventLoopIsEmpty());

const isPackages = (directory) => directory.endsWith("/node_modules") && existsSync(directory);
const packages = (process.env.NODE_PATH ?? "").split(":").filter(isPackages);
if (packages.length > 0) require("./node-path.cjs").importFrom(packages);

loadHandler(process.env.LAMBDA_TASK_ROOT ?? process.cwd(), process.env._HANDLER ?? "", NODE_MAJOR).then(
  (handler) => runtime.serve(handler),
  (error) => die(NODE_MAJOR >= 24 ? "Init Error" : "Uncaught Exception", error, 1),
);
