/** What functions write, as CloudWatch Logs shows it, and functions that hear of it: subscription filters. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as sdk from "@aws-sdk/client-cloudwatch-logs";
import { AddPermissionCommand, InvokeCommand, RemovePermissionCommand } from "@aws-sdk/client-lambda";
import { RegionClient } from "../../../src/cli/client.ts";
import { deployRecorder, type Note, Recorder } from "../../e2e/async-fixture.ts";
import { TestRegion } from "../../test-region.ts";
import { zipOf } from "../lambda/zip.ts";
import { eventually, filtered, given, logsClient, put } from "./client.ts";

const ARN = "arn:aws:logs:us-east-1:000000000000:log-group:";
const LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:";

let region: TestRegion;
let logs: sdk.CloudWatchLogsClient;
before(async () => {
  region = await TestRegion.start();
  logs = logsClient(region);
});
after(() => region.stop());

const invoke = (FunctionName: string, event: unknown, more: { readonly InvocationType?: "Event" } = {}) =>
  region.lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)), ...more }));

/** Everything that the function's group holds, once it holds a message like that. */
const logged = (functionName: string, message: RegExp) =>
  eventually(async () => {
    const found = await filtered(logs, { logGroupName: `/aws/lambda/${functionName}` }).catch(() => []);
    return found.some((event) => message.test(event.message ?? "")) ? found : undefined;
  });

function permit(functionName: string, SourceArn: string, Principal = "logs.amazonaws.com") {
  const statement = { StatementId: "logs", Action: "lambda:InvokeFunction", Principal, SourceArn };
  return region.lambda.send(new AddPermissionCommand({ FunctionName: functionName, ...statement }));
}

interface Queued {
  readonly counters: { readonly recursive: number };
}

interface Data {
  readonly messageType: string;
  readonly owner: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly subscriptionFilters: readonly string[];
  readonly logEvents: readonly { readonly id: string; readonly timestamp: number; readonly message: string }[];
}

const unpacked = (event: { readonly awslogs: { readonly data: string } }): Data =>
  JSON.parse(gunzipSync(Buffer.from(event.awslogs.data, "base64")).toString());

