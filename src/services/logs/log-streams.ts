/** Operations on log streams: create, describe, delete. */
import type { StreamPlace, StreamRecord } from "./log-streams-table.ts";
import { findGroup, groupArn, identifiedGroup, type LogsHandlers, type LogsParts, streamMissing } from "./logs-api.ts";
import { pageOf, readToken, writeToken } from "./page-token.ts";
import { sequenceToken } from "./put-log-events.ts";

const DEFAULT_PAGE = 50;

export function logStreamHandlers(parts: LogsParts) {
  const { place, clock, fail, store, streams } = parts;

  const described = (logGroup: string, stream: StreamRecord) => ({
    logStreamName: stream.name,
    creationTime: stream.createdMs,
    ...(stream.firstMs !== undefined && { firstEventTimestamp: stream.firstMs }),
    ...(stream.lastMs !== undefined && { lastEventTimestamp: stream.lastMs }),
    ...(stream.ingestionMs !== undefined && { lastIngestionTime: stream.ingestionMs }),
    uploadSequenceToken: sequenceToken(stream.ingestionMs ?? stream.createdMs),
    arn: `${groupArn(place, logGroup)}:log-stream:${stream.name}`,
    storedBytes: 0,
  });

  return {
    async CreateLogStream({ logGroupName, logStreamName }) {
      const { name } = await findGroup(parts, logGroupName);
      if (!(await streams.create(name, logStreamName, clock.now()))) {
        fail("ResourceAlreadyExistsException", "The specified log stream already exists");
      }
      return {};
    },

    async DeleteLogStream({ logGroupName, logStreamName }) {
      const { name } = await findGroup(parts, logGroupName);
      await store.flush();
      if (!streams.find(name, logStreamName)) streamMissing(fail);
      await store.removeStream(name, logStreamName);
      await streams.remove(name, logStreamName);
      return {};
    },

    async DescribeLogStreams(input) {
      const { name } = await identifiedGroup(parts, input);
      await store.flush();
      const { logStreamNamePrefix: prefix, orderBy, descending: isDescending = false, limit = DEFAULT_PAGE } = input;
      const byTime = orderBy === "LastEventTime";
      if (byTime && prefix !== undefined) {
        fail("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.");
      }
      const question = ["DescribeLogStreams", name, prefix, byTime, isDescending];
      const after = readToken<StreamPlace>(fail, question, input.nextToken);
      const page = pageOf(streams.list(name, { prefix, byTime, isDescending, after, limit: limit + 1 }), limit);
      const { last } = page;
      return {
        logStreams: page.items.map((stream) => described(name, stream)),
        ...(last && { nextToken: writeToken(question, { name: last.name, lastMs: last.lastMs ?? 0 }) }),
      };
    },
  } satisfies LogsHandlers;
}
