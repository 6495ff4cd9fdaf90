/** ListLayers and ListLayerVersions: order, pages, filters. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type Architecture,
  DeleteLayerVersionCommand,
  ListLayersCommand,
  type ListLayersCommandInput,
  ListLayerVersionsCommand,
  type ListLayerVersionsCommandInput,
  type Runtime,
} from "@aws-sdk/client-lambda";
import { LAYER_ARN, publish } from "./layer-suite.ts";
import { Suite } from "./suite.ts";

const BAD_MARKER = {
  status: 400,
  name: "InvalidParameterValueException",
  message: "The provided marker is invalid.",
};

describe("lists of layers", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
    // Layer c: five versions; a and b: one each, b without any compatibility said.
    for (const CompatibleRuntimes of [["python3.12"], ["nodejs22.x", "python3.12"], ["nodejs22.x"]] as Runtime[][]) {
      await publish(suite, { LayerName: "c", CompatibleRuntimes, CompatibleArchitectures: ["x86_64"] });
    }
    await publish(suite, { LayerName: "b" });
    await publish(suite, { LayerName: "c", CompatibleArchitectures: ["arm64"], CompatibleRuntimes: ["python3.12"] });
    await publish(suite, { LayerName: "a", CompatibleRuntimes: ["python3.12"], Description: "first" });
    await publish(suite, { LayerName: "c", CompatibleArchitectures: ["x86_64", "arm64"] });
    await suite.restart();
  });
  after(() => suite.stop());

  const layers = (input: ListLayersCommandInput = {}) => suite.lambda.send(new ListLayersCommand(input));
  const versions = (input: Partial<ListLayerVersionsCommandInput> = {}) =>
    suite.lambda.send(new ListLayerVersionsCommand({ LayerName: "c", ...input }));
  const newest = async (input: ListLayersCommandInput = {}) =>
    ((await layers(input)).Layers ?? []).map((layer) => [layer.LayerName, layer.LatestMatchingVersion?.Version]);
  const numbers = async (input: Partial<ListLayerVersionsCommandInput> = {}) =>
    ((await versions(input)).LayerVersions ?? []).map(({ Version }) => Version);

  test("layers come by name, each with its newest version", async () => {
    const { Layers: [first, ...others] = [], NextMarker } = await layers();
    const { CreatedDate = "", ...version } = first?.LatestMatchingVersion ?? {};
    assert.match(CreatedDate, /\+0000$/);
    assert.deepEqual(
      { ...first, LatestMatchingVersion: version },
      {
        LayerName: "a",
        LayerArn: `${LAYER_ARN}a`,
        LatestMatchingVersion: {
          LayerVersionArn: `${LAYER_ARN}a:1`,
          Version: 1,
          Description: "first",
          CompatibleRuntimes: ["python3.12"],
        },
      },
    );
    assert.deepEqual(
      others.map(({ LayerName, LatestMatchingVersion }) => [LayerName, LatestMatchingVersion?.Version]),
      [
        ["b", 1],
        ["c", 5],
      ],
    );
    assert.equal(NextMarker, undefined);
  });

  test("filters leave only what says it is compatible, and find the newest version of it", async () => {
    const arm: Architecture = "arm64";
    assert.deepEqual(await newest({ CompatibleRuntime: "python3.12" }), [
      ["a", 1],
      ["c", 4],
    ]);
    assert.deepEqual(await newest({ CompatibleRuntime: "nodejs22.x" }), [["c", 3]]);
    assert.deepEqual(await newest({ CompatibleArchitecture: "x86_64" }), [["c", 5]]);
    assert.deepEqual(await newest({ CompatibleRuntime: "python3.12", CompatibleArchitecture: "x86_64" }), [["c", 2]]);
    assert.deepEqual(await newest({ CompatibleRuntime: "ruby3.4" }), []);
    assert.deepEqual(await numbers(), [5, 4, 3, 2, 1]);
    assert.deepEqual(await numbers({ CompatibleRuntime: "python3.12" }), [4, 2, 1]);
    assert.deepEqual(await numbers({ CompatibleArchitecture: arm, LayerName: `${LAYER_ARN}c` }), [5, 4]);
    assert.deepEqual(await numbers({ CompatibleArchitecture: arm, CompatibleRuntime: "python3.12" }), [4]);
  });

  test("pages follow each other without gap, the filter with them", async () => {
    const pages: unknown[] = [];
    let Marker: string | undefined;
    do {
      const page = await versions({ MaxItems: 2, ...(Marker !== undefined && { Marker }) });
      pages.push(page.LayerVersions?.map(({ Version }) => Version));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.deepEqual(pages, [[5, 4], [3, 2], [1]]);
    const filter = { CompatibleRuntime: "python3.12" as const, MaxItems: 1 };
    const first = await layers(filter);
    assert.ok(first.NextMarker);
    assert.deepEqual(await newest({ ...filter, Marker: first.NextMarker }), [["c", 4]]);
    await suite.refused(layers({ Marker: first.NextMarker }), BAD_MARKER);
  });

  test("a marker of another list, and what is none, is refused", async () => {
    const { NextMarker = "" } = await versions({ MaxItems: 1 });
    await suite.refused(versions({ LayerName: "b", Marker: NextMarker }), BAD_MARKER);
    await suite.refused(layers({ Marker: NextMarker }), BAD_MARKER);
    await suite.refused(versions({ Marker: "x" }), BAD_MARKER);
  });

  test("pages hold one to fifty items", async () => {
    assert.deepEqual(await newest({ MaxItems: 50 }), await newest());
    const outside = (constraint: string) => ({
      status: 400,
      name: "ValidationException",
      message: new RegExp(`at 'maxItems' failed to satisfy constraint: Member must have value ${constraint}$`),
    });
    for (const list of [layers, versions]) {
      await suite.refused(list({ MaxItems: 0 }), outside("greater than or equal to 1"));
      await suite.refused(list({ MaxItems: 51 }), outside("less than or equal to 50"));
    }
  });

  test("filters that name no runtime or architecture are refused", async () => {
    for (const list of [layers, versions]) {
      await suite.refused(list({ CompatibleRuntime: "cobol" as Runtime }), {
        status: 400,
        name: "ValidationException",
        message:
          /^1 validation error detected: Value 'cobol' at 'compatibleRuntime' failed to satisfy constraint: Member must satisfy enum value set: \[nodejs20\.x, .*\]$/,
      });
      await suite.refused(list({ CompatibleArchitecture: "mips" as Architecture }), {
        status: 400,
        name: "ValidationException",
        message:
          "1 validation error detected: Value 'mips' at 'compatibleArchitecture' failed to satisfy constraint: Member must satisfy enum value set: [x86_64, arm64]",
      });
    }
  });

  test("a layer that does not exist, or whose versions are all deleted, has no versions and is not listed", async () => {
    assert.deepEqual((await versions({ LayerName: "nobody-published-this" })).LayerVersions, []);
    await publish(suite, { LayerName: "z" });
    await suite.lambda.send(new DeleteLayerVersionCommand({ LayerName: "z", VersionNumber: 1 }));
    assert.deepEqual((await versions({ LayerName: "z" })).LayerVersions, []);
    assert.equal((await newest()).at(-1)?.[0], "c");
  });
});
