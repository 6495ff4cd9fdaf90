/** Warm invokes, signed, 1 KB, at concurrency 1 and 16, taken in turns with a bare node:http echo of the same body. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { deployEcho, NODE } from "./bench-functions.ts";
import { invokeRequest, PAYLOAD, rawRequest } from "./prepared-request.ts";
import type { RegionProcess } from "./region-process.ts";
import { type Contender, type LoadFigures, type TurnsPlan, takeTurns } from "./turns.ts";

export type WarmFigures = LoadFigures<"echo" | "invoke">;

/** The baseline, to be killed when it is not needed any more. */
export async function startEcho(): Promise<{ readonly child: ChildProcess; readonly contender: Contender<"echo"> }> {
  const child = fork(join(import.meta.dirname, "echo-server.ts"));
  const [port] = (await once(child, "message")) as [number];
  const request = rawRequest("POST", "/", { host: "127.0.0.1", "content-type": "application/json" }, PAYLOAD);
  const url = `http://127.0.0.1:${port}`;
  return { child, contender: { server: "echo", pid: child.pid as number, url, request } };
}

/** A region with the smallest function, which it is asked for. */
export async function invokeContender<Name extends string>(
  region: RegionProcess,
  server: Name,
): Promise<Contender<Name>> {
  const name = "bench-warm";
  await deployEcho(region, NODE, name);
  return { server, pid: region.pid, url: region.target.endpoint, request: await invokeRequest(region, name) };
}

export async function measureWarmInvoke(region: RegionProcess, plan: TurnsPlan): Promise<WarmFigures[]> {
  const invoke = await invokeContender(region, "invoke");
  const echo = await startEcho();
  try {
    const figures: WarmFigures[] = [];
    for (const concurrency of [1, 16]) figures.push(...(await takeTurns([echo.contender, invoke], concurrency, plan)));
    return figures;
  } finally {
    echo.child.kill();
  }
}
