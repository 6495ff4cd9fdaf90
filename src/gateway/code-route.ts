/** `GET /_alonzo/code/<hex sha-256>`: the deployment package behind GetFunction's Code.Location, by presigned URL only. */
import type { CodeStore } from "../functions/code-store.ts";
import type { AdminRoute } from "./gateway.ts";
import { refusal } from "./refusal.ts";

const PREFIX = "/_alonzo/code/";

/** Path of the package; presign it. */
export function codePath(codeSha256: string): string {
  return PREFIX + Buffer.from(codeSha256, "base64").toString("hex");
}

export function codeRoute(code: CodeStore): AdminRoute {
  return {
    method: "GET",
    prefix: PREFIX,
    signed: true,
    async handle(request) {
      const hex = request.path.slice(PREFIX.length);
      const codeSha256 = Buffer.from(hex, "hex").toString("base64");
      const size = /^[0-9a-f]{64}$/.test(hex) ? await code.size(codeSha256) : undefined;
      if (size === undefined) throw refusal("ResourceNotFoundException", "The specified key does not exist.");
      return {
        status: 200,
        headers: { "content-type": "application/zip", "content-length": String(size) },
        body: code.open(codeSha256),
      };
    },
  };
}
