/** What became of asynchronous invocations since the region started, under the names of Lambda's metrics in lower case. */
export class EventCounters {
  /** AsyncEventsReceived */
  received = 0;
  succeeded = 0;
  /** Attempts that failed and were put off. */
  retried = 0;
  /** Attempts that could not run the function: throttled, or a fault of ours. */
  refused = 0;
  /** AsyncEventsDropped: given up, whether or not their record went somewhere. */
  dropped = 0;
  /** RecursiveInvocationsDropped, among the dropped. */
  recursive = 0;
  delivered = 0;
  /** DestinationDeliveryFailures */
  destinationDeliveryFailures = 0;
  /** DeadLetterErrors */
  deadLetterErrors = 0;
}
