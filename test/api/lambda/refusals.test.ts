import { after, before, test } from "node:test";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { TestRegion } from "../../test-region.ts";
import { activeFunction, CODE, invalid, refused, settings } from "./given.ts";
import { zipOfEntries } from "./zip.ts";

let region: TestRegion;
before(async () => {
  region = await TestRegion.start();
});
after(() => region.stop());

const create = (more: Partial<CreateFunctionCommandInput>) =>
  region.lambda.send(new CreateFunctionCommand(settings(more)));

const badValue = (call: Promise<unknown>, message: string) =>
  refused(call, 400, "ValidationException", `1 validation error detected: ${message}`);

test("memory, timeout and storage are allowed at their borders and refused beyond them", async () => {
  await activeFunction(region, { MemorySize: 128, Timeout: 1, EphemeralStorage: { Size: 512 } });
  await activeFunction(region, { MemorySize: 10240, Timeout: 900, EphemeralStorage: { Size: 10240 } });
  const atLeast = (path: string, value: number, border: number) =>
    `Value '${value}' at '${path}' failed to satisfy constraint: Member must have value greater than or equal to ${border}`;
  const atMost = (path: string, value: number, border: number) =>
    `Value '${value}' at '${path}' failed to satisfy constraint: Member must have value less than or equal to ${border}`;
  await badValue(create({ MemorySize: 127 }), atLeast("memorySize", 127, 128));
  await badValue(create({ Timeout: 0 }), atLeast("timeout", 0, 1));
  await badValue(create({ EphemeralStorage: { Size: 511 } }), atLeast("ephemeralStorage.size", 511, 512));
  await badValue(create({ Timeout: 901 }), atMost("timeout", 901, 900));
  await badValue(create({ EphemeralStorage: { Size: 10241 } }), atMost("ephemeralStorage.size", 10241, 10240));
  await invalid(
    create({ MemorySize: 10241 }),
    "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240",
  );
});

test("a name has at most 64 characters", async () => {
  await activeFunction(region, { FunctionName: "n".repeat(64) });
  const long = "n".repeat(65);
  await invalid(
    create({ FunctionName: long }),
    `1 validation error detected: Value '${long}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64`,
  );
});

test("a runtime that is unknown or retired is refused, in both words", async () => {
  await invalid(
    create({ Runtime: "cobol1.x" as "nodejs22.x" }),
    "Value cobol1.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2] or be a valid ARN",
  );
  for (const runtime of ["nodejs14.x", "go1.x", "python3.7", "provided"] as const) {
    await invalid(
      create({ Runtime: runtime }),
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
    );
  }
});

test("a zip function needs runtime and handler", async () => {
  const { Runtime: _, ...withoutRuntime } = settings();
  const { Handler: __, ...withoutHandler } = settings();
  for (const input of [withoutRuntime, withoutHandler]) {
    await invalid(
      region.lambda.send(new CreateFunctionCommand(input as CreateFunctionCommandInput)),
      "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    );
  }
});

test("reserved variables are refused by name, at creation and later", async () => {
  const variables = { MINE: "1", AWS_REGION: "mars" };
  const message =
    "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION";
  await invalid(create({ Environment: { Variables: { MINE: "1", AWS_REGION: "mars" } } }), message);
  const name = await activeFunction(region, { Environment: { Variables: { PATH: "/x", NODE_OPTIONS: "-r x" } } });
  const update = (Variables: Record<string, string>) =>
    region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment: { Variables } }));
  await invalid(update({ AWS_REGION: variables.AWS_REGION, AWS_ACCESS_KEY_ID: "x" }), `${message}, AWS_ACCESS_KEY_ID`);
});

test("variables have 4,096 bytes as JSON, and not one more", async () => {
  const variables = (bytes: number) => ({ KEY: "x".repeat(bytes - '{"KEY":""}'.length) });
  await activeFunction(region, { Environment: { Variables: variables(4096) } });
  await invalid(
    create({ Environment: { Variables: variables(4097) } }),
    `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(variables(4097))}`,
  );
});

test("code must be a zip, and not too large", async () => {
  const code = (ZipFile: Uint8Array) => create({ Code: { ZipFile } });
  const unreadable = "Could not unzip uploaded file. Please check your file, then try to upload again.";
  await invalid(code(Buffer.from("this is not a zip")), unreadable);
  await invalid(code(CODE.subarray(0, 50)), unreadable);
  await invalid(code(zipOfEntries([{ name: "../escape", content: "x" }])), unreadable);
  await invalid(code(zipOfEntries([{ name: "link", content: "/etc/passwd", mode: 0o120777 }])), unreadable);
  await invalid(
    code(zipOfEntries([{ name: "bomb", content: "x", declaredSize: 262_144_001 }])),
    "Unzipped size must be smaller than 262144000 bytes",
  );
  await invalid(code(zipOfEntries([])), "Uploaded file must be a non-empty zip");
  await refused(
    code(Buffer.alloc(52_428_801)),
    413,
    "RequestEntityTooLargeException",
    "Zipped size must be smaller than 52428800 bytes",
  );
});
