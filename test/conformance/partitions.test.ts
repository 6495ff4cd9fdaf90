/** ARNs of another partition than the region's name nothing that is here, whatever they look like otherwise. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AddPermissionCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetLayerVersionByArnCommand,
  InvokeCommand,
  ListTagsCommand,
  PublishLayerVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  PutResourcePolicyCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, CODE, ROLE, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const chinese = (arn: string): string => arn.replace("arn:aws:", "arn:aws-cn:");

describe("ARNs of another partition", () => {
  let suite: Suite;
  let name: string;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
  });
  after(() => suite.stop());

  const invalid = (call: Promise<unknown>, message: string | RegExp) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const create = (more: Partial<CreateFunctionCommandInput>) =>
    suite.lambda.send(new CreateFunctionCommand(settings(more)));

  test("name no function", async () => {
    for (const FunctionName of [chinese(`${ARN}${name}`), `arn:aws-cn:lambda:${name}`]) {
      for (const command of [
        new GetFunctionCommand({ FunctionName }),
        new DeleteFunctionCommand({ FunctionName }),
        new CreateFunctionCommand(settings({ FunctionName })),
        new InvokeCommand({ FunctionName }),
      ]) {
        await suite.refused(suite.lambda.send(command as GetFunctionCommand), {
          status: 404,
          name: "ResourceNotFoundException",
          message: `Function not found: ${FunctionName}`,
        });
      }
    }
    const arn = chinese(`${ARN}${name}`);
    for (const command of [
      new ListTagsCommand({ Resource: arn }),
      new PutResourcePolicyCommand({ ResourceArn: arn, Policy: "{}" }),
    ]) {
      await suite.refused(suite.lambda.send(command as ListTagsCommand), {
        status: 404,
        name: "ResourceNotFoundException",
        message: `Function not found: ${arn}`,
      });
    }
    assert.ok((await suite.lambda.send(new GetFunctionCommand({ FunctionName: `${ARN}${name}` }))).Configuration);
  });

  test("name no layer", async () => {
    const published = await suite.lambda.send(
      new PublishLayerVersionCommand({ LayerName: "shared", Content: { ZipFile: CODE } }),
    );
    const arn = chinese(published.LayerVersionArn ?? "");
    await suite.refused(suite.lambda.send(new GetLayerVersionByArnCommand({ Arn: arn })), {
      status: 404,
      name: "ResourceNotFoundException",
      message: "The resource you requested does not exist.",
    });
    await invalid(create({ Layers: [arn] }), `Layer version ${arn} does not exist.`);
  });

  test("are no role, key, queue, destination, source or principal of this region", async () => {
    const assumed = "The role defined for the function cannot be assumed by Lambda.";
    await invalid(create({ Role: chinese(ROLE) }), assumed);
    const configure = (more: object) =>
      suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, ...more }));
    await invalid(configure({ Role: chinese(ROLE) }), assumed);
    const queue = "arn:aws-cn:sqs:us-east-1:000000000000:queue";
    await invalid(
      configure({ DeadLetterConfig: { TargetArn: queue } }),
      `The dead letter target ARN ${queue} is invalid.`,
    );
    await invalid(
      configure({ KMSKeyArn: "arn:aws-cn:kms:us-east-1:000000000000:key/k" }),
      /KMS key is invalid for CreateGrant/,
    );
    const incomplete = [
      "arn:aws:sqs:us-east-1:000000000000:",
      "arn:aws:sns:::topic",
      "arn:aws:events:us-east-1:000000000000:bus",
    ];
    for (const arn of [queue, chinese(`${ARN}${name}`), "arn:aws-cn:s3:::results", ...incomplete]) {
      await invalid(
        suite.lambda.send(
          new PutFunctionEventInvokeConfigCommand({
            FunctionName: name,
            DestinationConfig: { OnFailure: { Destination: arn } },
          }),
        ),
        `The destination ARN ${arn} is invalid.`,
      );
    }
    await invalid(
      suite.lambda.send(new CreateEventSourceMappingCommand({ FunctionName: name, EventSourceArn: queue })),
      "Unrecognized event source.",
    );
    await invalid(
      suite.lambda.send(
        new AddPermissionCommand({
          FunctionName: name,
          StatementId: "s",
          Action: "lambda:InvokeFunction",
          Principal: "arn:aws-cn:iam::000000000000:root",
        }),
      ),
      "The provided principal was invalid. Please check the principal and try again.",
    );
  });
});
