/** Layers: published, got by name and by ARN, downloaded, deleted. Lists, policies and functions have files of their own. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  DeleteLayerVersionCommand,
  GetAccountSettingsCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  ListLayerVersionsCommand,
  PublishLayerVersionCommand,
  type Runtime,
} from "@aws-sdk/client-lambda";
import { zipOfEntries } from "../api/lambda/zip.ts";
import { contentOf, LAYER_ARN, newLayerName, publish, RUNTIMES } from "./layer-suite.ts";
import { Suite } from "./suite.ts";

const OTHER_REGION = "arn:aws:lambda:eu-west-1:000000000000:layer:x";
const OTHER_ACCOUNT = "arn:aws:lambda:us-east-1:123456789012:layer:x";
const NOT_FOUND = {
  status: 404,
  name: "ResourceNotFoundException",
  message: "The resource you requested does not exist.",
};
const BELOW_ONE = {
  status: 400,
  name: "InvalidParameterValueException",
  message: "Layer Version Cannot be less than 1",
};

describe("layers", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const get = (LayerName: string, VersionNumber: number) =>
    suite.lambda.send(new GetLayerVersionCommand({ LayerName, VersionNumber }));
  const byArn = (Arn: string) => suite.lambda.send(new GetLayerVersionByArnCommand({ Arn }));
  const remove = (LayerName: string, VersionNumber: number) =>
    suite.lambda.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber }));

  test("a version is answered as it was published, downloads as it was sent, and is there after a crash", async () => {
    const LayerName = newLayerName();
    const zip = contentOf("everything");
    const {
      $metadata,
      Content: _location,
      ...published
    } = await publish(suite, {
      LayerName,
      Content: { ZipFile: zip },
      Description: "with everything",
      CompatibleRuntimes: ["python3.12", "nodejs22.x", "nodejs14.x"],
      CompatibleArchitectures: ["x86_64", "arm64"],
      LicenseInfo: "MIT",
    });
    assert.equal($metadata.httpStatusCode, 201);
    const { CreatedDate = "", ...rest } = published;
    assert.match(CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    assert.deepEqual(rest, {
      LayerArn: LAYER_ARN + LayerName,
      LayerVersionArn: `${LAYER_ARN}${LayerName}:1`,
      Version: 1,
      Description: "with everything",
      CompatibleRuntimes: ["python3.12", "nodejs22.x", "nodejs14.x"],
      CompatibleArchitectures: ["x86_64", "arm64"],
      LicenseInfo: "MIT",
    });
    await suite.restart();
    for (const answer of [await get(LayerName, 1), await byArn(`${LAYER_ARN}${LayerName}:1`)]) {
      const { $metadata: _, Content: content, ...known } = answer;
      assert.deepEqual(known, published);
      assert.equal(content?.CodeSize, zip.length);
      assert.equal(content?.CodeSha256, createHash("sha256").update(zip).digest("base64"));
      assert.deepEqual(Buffer.from(await (await fetch(String(content?.Location))).arrayBuffer()), zip);
      assert.equal((await fetch(String(content?.Location).replace(/\?.*/, ""))).status, 403, "only by its signature");
    }
  });

  test("what was not said is absent, what was said to be nothing is empty", async () => {
    const bare = await publish(suite);
    assert.equal(bare.Description, "");
    for (const member of ["CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"] as const) {
      assert.equal(bare[member], undefined);
    }
    const empty = await publish(suite, { CompatibleRuntimes: [], CompatibleArchitectures: [], Description: "" });
    assert.deepEqual([empty.CompatibleRuntimes, empty.CompatibleArchitectures], [[], []]);
  });

  test("a layer is named by its ARN, too, and equal content makes a version of its own", async () => {
    const LayerName = newLayerName();
    await publish(suite, { LayerName });
    const second = await publish(suite, { LayerName: LAYER_ARN + LayerName });
    assert.equal(second.LayerVersionArn, `${LAYER_ARN}${LayerName}:2`);
    assert.equal((await get(LAYER_ARN + LayerName, 1)).Version, 1);
  });

  test("the numbers of versions are never used again, not even when all are deleted", async () => {
    const LayerName = newLayerName();
    const numbers = async (count: number) => {
      const all = [];
      for (let i = 0; i < count; i += 1) all.push((await publish(suite, { LayerName })).Version);
      return all;
    };
    assert.deepEqual(await numbers(2), [1, 2]);
    assert.equal((await remove(LayerName, 2)).$metadata.httpStatusCode, 204);
    await remove(LAYER_ARN + LayerName, 1);
    await suite.refused(get(LayerName, 2), NOT_FOUND);
    await suite.refused(byArn(`${LAYER_ARN}${LayerName}:2`), NOT_FOUND);
    assert.deepEqual((await suite.lambda.send(new ListLayerVersionsCommand({ LayerName }))).LayerVersions, []);
    await suite.restart();
    assert.deepEqual(await numbers(1), [3]);
    const concurrent = await Promise.all([1, 2, 3].map(() => publish(suite, { LayerName })));
    assert.deepEqual(concurrent.map(({ Version }) => Version).sort(), [4, 5, 6]);
  });

  test("deleting what is not there is no error", async () => {
    for (const version of [1, 2]) {
      assert.equal((await remove("nobody-published-this", version)).$metadata.httpStatusCode, 204);
    }
  });

  test("versions that cannot be or are not there are refused", async () => {
    const { LayerVersionArn = "" } = await publish(suite);
    const name = LayerVersionArn.split(":")[6] ?? "";
    for (const version of [0, -1]) {
      await suite.refused(get(name, version), BELOW_ONE);
      await suite.refused(remove(name, version), BELOW_ONE);
    }
    await suite.refused(byArn(`${LAYER_ARN}${name}:0`), BELOW_ONE);
    await suite.refused(get(name, 2), NOT_FOUND);
    await suite.refused(get("nobody-published-this", 1), NOT_FOUND);
    await suite.refused(byArn(`${LAYER_ARN}${name}:2`), NOT_FOUND);
    await suite.refused(byArn(`${LAYER_ARN}${name}:99999999999999999999`), NOT_FOUND);
    await suite.refused(byArn("arn:aws:lambda:::awslayer:AmazonLinux1803"), NOT_FOUND);
    await suite.refused(byArn(LAYER_ARN + name), {
      status: 400,
      name: "ValidationException",
      message: /^1 validation error detected: Value '.*' at 'arn' failed .* regular expression pattern: /,
    });
  });

  test("layers of other regions and accounts are out of reach", async () => {
    const region = "Layers from 'eu-west-1' are not reachable in this region ('us-east-1')";
    const elsewhere = { status: 404, name: "ResourceNotFoundException", message: region };
    const denied = (action: string, resource: string) => ({
      status: 403,
      name: "AccessDeniedException",
      message: `User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:${action} on resource: ${resource} because no resource-based policy allows the lambda:${action} action`,
    });
    await suite.refused(publish(suite, { LayerName: OTHER_REGION }), elsewhere);
    await suite.refused(get(OTHER_REGION, 1), elsewhere);
    await suite.refused(byArn(`${OTHER_REGION}:1`), elsewhere);
    await suite.refused(remove(OTHER_REGION, 1), elsewhere);
    await suite.refused(publish(suite, { LayerName: OTHER_ACCOUNT }), denied("PublishLayerVersion", OTHER_ACCOUNT));
    await suite.refused(get(OTHER_ACCOUNT, 1), denied("GetLayerVersion", OTHER_ACCOUNT));
    await suite.refused(byArn(`${OTHER_ACCOUNT}:1`), denied("GetLayerVersion", `${OTHER_ACCOUNT}:1`));
    await suite.refused(remove(OTHER_ACCOUNT, 1), denied("DeleteLayerVersion", OTHER_ACCOUNT));
  });

  test("names, descriptions, licenses and lists are as long as they may be, and not longer", async () => {
    const longest = {
      LayerName: "n".repeat(140),
      Description: "d".repeat(256),
      LicenseInfo: "l".repeat(512),
      CompatibleRuntimes: Array.from({ length: 15 }, () => "python3.12" as const),
      CompatibleArchitectures: ["arm64", "x86_64"] as const,
    };
    const published = await publish(suite, { ...longest, CompatibleArchitectures: ["arm64", "x86_64"] });
    assert.equal(published.Description, longest.Description);
    assert.equal((await get(longest.LayerName, 1)).LicenseInfo, longest.LicenseInfo);
    const invalid = (path: string, constraint: string) => ({
      status: 400,
      name: "ValidationException",
      message: new RegExp(`^1 validation error detected: Value '.*' at '${path}' failed .*: .*${constraint}`, "s"),
    });
    const limit = (path: string, length: number) =>
      invalid(path, `Member must have length less than or equal to ${length}`);
    for (const LayerName of ["n".repeat(141), "a.b"]) {
      await suite.refused(publish(suite, { LayerName }), invalid("layerName", "regular expression pattern"));
    }
    await suite.refused(publish(suite, { Description: "d".repeat(257) }), limit("description", 256));
    await suite.refused(publish(suite, { LicenseInfo: "l".repeat(513) }), limit("licenseInfo", 512));
    const sixteen = Array.from({ length: 16 }, () => "python3.12" as const);
    await suite.refused(publish(suite, { CompatibleRuntimes: sixteen }), limit("compatibleRuntimes", 15));
    await suite.refused(
      publish(suite, { CompatibleArchitectures: ["arm64", "arm64", "arm64"] }),
      limit("compatibleArchitectures", 2),
    );
    await suite.refused(
      publish(suite, { CompatibleArchitectures: ["mips" as "arm64"] }),
      invalid("compatibleArchitectures", "enum value set: \\[x86_64, arm64\\]"),
    );
    await suite.refused(publish(suite, { CompatibleRuntimes: ["cobol" as Runtime, "nodejs22.x"] }), {
      status: 400,
      name: "ValidationException",
      message: new RegExp(
        `^1 validation error detected: Value '\\[cobol, nodejs22\\.x\\]' at 'compatibleRuntimes' .*${RUNTIMES.source}`,
      ),
    });
  });

  test("content that is no zip, too large, or not where it can be taken from is refused, and makes no version", async () => {
    const LayerName = newLayerName();
    const refused = (Content: object, message: string) =>
      suite.refused(suite.lambda.send(new PublishLayerVersionCommand({ LayerName, Content })), {
        status: 400,
        name: "InvalidParameterValueException",
        message,
      });
    await refused({}, "Please provide a source for layer content.");
    await refused({ ZipFile: Buffer.alloc(0) }, "Uploaded file must be a non-empty zip");
    const unzip = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    await refused({ ZipFile: Buffer.from("no zip") }, unzip);
    const outside = zipOfEntries([{ name: "link", content: "/etc/passwd", mode: 0o120777 }]);
    await refused({ ZipFile: outside }, unzip);
    const giant = zipOfEntries([{ name: "a", content: "a", declaredSize: 262_144_001 }]);
    await refused({ ZipFile: giant }, "Unzipped size must be smaller than 262144000 bytes");
    const s3 =
      "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist";
    await refused({ S3Bucket: "bucket", S3Key: "key" }, s3);
    const both = "Please do not provide other LayerVersionContentInput parameters when providing a ZipFile.";
    await refused({ S3Bucket: "bucket", S3Key: "key", ZipFile: contentOf("x") }, both);
    await suite.refused(
      suite.lambda.send(new PublishLayerVersionCommand({ LayerName, Content: { ZipFile: Buffer.alloc(52_428_801) } })),
      {
        status: 413,
        name: "RequestEntityTooLargeException",
        message: "Zipped size must be smaller than 52428800 bytes",
      },
    );
    assert.equal((await publish(suite, { LayerName })).Version, 1);
  });

  test("layers count for the storage of the account", async () => {
    const used = async () =>
      (await suite.lambda.send(new GetAccountSettingsCommand({}))).AccountUsage?.TotalCodeSize ?? 0;
    const before = await used();
    const { Content, Version = 0, LayerArn = "" } = await publish(suite);
    assert.equal(await used(), before + (Content?.CodeSize ?? 0));
    await remove(LayerArn, Version);
    assert.equal(await used(), before);
  });
});
