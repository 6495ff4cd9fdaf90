/** From what is sent to the function that runs because of it: until its handler starts, one at a time. */
import { setTimeout as delay } from "node:timers/promises";
import { deployNode } from "./bench-functions.ts";
import type { RegionProcess } from "./region-process.ts";

const PAUSE_MS = 100;
const FIRST_PAUSE_MS = 2000;

/** Logs when it was called for what, in unix ms with fractions: one clock for all processes of the machine. */
const HANDLER = `exports.handler = async (event) => {
  const now = performance.timeOrigin + performance.now();
  const [record] = event.Records ?? [];
  console.log("started", record?.Sns?.Message ?? record?.s3?.object.key ?? event.detail?.n ?? event.n, now);
};`;

export class HandlerStarts {
  readonly arn: string;
  readonly #region: RegionProcess;
  readonly #name: string;

  private constructor(region: RegionProcess, name: string) {
    this.#region = region;
    this.#name = name;
    this.arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  }

  /** @param callers services that may invoke the function, e.g. `sns` */
  static async deploy(region: RegionProcess, name: string, callers: readonly string[]): Promise<HandlerStarts> {
    await deployNode(region, name, HANDLER, "index.handler", 3);
    for (const caller of callers) {
      await region.client.json({
        method: "POST",
        path: `/2015-03-31/functions/${name}/policy`,
        body: { StatementId: caller, Action: "lambda:InvokeFunction", Principal: `${caller}.amazonaws.com` },
      });
    }
    return new HandlerStarts(region, name);
  }

  /**
   * @param kind a word before the number of what is sent
   * @returns ms from the send until the handler started, of each
   */
  async latenciesOf(kind: string, count: number, send: (name: string) => Promise<unknown>): Promise<number[]> {
    const sentMs: number[] = [];
    for (let index = 0; index <= count; index++) {
      sentMs.push(performance.timeOrigin + performance.now());
      await send(`${kind}${index}`);
      // Whoever asked whether it is done would be measured, too.
      await delay(index === 0 ? FIRST_PAUSE_MS : PAUSE_MS);
    }
    const startedMs = await this.untilStarted(`${kind}${count}`);
    // The first starts an environment.
    return sentMs.slice(1).map((sent, index) => (startedMs.get(`${kind}${index + 1}`) ?? Number.NaN) - sent);
  }

  /** @returns unix ms by name, when the last has started */
  async untilStarted(last: string): Promise<ReadonlyMap<string, number>> {
    for (;;) {
      const query = { functionName: this.#name };
      const response = await this.#region.client.send({ method: "GET", path: "/_alonzo/logs", query });
      const starts = (await response.text()).matchAll(/started (\w+) ([\d.]+)/g);
      const startedMs = new Map(Array.from(starts, ([, name = "", ms]) => [name, Number(ms)]));
      if (startedMs.has(last)) return startedMs;
      await delay(100);
    }
  }
}
