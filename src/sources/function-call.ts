/** Calls of a mapping's function: as AWS does it, synchronously and by the service. */
import type { Outcome } from "../execution/outcome.ts";
import type { EventSourceMapping } from "../functions/event-source-mapping.ts";
import { functionArn, type Place } from "../functions/function-name.ts";
import type { Invoker } from "../invocation/invoker.ts";
import { isTraceId, newTraceId } from "../invocation/trace-id.ts";
import { newUuid } from "../state/ids.ts";

/** @param traceIds headers that came with the events @throws InvokeRefusal when the function did not run */
export type FunctionCall = (payload: Buffer, traceIds: readonly string[]) => Promise<Outcome>;

export function functionCall(invoker: Invoker, place: Place, mapping: EventSourceMapping): FunctionCall {
  const { functionName, qualifier } = mapping;
  const invokedFunctionArn = functionArn(place, functionName, qualifier);
  return (payload, traceIds) =>
    invoker.invoke({
      functionName,
      qualifier,
      invocation: { requestId: newUuid(), payload, invokedFunctionArn, traceId: traceOf(traceIds) },
      wantsLogTail: false,
    });
}

/** One of those that came, with preference for one that knows through which functions it came: that ends loops. */
function traceOf(traceIds: readonly string[]): string {
  const known = traceIds.filter(isTraceId);
  return known.find((id) => id.includes("Lineage=")) ?? known[0] ?? newTraceId(Date.now());
}
