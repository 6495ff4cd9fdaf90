/** `npm run compatibility`: writes docs/compatibility.md. A test fails when the committed file is not up to date. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compatibilityTable } from "./compatibility-table.ts";

writeFileSync(join(import.meta.dirname, "..", "docs", "compatibility.md"), await compatibilityTable());
