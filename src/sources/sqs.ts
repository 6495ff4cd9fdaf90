/** SQS queues as event sources. */
import type { EventSourceMapping } from "../functions/event-source-mapping.ts";
import type { Place } from "../functions/function-name.ts";
import type { Invoker } from "../invocation/invoker.ts";
import { type PolledQueue, type PolledQueues, QueueGone } from "../invocation/polled-queues.ts";
import type { Log } from "../observability/log.ts";
import { functionCall } from "./function-call.ts";
import type { Source } from "./source.ts";
import { SqsPolling } from "./sqs-polling.ts";

export interface SqsSourceOptions {
  readonly queues: PolledQueues;
  readonly invoker: Invoker;
  readonly place: Place;
  readonly log: Log;
}

/** Recorded. */
export const NO_SUCH_QUEUE =
  "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.";

export function sqsSource({ queues, invoker, place, log }: SqsSourceOptions): Source {
  const queueOf = ({ sourceArn = "" }: EventSourceMapping): PolledQueue | undefined => queues.find(sourceArn);
  return {
    refusal: async (mapping, functionTimeoutMs) => {
      try {
        const visibilityMs = await queueOf(mapping)?.visibilityTimeoutMs();
        if (visibilityMs === undefined) return NO_SUCH_QUEUE;
        return visibilityMs < functionTimeoutMs
          ? `Queue visibility timeout: ${visibilityMs / 1000} seconds is less than Function timeout: ${functionTimeoutMs / 1000} seconds`
          : undefined;
      } catch (error) {
        if (error instanceof QueueGone) return NO_SUCH_QUEUE;
        throw error;
      }
    },
    poll: (mapping, onGone) => {
      const queue = queueOf(mapping);
      if (!queue) throw new Error(`${mapping.sourceArn} is not polled`);
      return new SqsPolling({
        mapping,
        queue,
        call: functionCall(invoker, place, mapping),
        log,
        onGone: () => onGone(NO_SUCH_QUEUE),
      });
    },
  };
}
