/** Code from objects, for those who may read the object. */
import { type CodeObject, CodeObjectRefusal, type CodeObjects } from "../functions/code-objects.ts";
import type { Principal } from "../wire/service.ts";

export type ReadCodeObject = (object: CodeObject, limit: number, principal: Principal) => Promise<Buffer>;

/** @param objects undefined: there are none in this region @param mayDo what callers may do by who they are */
export function codeReader(
  objects: CodeObjects | undefined,
  mayDo: (principal: Principal, action: string, resource: string) => boolean,
): ReadCodeObject {
  return async (object, limit, principal) => {
    const action = object.versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
    if (!objects || !mayDo(principal, action, `arn:aws:s3:::${object.bucket}/${object.key}`)) {
      throw new CodeObjectRefusal("AccessDenied", "Access Denied");
    }
    return objects.read(object, limit);
  };
}
