/** Why an invocation was not even started. Not an Outcome (the function never ran): the gateway answers it as an error. */
export type RefusalCode =
  | "InvalidParameterValueException"
  | "NoPublishedVersionException"
  | "RecursiveInvocationException"
  | "ResourceNotFoundException"
  | "ResourceConflictException"
  | "ResourceNotReadyException"
  | "TooManyRequestsException"
  | "ServiceException"
  | "SnapStartException"
  | "SnapStartNotReadyException"
  | "SnapStartTimeoutException";

export class InvokeRefusal extends Error {
  readonly code: RefusalCode;
  /** Modelled members of the error, e.g. `Reason`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: RefusalCode, message: string, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.members = members;
  }
}
