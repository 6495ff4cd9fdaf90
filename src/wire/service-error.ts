/**
 * The caller's error, AWS-shaped. One of the three kinds of trouble that never mix: a function that fails is an
 * Outcome, a fault of ours is any other exception. Made only by a service's `fail` (status and code come from its
 * model) or by the common errors of common-errors.ts.
 */
export class ServiceError extends Error {
  /** Wire code, e.g. ResourceNotFoundException. */
  readonly code: string;
  readonly status: number;
  readonly fault: "client" | "server";
  /** Further modelled members, e.g. `Type` or `Reason`. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Headers of its answer that no model binds. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(init: {
    code: string;
    status: number;
    fault: "client" | "server";
    message: string;
    members?: Readonly<Record<string, unknown>>;
    headers?: Readonly<Record<string, string>>;
    cause?: unknown;
  }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = init.code;
    this.code = init.code;
    this.status = init.status;
    this.fault = init.fault;
    this.members = init.members ?? {};
    this.headers = init.headers ?? {};
  }
}
