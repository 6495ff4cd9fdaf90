/** Put-, Update-, Get-, Delete- and ListFunctionEventInvokeConfig. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionEventInvokeConfigCommand,
  ListFunctionEventInvokeConfigsCommand,
  PublishVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  type PutFunctionEventInvokeConfigCommandInput,
  UpdateFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:results";
const TOPIC = "arn:aws:sns:us-east-1:000000000000:results";
const BUS = "arn:aws:events:us-east-1:000000000000:event-bus/results";
const BUCKET = "arn:aws:s3:::results";

type Settings = Omit<PutFunctionEventInvokeConfigCommandInput, "FunctionName">;

const invalid = (message: string | RegExp) => ({ status: 400, name: "InvalidParameterValueException", message });
const broken = (message: RegExp) => ({ status: 400, name: "ValidationException", message });
const notFound = (message: string) => ({ status: 404, name: "ResourceNotFoundException", message });
const NO_FUNCTION = notFound("The function doesn't exist.");
const NOTHING_SAID = invalid("You must specify at least one of error handling or destination setting.");

describe("event invoke configurations", () => {
  let suite: Suite;
  let name: string;
  let other: string;
  before(async () => {
    suite = await Suite.start();
    [name, other] = await Promise.all([activeFunction(suite.region), activeFunction(suite.region)]);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await suite.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
  });
  after(() => suite.stop());

  const put = (more: Settings, FunctionName = name) =>
    suite.lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, ...more }));
  const update = (more: Settings, FunctionName = name) =>
    suite.lambda.send(new UpdateFunctionEventInvokeConfigCommand({ FunctionName, ...more }));
  const get = (FunctionName = name, Qualifier?: string) =>
    suite.lambda.send(
      new GetFunctionEventInvokeConfigCommand({ FunctionName, ...(Qualifier !== undefined && { Qualifier }) }),
    );
  const remove = (FunctionName = name, Qualifier?: string) =>
    suite.lambda.send(
      new DeleteFunctionEventInvokeConfigCommand({ FunctionName, ...(Qualifier !== undefined && { Qualifier }) }),
    );
  const list = (more: { MaxItems?: number; Marker?: string } = {}, FunctionName = name) =>
    suite.lambda.send(new ListFunctionEventInvokeConfigsCommand({ FunctionName, ...more }));

  test("are put, read, updated member by member, and there after a crash", async () => {
    const started = Math.floor(Date.now() / 1000) * 1000;
    const destinations = { OnSuccess: { Destination: QUEUE }, OnFailure: { Destination: TOPIC } };
    const {
      $metadata: _,
      LastModified,
      ...written
    } = await put({
      MaximumRetryAttempts: 1,
      DestinationConfig: destinations,
    });
    assert.deepEqual(written, {
      FunctionArn: `${ARN}${name}:$LATEST`,
      MaximumRetryAttempts: 1,
      DestinationConfig: destinations,
    });
    assert.ok(LastModified && LastModified.getTime() >= started);
    const updated = await update({ MaximumEventAgeInSeconds: 60 });
    assert.deepEqual(
      [updated.MaximumRetryAttempts, updated.MaximumEventAgeInSeconds, updated.DestinationConfig],
      [1, 60, destinations],
    );
    await update({ DestinationConfig: { OnSuccess: { Destination: "" }, OnFailure: { Destination: BUS } } });
    await suite.restart();
    const { $metadata: __, LastModified: ___, ...kept } = await get(`${ARN}${name}`, "$LATEST");
    assert.deepEqual(kept, {
      FunctionArn: `${ARN}${name}:$LATEST`,
      MaximumRetryAttempts: 1,
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnSuccess: {}, OnFailure: { Destination: BUS } },
    });
  });

  test("are replaced as a whole by a put", async () => {
    await put({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: QUEUE } } });
    const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = await put({
      MaximumEventAgeInSeconds: 21_600,
    });
    assert.deepEqual(
      [MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig],
      [undefined, 21_600, { OnSuccess: {}, OnFailure: {} }],
    );
    const empty = await put({ DestinationConfig: {} });
    assert.deepEqual(empty.DestinationConfig, { OnSuccess: {}, OnFailure: {} });
  });

  test("hang on functions, versions and aliases, each by itself, and are listed by qualifier in pages", async () => {
    await put({ MaximumRetryAttempts: 0 });
    await put({ MaximumRetryAttempts: 1, Qualifier: "1" });
    const alias = await put({ MaximumRetryAttempts: 2 }, `${name}:live`);
    assert.equal(alias.FunctionArn, `${ARN}${name}:live`);
    assert.equal((await get(name, "1")).MaximumRetryAttempts, 1);
    const { FunctionEventInvokeConfigs: all, NextMarker } = await list();
    const arns = ["$LATEST", "1", "live"].map((qualifier) => `${ARN}${name}:${qualifier}`);
    assert.deepEqual(
      all?.map(({ FunctionArn }) => FunctionArn),
      arns,
    );
    assert.equal(NextMarker, undefined);
    const paged: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page = await list({ MaxItems: 1, ...(Marker !== undefined && { Marker }) });
      assert.equal(page.FunctionEventInvokeConfigs?.length, 1);
      paged.push(page.FunctionEventInvokeConfigs?.[0]?.FunctionArn);
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.deepEqual(paged, arns);
    assert.equal((await list({ MaxItems: 50 })).FunctionEventInvokeConfigs?.length, 3);
    await suite.refused(list({ MaxItems: 0 }), broken(/greater than or equal to 1/));
    await suite.refused(list({ MaxItems: 51 }), broken(/less than or equal to 50/));
    await suite.refused(list({ Marker: "bogus" }), invalid("The provided marker is invalid."));
    assert.deepEqual((await list({}, other)).FunctionEventInvokeConfigs, []);
  });

  test("are deleted, go with their alias and with their function, and do not come back", async () => {
    const doomed = await activeFunction(suite.region);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName: doomed }));
    await suite.lambda.send(new CreateAliasCommand({ FunctionName: doomed, Name: "live", FunctionVersion: "1" }));
    await put({ MaximumRetryAttempts: 1 }, doomed);
    await put({ MaximumRetryAttempts: 1, Qualifier: "1" }, doomed);
    await put({ MaximumRetryAttempts: 1, Qualifier: "live" }, doomed);
    const answer = await remove(doomed, "1");
    assert.equal(answer.$metadata.httpStatusCode, 204);
    const gone = notFound(`The function ${ARN}${doomed}:1 doesn't have an EventInvokeConfig`);
    await suite.refused(get(doomed, "1"), gone);
    await suite.refused(remove(doomed, "1"), gone);
    await suite.lambda.send(new DeleteAliasCommand({ FunctionName: doomed, Name: "live" }));
    assert.equal((await list({}, doomed)).FunctionEventInvokeConfigs?.length, 1);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: doomed }));
    await suite.lambda.send(new CreateFunctionCommand(settings({ FunctionName: doomed })));
    const none = notFound(`The function ${ARN}${doomed}:$LATEST doesn't have an EventInvokeConfig`);
    await suite.refused(get(doomed), none);
    await suite.refused(update({ MaximumRetryAttempts: 1 }, doomed), none);
  });

  test("of what does not exist are refused", async () => {
    const some = { MaximumRetryAttempts: 1 };
    for (const change of [put, update]) await suite.refused(change(some, "nobody"), NO_FUNCTION);
    for (const call of [get, remove]) await suite.refused(call("nobody"), NO_FUNCTION);
    await suite.refused(list({}, "nobody"), NO_FUNCTION);
    await suite.refused(put({ ...some, Qualifier: "7" }), NO_FUNCTION);
    await suite.refused(put({ ...some, Qualifier: "gone" }), NO_FUNCTION);
    const none = (qualifier: string) =>
      notFound(`The function ${ARN}${other}:${qualifier} doesn't have an EventInvokeConfig`);
    await suite.refused(get(other, "7"), none("7"));
    await suite.refused(get(other), none("$LATEST"));
    await suite.refused(remove(other), none("$LATEST"));
    await suite.refused(remove(other, "gone"), none("gone"));
  });

  test("take 0 to 2 retries and an age of 1 minute to 6 hours", async () => {
    for (const MaximumRetryAttempts of [0, 2]) await put({ MaximumRetryAttempts });
    for (const MaximumEventAgeInSeconds of [60, 21_600]) await put({ MaximumEventAgeInSeconds });
    const at = (member: string) => new RegExp(`at '${member}' failed to satisfy constraint`);
    for (const change of [put, update]) {
      for (const MaximumRetryAttempts of [-1, 3]) {
        await suite.refused(change({ MaximumRetryAttempts }), broken(at("maximumRetryAttempts")));
      }
      for (const MaximumEventAgeInSeconds of [59, 21_601]) {
        await suite.refused(change({ MaximumEventAgeInSeconds }), broken(at("maximumEventAgeInSeconds")));
      }
      await suite.refused(change({}), NOTHING_SAID);
      await suite.refused(change({ MaximumRetryAttempts: 1, Qualifier: "a b" }), broken(at("qualifier")));
      await suite.refused(
        change({ MaximumRetryAttempts: 1, Qualifier: "1" }, `${name}:live`),
        invalid("The derived qualifier from the function name does not match the specified qualifier."),
      );
    }
  });

  test("take destinations that can be one, and refuse the others in Lambda's words", async () => {
    const to = (OnSuccess?: string, OnFailure?: string): Settings => ({
      DestinationConfig: {
        ...(OnSuccess !== undefined && { OnSuccess: { Destination: OnSuccess } }),
        ...(OnFailure !== undefined && { OnFailure: { Destination: OnFailure } }),
      },
    });
    const lambda = `${ARN}${other}`;
    for (const arn of [QUEUE, TOPIC, BUS, lambda, `${lambda}:$LATEST`]) await put(to(arn, arn));
    await put(to(undefined, BUCKET));
    const config = (success: string, failure: string) =>
      invalid(
        `The provided destination config DestinationConfig(onSuccess=${success}, onFailure=${failure}) is invalid.`,
      );
    const itself = invalid("You can't specify the function as a destination for itself.");
    const arnInvalid = (arn: string) => invalid(`The destination ARN ${arn} is invalid.`);
    const table = "arn:aws:dynamodb:us-east-1:000000000000:table/results";
    const elsewhere = lambda.replace("us-east-1", "eu-west-1");
    for (const change of [put, update]) {
      await suite.refused(change(to(BUCKET)), config(`OnSuccess(destination=${BUCKET})`, "null"));
      await suite.refused(change(to(undefined, table)), config("null", `OnFailure(destination=${table})`));
      await suite.refused(
        change(to(QUEUE, table)),
        config(`OnSuccess(destination=${QUEUE})`, `OnFailure(destination=${table})`),
      );
      await suite.refused(change(to(`${ARN}${name}`)), itself);
      await suite.refused(change(to(undefined, `${ARN}${name}:live`)), itself);
      for (const arn of [`${ARN}nobody`, `${lambda}:9`, elsewhere]) {
        await suite.refused(change(to(arn)), arnInvalid(arn));
      }
      await suite.refused(change(to("results")), broken(/'destinationConfig.onSuccess.destination' failed/));
      const longest = QUEUE.padEnd(350, "x");
      await change(to(longest));
      await suite.refused(change(to(`${longest}x`)), broken(/less than or equal to 350/));
    }
  });
});
