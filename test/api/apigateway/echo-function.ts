/** For tests: a function that tells what it was asked, or does what a request's header `x-do` says. */
import { AddPermissionCommand } from "@aws-sdk/client-lambda";
import type { TestRegion } from "../../test-region.ts";
import { zipOf } from "../lambda/zip.ts";

const CODE = `
const answers = {
  infer: () => ({ hello: "world", n: 1 }),
  text: () => "plain",
  malformed: () => ({ statusCode: "many" }),
  object: () => ({ statusCode: 200, body: { a: 1 } }),
  throw: () => { throw new Error("no"); },
  binary: () => ({ statusCode: 200, headers: { "content-type": "image/png" }, body: "iVBORw==", isBase64Encoded: true }),
  cookies: () => ({ statusCode: 201, cookies: ["a=1; Secure", "b=2"], headers: { "x-one": "1" }, body: "ok" }),
  lists: () => ({ statusCode: 200, headers: { "x-one": "1", "x-two": "old" }, multiValueHeaders: { "X-Two": ["a", "b"] }, body: "ok" }),
  cors: () => ({ statusCode: 200, headers: { "access-control-allow-origin": "https://evil.example" }, body: "" }),
  slow: () => new Promise((resolve) => setTimeout(() => resolve({ statusCode: 200, body: "late" }), 20_000)),
};
export const handler = (event) => {
  const headers = event.headers ?? {};
  const what = headers["x-do"] ?? headers["X-Do"];
  if (answers[what]) return answers[what]();
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(event) };
};`;

/** @returns its ARN */
export async function deployEcho(region: TestRegion, code = CODE): Promise<string> {
  const name = await region.deploy({ runtime: "nodejs24.x", zip: zipOf({ "index.mjs": code }) });
  return `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
}

/** Let an API call it. @param source what is below `arn:aws:execute-api:us-east-1:000000000000:`, e.g. `abc/*` */
export async function permit(region: TestRegion, arn: string, source: string, StatementId = "api"): Promise<void> {
  await region.lambda.send(
    new AddPermissionCommand({
      FunctionName: arn,
      StatementId,
      Action: "lambda:InvokeFunction",
      Principal: "apigateway.amazonaws.com",
      SourceArn: `arn:aws:execute-api:us-east-1:000000000000:${source}`,
    }),
  );
}