test("what a function writes lands in AWS's group and stream, and in one of its own when it says so", async () => {
  const zip = zipOf({ "index.mjs": "export const handler = async (event) => { console.log('hello', event.n); };" });
  const talker = await region.deploy({ runtime: "nodejs26.x", zip });
  const logGroupName = `/aws/lambda/${talker}`;
  const more = { LoggingConfig: { LogGroup: "/my/own" } };
  const elsewhere = await region.deploy({ runtime: "nodejs26.x", zip, more });
  await invoke(talker, { n: 7 });
  await invoke(elsewhere, { n: 8 });
  const events = await logged(talker, /^REPORT/);
  assert.ok(events.some(({ message }) => /\tINFO\thello 7\n$/.test(message ?? "")));
  const stream = events[0]?.logStreamName ?? "";
  assert.match(stream, /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  const described = await logs.send(new sdk.DescribeLogStreamsCommand({ logGroupName }));
  assert.equal(described.logStreams?.[0]?.logStreamName, stream);
  assert.equal(described.logStreams?.[0]?.firstEventTimestamp, events[0]?.timestamp);
  const own = await eventually(
    async () => (await filtered(logs, { logGroupName: "/my/own", filterPattern: "hello" }))[0],
  );
  assert.match(own.message ?? "", /hello 8/);

  await logs.send(new sdk.DeleteLogGroupCommand({ logGroupName }));
  await invoke(talker, { n: 9 });
  const anew = await logged(talker, /hello 9/);
  assert.ok(!anew.some(({ message }) => /hello 7/.test(message ?? "")));
});

test("a subscription needs a function that is there and lets logs invoke it", async () => {
  await given(logs, "guarded", "s");
  const guarded = await deployRecorder(region, new Recorder(region, "guarded"));
  const filter = { logGroupName: "guarded", filterName: "f", filterPattern: "", destinationArn: `${LAMBDA}${guarded}` };
  const refusal = {
    name: "InvalidParameterException",
    message:
      "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
  };
  const subscribe = (more = {}) => logs.send(new sdk.PutSubscriptionFilterCommand({ ...filter, ...more }));
  await assert.rejects(subscribe(), refusal);
  await assert.rejects(subscribe({ destinationArn: `${LAMBDA}nobody` }), refusal);
  await permit(guarded, `${ARN}other:*`);
  await assert.rejects(subscribe(), refusal);
  await region.lambda.send(new RemovePermissionCommand({ FunctionName: guarded, StatementId: "logs" }));
  await permit(guarded, `${ARN}guarded:*`, "logs.us-east-1.amazonaws.com");
  await subscribe();
  await subscribe({ filterName: "g" });
  await assert.rejects(subscribe({ filterName: "h" }), { name: "LimitExceededException" });
  const { subscriptionFilters = [] } = await logs.send(
    new sdk.DescribeSubscriptionFiltersCommand({ logGroupName: "guarded" }),
  );
  assert.deepEqual(
    subscriptionFilters.map(({ creationTime, ...rest }) => rest),
    ["f", "g"].map((filterName) => ({ ...filter, filterName, distribution: "ByLogStream" })),
  );
  await logs.send(new sdk.DeleteSubscriptionFilterCommand({ logGroupName: "guarded", filterName: "f" }));
  const again = logs.send(new sdk.DeleteSubscriptionFilterCommand({ logGroupName: "guarded", filterName: "f" }));
  await assert.rejects(again, { name: "ResourceNotFoundException" });
});

test("a subscriber is probed, then gets what matches, also what came while the region was down or killed", async () => {
  const recorder = new Recorder(region, "subscriber");
  await given(logs, "subscribed", "a", "b");
  await put(logs, "subscribed", "a", [[Date.now(), "ERROR before"]]);
  const subscriber = await deployRecorder(region, recorder);
  await permit(subscriber, `${ARN}subscribed:*`);
  const destination = {
    filterName: "errors",
    filterPattern: "[level=ERROR, ...]",
    destinationArn: `${LAMBDA}${subscriber}`,
  };
  await logs.send(new sdk.PutSubscriptionFilterCommand({ logGroupName: "subscribed", ...destination }));
  await put(logs, "subscribed", "a", [
    [Date.now(), "ERROR one"],
    [Date.now(), "INFO no"],
  ]);
  await put(logs, "subscribed", "b", [[Date.now(), "ERROR two"]]);
  const isData = ({ event }: Note) => unpacked(event).messageType === "DATA_MESSAGE";
  const all = () => recorder.notes.map(({ event }) => unpacked(event));
  await recorder.until((notes) => notes.filter(isData).length >= 2);
  const [probe] = all().filter(({ messageType }) => messageType === "CONTROL_MESSAGE");
  assert.deepEqual([probe?.owner, probe?.logGroup, probe?.logEvents.length], ["CloudwatchLogs", "", 1]);
  const one = all().find(({ logStream }) => logStream === "a");
  const kept = await filtered(logs, { logGroupName: "subscribed", filterPattern: '"ERROR one"' });
  assert.deepEqual(one, {
    messageType: "DATA_MESSAGE",
    owner: "000000000000",
    logGroup: "subscribed",
    logStream: "a",
    subscriptionFilters: ["errors"],
    logEvents: [
      {
        id: kept[0]?.eventId,
        timestamp: kept[0]?.timestamp,
        message: "ERROR one",
        extractedFields: { level: "ERROR" },
      },
    ],
  });

  await Promise.all(
    Array.from({ length: 30 }, (_, n) => put(logs, "subscribed", "a", [[Date.now(), `ERROR crash ${n}`]])),
  );
  await region.kill();
  await region.startAgain();
  logs = logsClient(region);
  const messages = () => new Set(all().flatMap(({ logEvents }) => logEvents.map(({ message }) => message)));
  await recorder.until(() => Array.from({ length: 30 }, (_, n) => n).every((n) => messages().has(`ERROR crash ${n}`)));
  assert.ok(!messages().has("INFO no") && !messages().has("ERROR before"));
});

test("a function that is subscribed to its own log is stopped like any other loop", async () => {
  const recorder = new Recorder(region, "loop");
  const loop = await deployRecorder(region, recorder, "console.log('ERROR again');");
  const logGroupName = `/aws/lambda/${loop}`;
  await permit(loop, `${ARN}${logGroupName}:*`);
  await given(logs, logGroupName);
  const filter = { filterName: "self", filterPattern: "ERROR", destinationArn: `${LAMBDA}${loop}` };
  await logs.send(new sdk.PutSubscriptionFilterCommand({ logGroupName, ...filter }));
  const client = new RegionClient({
    endpoint: region.url,
    region: "us-east-1",
    accessKeyId: "test",
    secretAccessKey: "test",
  });
  // The probe makes it write, and what it writes makes it run.
  await eventually(async () => {
    const { counters } = await client.json<Queued>({ method: "GET", path: "/_alonzo/events" });
    return counters.recursive > 0 ? true : undefined;
  });
  assert.equal(recorder.notes.length, 16);
});
