/** When a function or an alias may be changed: the revision is the caller's, and nothing else is under way. */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { LambdaFail } from "./lambda-api.ts";

/** @throws PreconditionFailedException when the caller knows another revision; no revision given means any */
export function checkRevision(
  fail: LambdaFail,
  current: { readonly revisionId: string },
  revisionId: string | undefined,
): void {
  if (revisionId === undefined || revisionId === current.revisionId) return;
  fail(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
  );
}

/** @throws ResourceConflictException while the function is being created or updated */
export function checkSettled(fail: LambdaFail, latest: FunctionVersion): void {
  if (latest.state === "Pending") {
    fail(
      "ResourceConflictException",
      "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    );
  }
  if (latest.lastUpdateStatus === "InProgress") failUpdating(fail, latest);
}

/** @throws ResourceConflictException always: another update got in between */
export function failUpdating(fail: LambdaFail, latest: FunctionVersion): never {
  return fail(
    "ResourceConflictException",
    `The operation cannot be performed at this time. An update is in progress for resource: ${latest.functionArn}`,
  );
}
