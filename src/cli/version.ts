/** `alonzo version`: which Alonzo this is, and on which Node it runs. */
import { readFileSync } from "node:fs";
import { print } from "./terminal.ts";

export async function run(): Promise<number> {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  print(`alonzo ${manifest.version} (Node ${process.versions.node}, ${process.platform} ${process.arch})`);
  return 0;
}
