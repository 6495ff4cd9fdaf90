/** Runs the program on the Node that package.json pins, when it was started by another that is too old for it. */
import { existsSync } from "node:fs";

const NEEDED_MAJOR = 26;

/** Replaces this process by the pinned Node, or ends it with advice; returns when this Node will do. */
export function continueOnPinnedNode(): void {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) return;
  const name = `node-${process.platform}-${process.arch}`;
  const pinned = new URL(`../../node_modules/${name}/bin/node`, import.meta.url).pathname;
  if (existsSync(pinned) && process.execve !== undefined) {
    process.execve(pinned, [pinned, "--disable-warning=ExperimentalWarning", ...process.argv.slice(1)]);
  }
  process.stderr.write(
    `alonzo needs Node ${NEEDED_MAJOR}, this is ${process.version}. In a checkout, npm ci brings it.\n`,
  );
  process.exit(2);
}
