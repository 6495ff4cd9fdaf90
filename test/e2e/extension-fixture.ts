/** Layers with external extensions for tests, and what functions with them wrote to their logs. */
import { PublishLayerVersionCommand } from "@aws-sdk/client-lambda";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { zipOfEntries } from "../api/lambda/zip.ts";
import type { TestRegion } from "../test-region.ts";

/** What every extension of these tests begins with. `on(event)` of the body is called with each event until SHUTDOWN. */
const CLIENT = `#!/usr/bin/env node
const fs = require("node:fs");
const http = require("node:http");
const name = require("node:path").basename(__filename);
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
// Not fetch, which gives a long poll up.
const call = (method, path, headers = {}, body = "") => new Promise((resolve, reject) => {
  const request = http.request({ host, port, method, path: "/2020-01-01/extension/" + path, headers }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => { text += chunk; });
    answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
  });
  request.on("error", reject);
  request.end(body);
});
const log = (...words) => fs.writeSync(1, words.join(" ") + "\\n");
const register = async (events, headers = {}) => {
  const answer = await call("POST", "register", { "lambda-extension-name": name, ...headers }, JSON.stringify({ events }));
  return { ...answer, id: { "lambda-extension-identifier": answer.headers["lambda-extension-identifier"] } };
};
const next = async (id) => JSON.parse((await call("GET", "event/next", id)).text);
const serve = async (id, on = () => {}) => {
  for (;;) {
    const event = await next(id);
    log(name, JSON.stringify(event));
    await on(event);
    if (event.eventType === "SHUTDOWN") process.exit(0);
  }
};
`;

/** An extension in JavaScript. In the body: name, call, log, register, next, serve. */
export function extension(body: string): string {
  return `${CLIENT}(async () => { ${body} })();\n`;
}

/** Knows of everything and does nothing. */
export const WATCHER = extension(`const { id } = await register(["INVOKE", "SHUTDOWN"]); await serve(id);`);

let layers = 0;

/** @param files content by name; @returns the layer's ARN */
export async function publishExtensions(
  region: TestRegion,
  files: Readonly<Record<string, string | Uint8Array>>,
  mode = 0o100755,
): Promise<string> {
  const entries = Object.entries(files).map(([name, content]) => ({ name: `extensions/${name}`, content, mode }));
  return publishLayer(region, zipOfEntries(entries));
}

export async function publishLayer(region: TestRegion, ZipFile: Uint8Array): Promise<string> {
  layers += 1;
  const input = { LayerName: `extensions-${layers}`, Content: { ZipFile } };
  return String((await region.lambda.send(new PublishLayerVersionCommand(input))).LayerVersionArn);
}

/** All that a function's log holds, once it holds what is looked for. */
export async function logOnce(region: TestRegion, functionName: string, pattern: RegExp): Promise<string> {
  const url = `${region.url}/_alonzo/logs?functionName=${functionName}`;
  for (;;) {
    const answer = await fetch(url, { headers: await signHeaders("GET", url, {}, "") });
    const lines = (await answer.text()).split("\n").filter((line) => line !== "");
    const text = lines.map((line) => (JSON.parse(line) as { message: string }).message).join("");
    if (pattern.test(text)) return text;
  }
}
