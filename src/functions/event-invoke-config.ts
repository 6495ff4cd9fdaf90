/** How asynchronous invocations by one qualifier of a function are retried, and where their results go. */

export interface EventInvokeConfig {
  /** 0..2 */
  readonly maximumRetryAttempts?: number;
  /** 60..21600 */
  readonly maximumEventAgeSeconds?: number;
  /** ARN that the record of a success goes to. */
  readonly onSuccess?: string;
  /** ARN that the record of a failure goes to. */
  readonly onFailure?: string;
  /** Unix ms */
  readonly lastModifiedMs: number;
}

export const DEFAULT_RETRY_ATTEMPTS = 2;
export const DEFAULT_EVENT_AGE_SECONDS = 21_600;
