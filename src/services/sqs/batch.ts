/** Requests of up to ten entries, each of which succeeds or fails by itself. */
import { ServiceError } from "../../wire/service-error.ts";
import type { SqsFail } from "./sqs-api.ts";

const MOST = 10;
const ID = /^[a-zA-Z0-9_-]{1,80}$/;

export interface BatchFailure {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message: string;
}

interface BatchEntry {
  readonly Id?: string | undefined;
}

/** @param kind the name of the entries' type, for the message @throws ServiceError */
export function checkBatch<Entry extends BatchEntry>(
  fail: SqsFail,
  entries: readonly Entry[] | undefined,
  kind: string,
): readonly (Entry & { readonly Id: string })[] {
  if (!entries || entries.length === 0) {
    return fail("EmptyBatchRequest", `There should be at least one ${kind} in the request.`);
  }
  if (entries.length > MOST) {
    fail(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${MOST}. You have sent ${entries.length}.`,
    );
  }
  const ids = new Set<string>();
  for (const { Id: id = "" } of entries) {
    if (!ID.test(id)) {
      fail(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    }
    if (ids.has(id)) fail("BatchEntryIdsNotDistinct", `Id ${id} repeated.`);
    ids.add(id);
  }
  return entries as readonly (Entry & { readonly Id: string })[];
}

/** Whoever throws a ServiceError for an entry has it fail, and no other. */
export function attempt<Result>(id: string, failed: BatchFailure[], work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    failed.push(failure(id, error));
    return undefined;
  }
}

export const failure = (id: string, { code, fault, message }: ServiceError): BatchFailure => ({
  Id: id,
  SenderFault: fault === "client",
  Code: code,
  Message: message,
});
