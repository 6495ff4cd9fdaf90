/** What concurrency a function's owner has set, as it is stored (settings `reservedConcurrency`, `provisionedConcurrency`). */

/** Of a function. */
export interface ReservedConcurrency {
  readonly executions: number;
}

/** Of a published version or an alias. */
export interface ProvisionedConcurrency {
  readonly executions: number;
  /** Grows with every Put, so that one that changes nothing still asks anew. */
  readonly generation: number;
  /** ISO 8601 with AWS's offset form */
  readonly lastModified: string;
}
