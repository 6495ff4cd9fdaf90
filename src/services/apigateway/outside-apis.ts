/**
 * APIs in which an execution role had a hand, once and for ever: what they call is not on this machine. The whole API
 * counts, since an address is put together from integrations, stage variables and paths.
 */
import type { Handlers } from "../../wire/handlers.ts";
import type { CallContext } from "../../wire/service.ts";
import type { Records } from "./records.ts";

const MARK = "outside";

export const isOutside = (records: Records, apiId: string): boolean => records.get(apiId, MARK, "") !== undefined;

type AnyHandler = (input: never, call: CallContext) => unknown;

/** The handlers, which mark what they change for execution roles. */
export function markingRoles<M>(handlers: Handlers<M>, records: Records): Handlers<M> {
  const marking = Object.entries(handlers).map(([name, handler]) => [name, marked(handler as AnyHandler, records)]);
  return Object.fromEntries(marking) as Handlers<M>;
}

const marked =
  (handler: AnyHandler, records: Records): AnyHandler =>
  (input, call) =>
    call.principal.kind === "administrator"
      ? handler(input, call)
      : records.changeMarked(MARK, () => handler(input, call));
