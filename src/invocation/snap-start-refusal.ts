/** What callers of versions with SnapStart are told when there is no environment for them, in AWS's words (API reference of Invoke). */
import type { RestoreError } from "../execution/restore-error.ts";
import { InvokeRefusal } from "./refusal.ts";

export function snapshotPending(): InvokeRefusal {
  return new InvokeRefusal(
    "SnapStartNotReadyException",
    "Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE.",
    { Type: "User" },
  );
}

export function restoreFailed({ kind }: RestoreError): InvokeRefusal {
  if (kind === "timeout") {
    return new InvokeRefusal(
      "SnapStartTimeoutException",
      "Lambda couldn't restore the snapshot within the timeout limit.",
      { Type: "User" },
    );
  }
  return new InvokeRefusal(
    "SnapStartException",
    "The afterRestore() runtime hook encountered an error. For more information, check the Amazon CloudWatch logs.",
    { Type: "User" },
  );
}
