/** The process driver keeps the contract, but for the walls it does not have. */
import { ProcessDriver } from "../../src/execution/sandbox/process/driver.ts";
import { sandboxContract } from "./sandbox.contract.ts";

const noLimit = "a plain process has no limit of memory or disk";

sandboxContract("process", () => ProcessDriver.open(), {
  "more memory than the function has is the end of it, told as out of memory": noLimit,
  "files in /tmp are not counted as the function's memory": noLimit,
  "/tmp has the size that was configured": noLimit,
  "code, language and root cannot be written": "a plain process writes where its user may",
  "processes run as sbx_user1051": "a plain process runs as the region's own user",
});
