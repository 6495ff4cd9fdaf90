/**
 * Web pages that functions serve, in a real browser: it resolves the URLs' host names itself, keeps their cookies, asks
 * before it sends across origins, and shows what is streamed as it comes.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { buildExample } from "../../examples/build.ts";
import { COMPONENTS } from "../../src/cli/machine.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { publicUrl } from "./function-url-client.ts";

const executablePath = COMPONENTS.chromium.find();

/** A page for scripts of the tests to run in. */
const EMPTY_PAGE = zipOf({
  "index.mjs": `export const handler = async () => ({
    statusCode: 200, headers: { "content-type": "text/html" }, body: "<title>Elsewhere</title>" });`,
});

describe("a browser", { skip: executablePath === undefined && "Chromium is not installed" }, () => {
  let region: TestRegion;
  let browser: Browser;
  let page: Page;
  let zip: Buffer;
  let name: string;
  let url: string;
  before(async () => {
    region = await TestRegion.start("auto");
    zip = await readFile(await buildExample("web-app"));
    name = await region.deploy({ runtime: "nodejs24.x", zip, more: { MemorySize: 512 } });
    url = await publicUrl(region, name);
    // Its own sandbox does not work for root; the pages here are ours.
    browser = await chromium.launch({ executablePath: String(executablePath), args: ["--no-sandbox"] });
    page = await browser.newPage();
  });
  after(async () => {
    await browser?.close();
    await region?.stop();
  });

  it("opens the page of a function, with its files", async () => {
    await page.goto(url);
    assert.equal(await page.textContent("h1"), "Who are you?");
    assert.equal(await page.evaluate(`getComputedStyle(document.querySelector("h1")).color`), "rgb(0, 100, 0)");
    assert.equal(await page.evaluate(`document.querySelector("img").naturalWidth`), 1);
  });

  it("posts a form, follows the redirect, and sends the cookie that it got", async () => {
    await page.goto(url);
    await page.fill("input", "Möwe <b>");
    await page.click("button");
    await page.getByText("Welcome, Möwe <b>!").waitFor();
    assert.equal(page.url(), url);
    const cookies = await page.context().cookies(url);
    const told = cookies.map(({ name, httpOnly }) => ({ name, httpOnly }));
    assert.deepEqual(
      told.toSorted((a, b) => a.name.localeCompare(b.name)),
      [
        { name: "guest", httpOnly: true },
        { name: "visits", httpOnly: false },
      ],
    );
    await page.reload();
    assert.equal(await page.textContent("h1"), "Welcome, Möwe <b>!");
  });

  it("calls a function from a page of another origin when its URL allows that, and not otherwise", async () => {
    const elsewhere = await publicUrl(region, await region.deploy({ runtime: "nodejs24.x", zip: EMPTY_PAGE }));
    const origin = new URL(elsewhere).origin;
    const open = await region.deploy({ runtime: "nodejs24.x", zip, more: { MemorySize: 512 } });
    const allowing = await publicUrl(region, open, {
      Cors: {
        AllowOrigins: [origin],
        AllowMethods: ["PUT"],
        AllowHeaders: ["content-type"],
        ExposeHeaders: ["x-thing"],
        AllowCredentials: true,
        MaxAge: 60,
      },
    });
    await page.goto(elsewhere);
    const put = (target: string) =>
      page.evaluate(`(async () => {
        const answer = await fetch("${target}things/one", {
          method: "PUT",
          credentials: "include",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ a: "ü" }),
        }).catch((error) => ({ error }));
        if (answer.error) return "refused";
        return [answer.status, answer.headers.get("x-thing"), answer.headers.get("etag"), await answer.json()];
      })()`);
    assert.deepEqual(await put(allowing), [201, "one", null, { a: "ü" }]);
    assert.equal(await put(url), "refused");
  });

  it("shows what a function streams while it still runs", async () => {
    const more = { MemorySize: 512, Timeout: 10 };
    const ticks = await region.deploy({ runtime: "nodejs24.x", handler: "stream.handler", zip, more });
    const streaming = await publicUrl(region, ticks, { InvokeMode: "RESPONSE_STREAM" });
    await page.goto(streaming, { waitUntil: "commit" });
    await page.getByText("tick 3").waitFor();
    // The function goes on until its time is up: the page is not whole yet.
    assert.equal(await page.evaluate("document.readyState"), "loading");
    assert.equal(await page.evaluate("document.cookie"), "streamed=yes");
    await page.goto("about:blank");
  });

  it("keeps the pages of functions away from the region itself", async () => {
    await page.goto(url);
    const call = `fetch("${region.url}/2015-03-31/functions/", { headers: { "x-probe": "1" } })
      .then(() => "answered", () => "refused")`;
    assert.equal(await page.evaluate(call), "refused");
    const byPath = `${region.url}/_url/${new URL(url).hostname.slice(0, 32)}/`;
    await page.goto(byPath);
    assert.equal(await page.evaluate("origin"), "null");
    assert.equal(await page.evaluate(call), "refused");
  });
});
