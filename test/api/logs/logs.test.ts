/** CloudWatch Logs through the AWS SDK: groups, streams, events by time, tags, filters. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as sdk from "@aws-sdk/client-cloudwatch-logs";
import { TestRegion } from "../../test-region.ts";
import { filtered, given, logsClient, put } from "./client.ts";

const ARN = "arn:aws:logs:us-east-1:000000000000:log-group:";

let region: TestRegion;
let logs: sdk.CloudWatchLogsClient;
before(async () => {
  region = await TestRegion.start();
  logs = logsClient(region);
});
after(() => region.stop());

const refused = (promise: Promise<unknown>, name: string, message: string | RegExp) =>
  assert.rejects(promise, (error: Error) => {
    assert.equal(error.name, name, error.message);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });

test("a group is created once, described, tagged by both APIs and deleted", async () => {
  const logGroupName = "/groups/one";
  await logs.send(new sdk.CreateLogGroupCommand({ logGroupName, tags: { a: "1" } }));
  const exists = "The specified log group already exists";
  await refused(logs.send(new sdk.CreateLogGroupCommand({ logGroupName })), "ResourceAlreadyExistsException", exists);
  await logs.send(new sdk.CreateLogGroupCommand({ logGroupName: "/groups/two" }));
  const { logGroups = [] } = await logs.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePrefix: "/groups/" }));
  assert.deepEqual(
    logGroups.map((group) => [
      group.logGroupName,
      group.arn,
      group.logGroupArn,
      group.storedBytes,
      group.metricFilterCount,
    ]),
    [
      ["/groups/one", `${ARN}/groups/one:*`, `${ARN}/groups/one`, 0, 0],
      ["/groups/two", `${ARN}/groups/two:*`, `${ARN}/groups/two`, 0, 0],
    ],
  );
  const byPart = await logs.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePattern: "ps/tw" }));
  assert.deepEqual(
    byPart.logGroups?.map((group) => group.logGroupName),
    ["/groups/two"],
  );
  const first = await logs.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePrefix: "/groups/", limit: 1 }));
  const rest = { logGroupNamePrefix: "/groups/", limit: 1, nextToken: first.nextToken };
  const second = await logs.send(new sdk.DescribeLogGroupsCommand(rest));
  assert.deepEqual([second.logGroups?.[0]?.logGroupName, second.nextToken], ["/groups/two", undefined]);
  const listed = await logs.send(new sdk.ListLogGroupsCommand({ logGroupNamePattern: "^/groups/" }));
  assert.equal(listed.logGroups?.length, 2);

  await logs.send(new sdk.TagLogGroupCommand({ logGroupName, tags: { b: "2" } }));
  await logs.send(new sdk.TagResourceCommand({ resourceArn: `${ARN}${logGroupName}`, tags: { c: "3" } }));
  await logs.send(new sdk.UntagLogGroupCommand({ logGroupName, tags: ["a"] }));
  const tags = { b: "2", c: "3" };
  assert.deepEqual((await logs.send(new sdk.ListTagsLogGroupCommand({ logGroupName }))).tags, tags);
  const byArn = await logs.send(new sdk.ListTagsForResourceCommand({ resourceArn: `${ARN}${logGroupName}` }));
  assert.deepEqual(byArn.tags, tags);

  await logs.send(new sdk.DeleteLogGroupCommand({ logGroupName }));
  const missing = "The specified log group does not exist.";
  await refused(logs.send(new sdk.DeleteLogGroupCommand({ logGroupName })), "ResourceNotFoundException", missing);
});

test("what breaks the model is an InvalidParameterException", async () => {
  const pattern = /^1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint/;
  await refused(
    logs.send(new sdk.CreateLogGroupCommand({ logGroupName: "a b" })),
    "InvalidParameterException",
    pattern,
  );
  const days = { logGroupName: "any", retentionInDays: 2 };
  await logs.send(new sdk.CreateLogGroupCommand({ logGroupName: "any" }));
  const values =
    /Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: \[1, 3,/;
  await refused(logs.send(new sdk.PutRetentionPolicyCommand(days)), "InvalidParameterException", values);
});

test("a batch must be in order, within a day and a megabyte, and says what it left out", async () => {
  await given(logs, "batches", "s");
  const now = Date.now();
  const day = 86_400_000;
  const order = "Log events in a single PutLogEvents request must be in chronological order.";
  await refused(
    put(logs, "batches", "s", [
      [now, "a"],
      [now - 1, "b"],
    ]),
    "InvalidParameterException",
    order,
  );
  const span = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
  await refused(
    put(logs, "batches", "s", [
      [now - day - 1, "a"],
      [now, "b"],
    ]),
    "InvalidParameterException",
    span,
  );
  const large = "Upload too large: 1048577 bytes exceeds limit of 1048576";
  await refused(put(logs, "batches", "s", [[now, "x".repeat(1024 * 1024 - 25)]]), "InvalidParameterException", large);
  await refused(
    put(logs, "batches", "no", [[now, "a"]]),
    "ResourceNotFoundException",
    "The specified log stream does not exist.",
  );
  const hour = 3_600_000;
  const tooNew = await put(logs, "batches", "s", [
    [now, "kept"],
    [now + 3 * hour, "new"],
    [now + 4 * hour, "newer"],
  ]);
  assert.deepEqual(tooNew.rejectedLogEventsInfo, { tooNewLogEventStartIndex: 1 });
  assert.match(tooNew.nextSequenceToken ?? "", /^\d{56}$/);
  const tooOld = await put(logs, "batches", "s", [
    [now - 14 * day - hour, "old"],
    [now - 14 * day + hour, "just kept"],
  ]);
  assert.deepEqual(tooOld.rejectedLogEventsInfo, { tooOldLogEventEndIndex: 1 });
  await logs.send(new sdk.PutRetentionPolicyCommand({ logGroupName: "batches", retentionInDays: 3 }));
  const expired = await put(logs, "batches", "s", [
    [now - 3 * day - hour, "expired"],
    [now - 3 * day + hour, "not yet"],
  ]);
  assert.deepEqual(expired.rejectedLogEventsInfo, { expiredLogEventEndIndex: 1 });
  const events = await filtered(logs, { logGroupName: "batches" });
  assert.deepEqual(
    events.map(({ message }) => message),
    ["not yet", "kept"],
  );
});

test("a stream is read page by page both ways, and the token at its end stays the same", async () => {
  await given(logs, "pages", "s", "other");
  const start = Date.now() - 10_000;
  await put(
    logs,
    "pages",
    "s",
    Array.from({ length: 25 }, (_, n) => [start + n, `event ${n}`] as const),
  );
  await put(logs, "pages", "other", [[start, "not this"]]);
  const get = (more: Partial<sdk.GetLogEventsCommandInput>) =>
    logs.send(new sdk.GetLogEventsCommand({ logGroupName: "pages", logStreamName: "s", limit: 10, ...more }));
  const numbers = (page: sdk.GetLogEventsCommandOutput) => page.events?.map(({ message }) => Number(message?.slice(6)));
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

  const head = await get({ startFromHead: true });
  assert.deepEqual(numbers(head), range(0, 10));
  const next = await get({ nextToken: head.nextForwardToken });
  assert.deepEqual(numbers(next), range(10, 20));
  const last = await get({ nextToken: next.nextForwardToken });
  assert.deepEqual(numbers(last), range(20, 25));
  const end = await get({ nextToken: last.nextForwardToken });
  assert.deepEqual(numbers(end), []);
  assert.equal(end.nextForwardToken, last.nextForwardToken);
  assert.deepEqual(numbers(await get({ nextToken: end.nextBackwardToken })), range(15, 25));
  assert.deepEqual(numbers(await get({ nextToken: next.nextBackwardToken })), range(0, 10));

  const tail = await get({});
  assert.deepEqual(numbers(tail), range(15, 25));
  const before = await get({ nextToken: tail.nextBackwardToken });
  assert.deepEqual(numbers(before), range(5, 15));
  const top = await get({ nextToken: before.nextBackwardToken });
  assert.deepEqual(numbers(top), range(0, 5));
  const beyond = await get({ nextToken: top.nextBackwardToken });
  assert.deepEqual([numbers(beyond), beyond.nextBackwardToken], [[], top.nextBackwardToken]);
  assert.deepEqual(numbers(await get({ nextToken: beyond.nextForwardToken })), range(0, 10));

  await put(logs, "pages", "s", [[start + 100, "event 25"]]);
  assert.deepEqual(numbers(await get({ nextToken: end.nextForwardToken })), [25]);
  // The end is not part of the time that is asked for.
  assert.deepEqual(numbers(await get({ startTime: start + 3, endTime: start + 5, startFromHead: true })), [3, 4]);
  await refused(get({ nextToken: "f/7/s" }), "InvalidParameterException", "The specified nextToken is invalid.");
});

test("events of all streams are interleaved by time, filtered, and paged without loss", async () => {
  await given(logs, "filter", "web/1", "web/2", "db/1");
  const start = Date.now() - 60_000;
  for (const [index, stream] of ["web/1", "web/2", "db/1"].entries()) {
    const events = Array.from(
      { length: 40 },
      (_, n) => [start + n * 3 + index, `${n % 4 === 0 ? "ERROR" : "INFO"} ${stream} ${n}`] as const,
    );
    await put(logs, "filter", stream, events);
  }
  const all = await filtered(logs, { logGroupName: "filter", limit: 7 });
  assert.equal(all.length, 120);
  assert.deepEqual(
    all.map(({ timestamp }) => timestamp),
    Array.from({ length: 120 }, (_, n) => start + n),
  );
  assert.equal(new Set(all.map(({ eventId }) => eventId)).size, 120);
  const errors = await filtered(logs, { logGroupName: "filter", filterPattern: "ERROR -db", limit: 3 });
  assert.equal(errors.length, 20);
  assert.ok(errors.every(({ message }) => /^ERROR web/.test(message ?? "")));
  const web = await filtered(logs, { logGroupIdentifier: `${ARN}filter`, logStreamNamePrefix: "web/" });
  assert.equal(web.length, 80);
  const some = await filtered(logs, {
    logGroupName: "filter",
    logStreamNames: ["db/1"],
    startTime: start + 2,
    endTime: start + 5,
  });
  assert.deepEqual(
    some.map(({ timestamp }) => timestamp),
    [start + 2, start + 5],
  );
  const page = await logs.send(new sdk.FilterLogEventsCommand({ logGroupName: "filter", limit: 1 }));
  assert.deepEqual(page.searchedLogStreams, []);
  const other = { logGroupName: "filter", filterPattern: "INFO", nextToken: page.nextToken };
  await refused(
    logs.send(new sdk.FilterLogEventsCommand(other)),
    "InvalidParameterException",
    "The specified nextToken is invalid.",
  );
  const broken = { logGroupName: "filter", filterPattern: "{ $.a = }" };
  await refused(
    logs.send(new sdk.FilterLogEventsCommand(broken)),
    "InvalidParameterException",
    "Invalid filter pattern",
  );
});

test("streams are listed by name and by their last event, and a deleted one is gone with its events", async () => {
  await given(logs, "streams", "a", "b", "c");
  const now = Date.now();
  await put(logs, "streams", "b", [
    [now - 2000, "first"],
    [now - 1000, "secret"],
  ]);
  await put(logs, "streams", "a", [[now - 500, "kept"]]);
  const list = async (more: Partial<sdk.DescribeLogStreamsCommandInput>) =>
    (await logs.send(new sdk.DescribeLogStreamsCommand({ logGroupName: "streams", ...more }))).logStreams ?? [];
  const names = async (more: Partial<sdk.DescribeLogStreamsCommandInput>) =>
    (await list(more)).map(({ logStreamName }) => logStreamName);
  assert.deepEqual(await names({}), ["a", "b", "c"]);
  assert.deepEqual(await names({ orderBy: "LastEventTime", descending: true }), ["a", "b", "c"]);
  assert.deepEqual(await names({ orderBy: "LastEventTime" }), ["c", "b", "a"]);
  assert.deepEqual(await names({ logStreamNamePrefix: "b" }), ["b"]);
  const [described] = await list({ logStreamNamePrefix: "b" });
  assert.equal(described?.firstEventTimestamp, now - 2000);
  assert.equal(described?.lastEventTimestamp, now - 1000);
  assert.ok((described?.lastIngestionTime ?? 0) >= now);
  assert.equal(described?.arn, `${ARN}streams:log-stream:b`);
  const both = list({ orderBy: "LastEventTime", logStreamNamePrefix: "a" });
  await refused(both, "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.");
  const pages: (string | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const input = { logGroupName: "streams", orderBy: "LastEventTime", limit: 1, nextToken } as const;
    const page = await logs.send(new sdk.DescribeLogStreamsCommand(input));
    pages.push(...(page.logStreams ?? []).map(({ logStreamName }) => logStreamName));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(pages, ["c", "b", "a"]);

  await logs.send(new sdk.DeleteLogStreamCommand({ logGroupName: "streams", logStreamName: "b" }));
  assert.deepEqual(await names({}), ["a", "c"]);
  assert.deepEqual(
    (await filtered(logs, { logGroupName: "streams" })).map(({ message }) => message),
    ["kept"],
  );
  await logs.send(new sdk.CreateLogStreamCommand({ logGroupName: "streams", logStreamName: "b" }));
  assert.equal((await list({ logStreamNamePrefix: "b" }))[0]?.lastEventTimestamp, undefined);
});

test("metric filters are kept, and tried out", async () => {
  await given(logs, "metrics");
  const metricTransformations = [{ metricName: "m", metricNamespace: "n", metricValue: "1" }];
  const filter = {
    logGroupName: "metrics",
    filterName: "f",
    filterPattern: "[ip, ..., status=5*]",
    metricTransformations,
  };
  await logs.send(new sdk.PutMetricFilterCommand(filter));
  const { metricFilters = [] } = await logs.send(new sdk.DescribeMetricFiltersCommand({ logGroupName: "metrics" }));
  assert.deepEqual(
    metricFilters.map(({ creationTime, ...rest }) => rest),
    [filter],
  );
  const [group] =
    (await logs.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePrefix: "metrics" }))).logGroups ?? [];
  assert.equal(group?.metricFilterCount, 1);
  const logEventMessages = ["1.1.1.1 GET 200", "2.2.2.2 GET 503"];
  const tried = await logs.send(
    new sdk.TestMetricFilterCommand({ filterPattern: filter.filterPattern, logEventMessages }),
  );
  const extractedValues = { $ip: "2.2.2.2", $status: "503" };
  assert.deepEqual(tried.matches, [{ eventNumber: 2, eventMessage: logEventMessages[1], extractedValues }]);
  await logs.send(new sdk.DeleteMetricFilterCommand({ logGroupName: "metrics", filterName: "f" }));
  const gone = await logs.send(new sdk.DescribeMetricFiltersCommand({ logGroupName: "metrics" }));
  assert.deepEqual(gone.metricFilters, []);
});

test("what comes in is seen live, of the groups, streams and patterns that are watched", async () => {
  await given(logs, "live", "web-1", "db-1");
  const session = await logs.send(
    new sdk.StartLiveTailCommand({
      logGroupIdentifiers: [`${ARN}live`],
      logStreamNamePrefixes: ["web"],
      logEventFilterPattern: "ERROR",
    }),
  );
  const seen: sdk.LiveTailSessionLogEvent[] = [];
  let isStarted = false;
  for await (const { sessionStart, sessionUpdate } of session.responseStream ?? []) {
    if (sessionStart) {
      isStarted = true;
      assert.deepEqual(sessionStart.logGroupIdentifiers, [`${ARN}live`]);
      await put(logs, "live", "db-1", [[Date.now(), "ERROR elsewhere"]]);
      await put(logs, "live", "web-1", [
        [Date.now(), "INFO"],
        [Date.now(), "ERROR here"],
      ]);
    }
    seen.push(...(sessionUpdate?.sessionResults ?? []));
    if (seen.length > 0) break;
  }
  assert.ok(isStarted);
  assert.deepEqual(
    seen.map(({ message, logStreamName, logGroupIdentifier }) => [message, logStreamName, logGroupIdentifier]),
    [["ERROR here", "web-1", "000000000000:live"]],
  );
});

test("what was accepted is there after a crash, and deleted groups stay deleted", async () => {
  await given(logs, "crash", "s");
  await given(logs, "crash-gone", "s");
  const now = Date.now();
  await put(logs, "crash-gone", "s", [[now, "gone"]]);
  await logs.send(new sdk.DeleteLogGroupCommand({ logGroupName: "crash-gone" }));
  await Promise.all(Array.from({ length: 50 }, (_, n) => put(logs, "crash", "s", [[now + n, `event ${n}`]])));
  await region.kill();
  await region.startAgain();
  logs = logsClient(region);
  const events = await filtered(logs, { logGroupName: "crash" });
  assert.deepEqual(
    events.map(({ message }) => message),
    Array.from({ length: 50 }, (_, n) => `event ${n}`),
  );
  const { logStreams } = await logs.send(new sdk.DescribeLogStreamsCommand({ logGroupName: "crash" }));
  assert.equal(logStreams?.[0]?.lastEventTimestamp, now + 49);
  const { logGroups } = await logs.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePrefix: "crash" }));
  assert.deepEqual(
    logGroups?.map(({ logGroupName }) => logGroupName),
    ["crash"],
  );
});
