/** What the configurations of function URLs may hold: each constraint at its border and one past it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type Cors,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  ListFunctionUrlConfigsCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { ARN, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const QUALIFIER_PATTERN = "((?!^\\d+$)^[0-9a-zA-Z-_]+$)";
const FAILED = "failed to satisfy constraint:";

describe("function URL configurations, at the borders", () => {
  let suite: Suite;
  let name = "";
  before(async () => {
    suite = await Suite.start();
    const input = settings();
    name = String(input.FunctionName);
    await suite.lambda.send(new CreateFunctionCommand(input));
    await suite.lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: "NONE" }));
  });
  after(() => suite.stop());

  const withCors = (Cors: Cors) => suite.lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: name, Cors }));
  const invalid = (call: Promise<unknown>, message: string | RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });
  const many = (count: number, item: (index: number) => string) => Array.from({ length: count }, (_, i) => item(i));

  test("lists of CORS settings hold as much as AWS lets them", async () => {
    const largest: Cors = {
      AllowHeaders: many(100, (i) => `X-${i}`),
      AllowMethods: ["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE"],
      AllowOrigins: many(100, (i) => `https://${i}.example.com`),
      ExposeHeaders: many(100, (i) => `X-${i}`),
      MaxAge: 86_400,
    };
    assert.deepEqual((await withCors(largest)).Cors, largest);
    const empty: Cors = { AllowHeaders: [], AllowMethods: [], AllowOrigins: [], ExposeHeaders: [], MaxAge: 0 };
    assert.deepEqual((await withCors(empty)).Cors, empty);
    const past = (member: string, limit: number) =>
      new RegExp(`at 'cors\\.${member}' ${FAILED} Member must have length less than or equal to ${limit}$`);
    await invalid(withCors({ AllowHeaders: many(101, (i) => `X-${i}`) }), past("allowHeaders", 100));
    await invalid(withCors({ ExposeHeaders: many(101, (i) => `X-${i}`) }), past("exposeHeaders", 100));
    await invalid(withCors({ AllowOrigins: many(101, (i) => `https://${i}.example.com`) }), past("allowOrigins", 100));
    await invalid(withCors({ AllowMethods: many(7, () => "GET") }), past("allowMethods", 6));
    await invalid(
      withCors({ MaxAge: 86_401 }),
      `1 validation error detected: Value '86401' at 'cors.maxAge' ${FAILED} Member must have value less than or equal to 86400`,
    );
    await invalid(
      withCors({ MaxAge: -1 }),
      `1 validation error detected: Value '-1' at 'cors.maxAge' ${FAILED} Member must have value greater than or equal to 0`,
    );
  });

  test("items of CORS settings are as long as AWS lets them", async () => {
    const largest: Cors = {
      AllowHeaders: ["h".repeat(1024), ""],
      AllowMethods: ["DELETE"],
      AllowOrigins: [`https://${"o".repeat(245)}`, "o"],
      ExposeHeaders: ["h".repeat(1024), ""],
    };
    assert.deepEqual((await withCors(largest)).Cors, largest);
    const items = (constraints: string) => new RegExp(`Member must satisfy constraint: \\[${constraints}`);
    const lengths = (most: number, least: number) =>
      `Member must have length less than or equal to ${most}, Member must have length greater than or equal to ${least}, `;
    await invalid(withCors({ AllowHeaders: ["h".repeat(1025)] }), items(lengths(1024, 0)));
    await invalid(withCors({ ExposeHeaders: ["h".repeat(1025)] }), items(lengths(1024, 0)));
    await invalid(withCors({ AllowOrigins: ["o".repeat(254)] }), items(lengths(253, 1)));
    await invalid(withCors({ AllowOrigins: [""] }), items(lengths(253, 1)));
    await invalid(withCors({ AllowMethods: ["OPTIONS"] }), items(lengths(6, 0)));
  });

  test("methods that do not exist, and text that no header can carry, are refused", async () => {
    assert.deepEqual((await withCors({ AllowMethods: ["*"] })).Cors, { AllowMethods: ["*"] });
    const refused = (cors: Cors, message: string) =>
      suite.refused(withCors(cors), { status: 400, name: "InvalidParameterValueException", message });
    const methods = "GET, PUT, HEAD, POST, PATCH, DELETE, *";
    await refused({ AllowMethods: ["get"] }, `Value 'get' at 'cors.allowMethods' is not among ${methods}`);
    for (const [member, key] of [
      ["allowOrigins", "AllowOrigins"],
      ["allowHeaders", "AllowHeaders"],
      ["exposeHeaders", "ExposeHeaders"],
    ] as const) {
      const message = `Value 'ü' at 'cors.${member}' is not made of printable ASCII characters`;
      await refused({ [key]: ["ü"] }, message);
      await refused({ [key]: ["a\u0000b"] }, message.replace("ü", "a\u0000b"));
    }
  });

  test("AuthType and InvokeMode are of their sets, and AuthType is required of a new one", async () => {
    const update = (more: object) =>
      suite.lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: name, ...more }));
    await invalid(
      update({ AuthType: "COGNITO" }),
      `1 validation error detected: Value 'COGNITO' at 'authType' ${FAILED} Member must satisfy enum value set: [NONE, AWS_IAM]`,
    );
    await invalid(
      update({ InvokeMode: "STREAM" }),
      `1 validation error detected: Value 'STREAM' at 'invokeMode' ${FAILED} Member must satisfy enum value set: [BUFFERED, RESPONSE_STREAM]`,
    );
    await invalid(
      suite.lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: undefined })),
      `1 validation error detected: Value null at 'authType' ${FAILED} Member must not be null`,
    );
  });

  test("versions and $LATEST have no URL of their own", async () => {
    const commands = (input: { FunctionName: string; Qualifier?: string }) => [
      new CreateFunctionUrlConfigCommand({ ...input, AuthType: "NONE" }),
      new GetFunctionUrlConfigCommand(input),
      new UpdateFunctionUrlConfigCommand(input),
      new DeleteFunctionUrlConfigCommand(input),
    ];
    const send = (command: unknown) => suite.lambda.send(command as GetFunctionUrlConfigCommand);
    for (const Qualifier of ["1", "$LATEST"]) {
      for (const command of commands({ FunctionName: name, Qualifier })) {
        await invalid(
          send(command),
          `1 validation error detected: Value '${Qualifier}' at 'qualifier' ${FAILED} Member must satisfy regular expression pattern: ${QUALIFIER_PATTERN}`,
        );
      }
      for (const command of commands({ FunctionName: `${ARN}${name}:${Qualifier}` })) {
        await invalid(send(command), /at 'functionName' .*Member must satisfy regular expression pattern: /);
      }
    }
    for (const command of commands({ FunctionName: name, Qualifier: "a".repeat(129) })) {
      await invalid(send(command), /at 'qualifier' .*Member must have length less than or equal to 128$/);
    }
    for (const command of commands({ FunctionName: `${name}:a`, Qualifier: "b" })) {
      await suite.refused(send(command), {
        status: 400,
        name: "InvalidParameterValueException",
        message: "The derived qualifier from the function name does not match the specified qualifier.",
      });
    }
  });

  test("a page has from 1 to 50 items", async () => {
    const list = (MaxItems: number) =>
      suite.lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName: name, MaxItems }));
    assert.equal((await list(1)).FunctionUrlConfigs?.length, 1);
    assert.equal((await list(50)).FunctionUrlConfigs?.length, 1);
    await invalid(
      list(0),
      `1 validation error detected: Value '0' at 'maxItems' ${FAILED} Member must have value greater than or equal to 1`,
    );
    await invalid(
      list(51),
      `1 validation error detected: Value '51' at 'maxItems' ${FAILED} Member must have value less than or equal to 50`,
    );
  });

  test("names of other accounts and regions are refused", async () => {
    const get = (FunctionName: string) => suite.lambda.send(new GetFunctionUrlConfigCommand({ FunctionName }));
    await suite.refused(get("arn:aws:lambda:us-east-1:111111111111:function:f"), {
      status: 403,
      name: "AccessDeniedException",
      message:
        /is not authorized to perform: lambda:GetFunctionUrlConfig on resource: arn:aws:lambda:us-east-1:111111111111:function:f/,
    });
    await suite.refused(get("arn:aws:lambda:eu-west-1:000000000000:function:f"), {
      status: 404,
      name: "ResourceNotFoundException",
      message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    });
  });
});
