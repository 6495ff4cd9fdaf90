/** What resource policies do to calls that are signed with an execution role's credentials. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AddLayerVersionPermissionCommand,
  AddPermissionCommand,
  DeleteLayerVersionCommand,
  DeleteResourcePolicyCommand,
  GetFunctionConfigurationCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  PutResourcePolicyCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { publish } from "./layer-suite.ts";
import { Suite } from "./suite.ts";

const CREDENTIALS = `exports.handler = async () => ({
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  sessionToken: process.env.AWS_SESSION_TOKEN,
});`;
const SESSION = "arn:aws:sts::000000000000:assumed-role/test/";

describe("resource policies and execution roles", () => {
  let suite: Suite;
  let name: string;
  let caller: string;
  let asRole: LambdaClient;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    caller = await suite.region.deploy({ runtime: "nodejs22.x", zip: zipOf({ "index.js": CREDENTIALS }) });
    const { text } = await suite.region.invoke(caller);
    asRole = new LambdaClient({
      endpoint: suite.region.url,
      region: "us-east-1",
      credentials: JSON.parse(text),
      maxAttempts: 1,
    });
  });
  after(async () => {
    asRole.destroy();
    await suite.stop();
  });

  const denied = (call: Promise<unknown>, action: string, resource: string, why: string) =>
    suite.refused(call, {
      status: 403,
      name: "AccessDeniedException",
      message: `User: ${SESSION}${caller} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
    });

  test("an explicit Deny refuses what the role's own rights allow, but not the administrator", async () => {
    const arn = `${ARN}${name}`;
    const invocation = new InvokeCommand({ FunctionName: name });
    await asRole.send(invocation);
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Principal: "*", Action: "lambda:InvokeFunction", Resource: arn }],
    });
    await suite.lambda.send(new PutResourcePolicyCommand({ ResourceArn: arn, Policy }));
    const why = "with an explicit deny in a resource-based policy";
    await denied(asRole.send(invocation), "lambda:InvokeFunction", arn, why);
    await denied(
      asRole.send(new InvokeCommand({ FunctionName: name, Qualifier: "$LATEST" })),
      "lambda:InvokeFunction",
      `${arn}:$LATEST`,
      why,
    );
    await asRole.send(new InvokeCommand({ FunctionName: name, Qualifier: "1" }));
    await suite.lambda.send(invocation);
    await suite.lambda.send(new DeleteResourcePolicyCommand({ ResourceArn: arn }));
    await asRole.send(invocation);
  });

  test("an Allow lets the role do what its own rights do not name, on that resource alone", async () => {
    const read = (Qualifier?: string) =>
      asRole.send(new GetFunctionConfigurationCommand({ FunctionName: `${name}${Qualifier ?? ""}` }));
    const action = "lambda:GetFunctionConfiguration";
    const why = `because no identity-based policy allows the ${action} action`;
    await denied(read(), action, `${ARN}${name}`, why);
    await suite.lambda.send(
      new AddPermissionCommand({
        FunctionName: name,
        StatementId: "role",
        Action: action,
        Principal: "arn:aws:iam::000000000000:role/test",
      }),
    );
    assert.equal((await read()).FunctionName, name);
    await denied(read(":1"), action, `${ARN}${name}:1`, why);
    const byQuery = new GetFunctionConfigurationCommand({ FunctionName: name, Qualifier: "1" });
    await denied(asRole.send(byQuery), action, `${ARN}${name}:1`, why);
  });

  test("a layer version's policy lets the role get that version, by name and by ARN", async () => {
    const { LayerVersionArn: arn = "" } = await publish(suite, { LayerName: "shared" });
    const get = () => asRole.send(new GetLayerVersionCommand({ LayerName: "shared", VersionNumber: 1 }));
    const byArn = () => asRole.send(new GetLayerVersionByArnCommand({ Arn: arn }));
    const action = "lambda:GetLayerVersion";
    const why = `because no identity-based policy allows the ${action} action`;
    for (const call of [get, byArn]) await denied(call(), action, arn, why);
    const permission = { LayerName: "shared", VersionNumber: 1, StatementId: "all", Action: action, Principal: "*" };
    await suite.lambda.send(new AddLayerVersionPermissionCommand(permission));
    for (const call of [get, byArn]) assert.equal((await call()).LayerVersionArn, arn);
    const remove = new DeleteLayerVersionCommand({ LayerName: "shared", VersionNumber: 1 });
    const reason = "because no identity-based policy allows the lambda:DeleteLayerVersion action";
    await denied(asRole.send(remove), "lambda:DeleteLayerVersion", arn, reason);
  });
});
