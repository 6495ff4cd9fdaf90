/** What an invocation by an alias runs: the version it points to, or one of two by their weights, from the moment it moved. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  InvokeCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { fairBounds } from "./binomial.ts";
import { Suite } from "./suite.ts";

const CODE = zipOf({
  "index.js":
    "exports.handler = async (event, context) => ({ version: context.functionVersion, arn: context.invokedFunctionArn });",
});
const DRAWS = 200;

describe("an alias routes", () => {
  let suite: Suite;
  /** A function with versions 1 and 2. */
  let FunctionName: string;
  before(async () => {
    suite = await Suite.start();
    FunctionName = await activeFunction(suite.region, { Publish: true, Code: { ZipFile: CODE } });
    await settled(suite.region, FunctionName, "1");
    await suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 9 }));
    await settled(suite.region, FunctionName);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName }));
  });
  after(() => suite.stop());

  const create = (Name: string, FunctionVersion: string, weight?: number) =>
    suite.lambda.send(
      new CreateAliasCommand({
        FunctionName,
        Name,
        FunctionVersion,
        ...(weight !== undefined && { RoutingConfig: { AdditionalVersionWeights: { "2": weight } } }),
      }),
    );

  /** The version that ran, by its own word and by the answer's header, which must agree. */
  async function invoked(name: string, Qualifier?: string): Promise<{ version: string; arn: string }> {
    const { Payload, ExecutedVersion, FunctionError } = await suite.lambda.send(
      new InvokeCommand({ FunctionName: name, ...(Qualifier && { Qualifier }) }),
    );
    assert.equal(FunctionError, undefined);
    const answer = JSON.parse(Buffer.from(Payload ?? []).toString());
    assert.equal(answer.version, ExecutedVersion);
    return answer;
  }

  async function hitsOfTwo(alias: string): Promise<number> {
    let hits = 0;
    const worker = async () => {
      for (let i = 0; i < DRAWS / 4; i++) if ((await invoked(FunctionName, alias)).version === "2") hits += 1;
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    return hits;
  }

  test("to its version, under the ARN that was invoked", async () => {
    await create("plain", "1");
    const arn = `${ARN}${FunctionName}:plain`;
    assert.deepEqual(await invoked(FunctionName, "plain"), { version: "1", arn });
    assert.deepEqual(await invoked(`${FunctionName}:plain`), { version: "1", arn });
    assert.deepEqual(await invoked(arn), { version: "1", arn });
    await create("latest", "$LATEST");
    assert.equal((await invoked(FunctionName, "latest")).version, "$LATEST");
    await suite.refused(invoked(FunctionName, "nothing"), {
      status: 404,
      name: "ResourceNotFoundException",
      message: `Function not found: ${ARN}${FunctionName}:nothing`,
    });
  });

  test("never to a version of weight 0, always to one of weight 1", async () => {
    await create("never", "1", 0);
    await create("always", "1", 1);
    assert.equal(await hitsOfTwo("never"), 0);
    assert.equal(await hitsOfTwo("always"), DRAWS);
  });

  test("half of its invocations to a version of weight 0.5", async () => {
    await create("half", "1", 0.5);
    const hits = await hitsOfTwo("half");
    const { least, most } = fairBounds(DRAWS);
    assert.ok(hits >= least && hits <= most, `${hits} of ${DRAWS} is not within ${least}..${most}`);
  });

  test("to the old or the new version while it moves, to the new one once the move was answered, and fails none", async () => {
    await create("moving", "1");
    let isMoving = true;
    const seen = { "1": 0, "2": 0 };
    const worker = async () => {
      while (isMoving) {
        const { version } = await invoked(FunctionName, "moving");
        assert.ok(version === "1" || version === "2", version);
        seen[version] += 1;
      }
    };
    const workers = [worker(), worker(), worker()];
    for (let move = 0; move < 60; move++) {
      const FunctionVersion = move % 2 === 0 ? "2" : "1";
      await suite.lambda.send(new UpdateAliasCommand({ FunctionName, Name: "moving", FunctionVersion }));
      assert.equal((await invoked(FunctionName, "moving")).version, FunctionVersion);
    }
    isMoving = false;
    await Promise.all(workers);
    assert.ok(seen["1"] + seen["2"] > 0);
  });

  test("and what has no published version says so", async () => {
    await suite.refused(invoked(FunctionName, "$LATEST.PUBLISHED"), {
      status: 400,
      name: "NoPublishedVersionException",
      message: "The function has no published versions available.",
    });
    await suite.refused(invoked("nobody", "$LATEST.PUBLISHED"), {
      status: 404,
      name: "ResourceNotFoundException",
      message: `Function not found: ${ARN}nobody:$LATEST.PUBLISHED`,
    });
  });
});
