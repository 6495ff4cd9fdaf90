/** Where things are inside a sandbox: the same in each, whoever makes it. */
import { join } from "node:path";
import type { SandboxPlace } from "../sandbox.ts";
import { OWN_DIRECTORY } from "./rootfs.ts";

export const RUNTIME_API_PORT = 9001;
export const REGION_PORT = 4566;
/** In the sandbox's own directory. */
export const RUNTIME_API_SOCKET = "runtime-api.sock";

/** @param address where the Runtime API and the region listen inside */
export function placeAt(address: string): Omit<Required<SandboxPlace>, "id"> {
  return {
    paths: { task: "/var/task", runtime: "/var/runtime", language: "/var/lang", layers: "/opt", temporary: "/tmp" },
    runtimeApiAddress: `${address}:${RUNTIME_API_PORT}`,
    runtimeApiSocketPath: join(OWN_DIRECTORY, RUNTIME_API_SOCKET),
    regionEndpoint: `http://${address}:${REGION_PORT}`,
  };
}
