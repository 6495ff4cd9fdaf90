/** examples/chat: deployed with the unmodified AWS CLI by its own script, and used in two windows of a real browser. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateResourceCommand,
  CreateRestApiCommand,
  PutIntegrationCommand,
  PutMethodCommand,
} from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2Client, CreateApiCommand } from "@aws-sdk/client-apigatewayv2";
import { type Browser, chromium, type Page } from "playwright-core";
import { buildExample } from "../../examples/build.ts";
import { COMPONENTS, findExecutable } from "../../src/cli/machine.ts";
import { permit } from "../api/apigateway/echo-function.ts";
import { TestRegion } from "../test-region.ts";

const DEPLOY = fileURLToPath(new URL("../../examples/chat/deploy.sh", import.meta.url));
const executablePath = COMPONENTS.chromium.find();

function missing(): string | false {
  if (executablePath === undefined) return "Chromium is not installed";
  return findExecutable("aws") === undefined && "the AWS CLI is not installed";
}

describe("behind API Gateway, in a browser", { skip: missing() }, () => {
  let region: TestRegion;
  let browser: Browser;
  before(async () => {
    region = await TestRegion.start("auto");
    // Its own sandbox does not work for root; the pages here are ours.
    browser = await chromium.launch({ executablePath: String(executablePath), args: ["--no-sandbox"] });
  });
  after(async () => {
    await browser?.close();
    await region?.stop();
  });

  async function enter(url: string): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(url);
    await page.getByText("connected", { exact: true }).waitFor();
    return page;
  }

  async function say(page: Page, name: string, text: string): Promise<void> {
    await page.fill("#name", name);
    await page.fill("#text", text);
    await page.click("button");
  }

  it("a chat room lets everyone see what each says, and remembers it", async () => {
    const zip = await buildExample("chat");
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL: region.url,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_PAGER: "",
      AWS_CONFIG_FILE: "/dev/null",
    };
    const { stdout } = await promisify(execFile)("sh", [DEPLOY, zip], { env });
    const url = stdout.trim();
    const ada = await enter(url);
    const bob = await enter(url);
    await say(ada, "Ada", "Grüße <b>!");
    await bob.getByText("Grüße <b>!").waitFor();
    await say(bob, "Bob", "Hello Ada");
    await ada.getByText("Hello Ada").waitFor();
    const late = await enter(url);
    await late.getByText("Hello Ada").waitFor();
    assert.deepEqual(await late.locator("li").allTextContents(), ["Ada: Grüße <b>!", "Bob: Hello Ada"]);
    if (process.env.SCREENSHOT) await late.screenshot({ path: process.env.SCREENSHOT });
    await bob.close();
    await say(ada, "Ada", "Bye Bob");
    await late.getByText("Bye Bob").waitFor();
  });

  it("an Express application works, behind an HTTP API and behind a REST API", async () => {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const to = { endpoint: region.url, region: "us-east-1", credentials };
    const zip = readFileSync(await buildExample("web-app"));
    const name = await region.deploy({ runtime: "nodejs24.x", zip, more: { MemorySize: 512 } });
    const arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
    await permit(region, arn, "*");
    const http = new ApiGatewayV2Client(to);
    const { ApiEndpoint } = await http.send(new CreateApiCommand({ Name: "e", ProtocolType: "HTTP", Target: arn }));
    http.destroy();
    const page = await browser.newPage();
    await page.goto(`${ApiEndpoint}/`);
    assert.equal(await page.textContent("h1"), "Who are you?");
    await page.fill("input", "Möwe");
    await page.click("button");
    await page.getByText("Welcome, Möwe!").waitFor();

    const rest = new APIGatewayClient(to);
    const { id: restApiId, rootResourceId: parentId } = await rest.send(new CreateRestApiCommand({ name: "e" }));
    const { id: resourceId } = await rest.send(
      new CreateResourceCommand({ restApiId, parentId, pathPart: "{proxy+}" }),
    );
    const at = { restApiId, resourceId, httpMethod: "ANY" };
    await rest.send(new PutMethodCommand({ ...at, authorizationType: "NONE" }));
    const uri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;
    await rest.send(new PutIntegrationCommand({ ...at, type: "AWS_PROXY", integrationHttpMethod: "POST", uri }));
    await rest.send(new CreateDeploymentCommand({ restApiId, stageName: "prod" }));
    rest.destroy();
    const { port } = new URL(region.url);
    await page.goto(`http://${restApiId}.execute-api.us-east-1.localhost:${port}/prod/search?tag=a&tag=b`);
    assert.deepEqual(JSON.parse(String(await page.textContent("body"))).query, { tag: ["a", "b"] });
  });
});
