/** The server as its users start it, but for one thing: idle environments are never frozen. What freezing costs is measured by it. */
import { Freezer } from "../src/execution/freezer.ts";

Freezer.prototype.cool = () => {};
await import("../src/main.ts");
