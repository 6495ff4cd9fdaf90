/** Any sequence of control operations on functions, through the API, leaves what the catalog's model predicts. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  LambdaServiceException,
  ListAliasesCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  TagResourceCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import fc from "fast-check";
import { CatalogModel, type Content } from "../../src/functions/test-catalog-model.ts";
import { ARN, settings, settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { Suite } from "./suite.ts";

const ALIASES = ["live", "test"];
const VERSIONS = ["$LATEST", "1", "2", "3"];
/** Of different sizes, by which they are told apart. */
const CODES = [1, 2, 3].map((code) => zipOf({ [`${"x".repeat(code)}.js`]: "exports.handler = async () => 1;" }));
const NEW = { state: "Active", status: "Successful" } as const;

let suite: Suite;
before(async () => {
  suite = await Suite.start();
});
after(() => suite.stop());

/** One function of one run, and what the model knows of it. */
class World {
  static #runs = 0;
  readonly model = new CatalogModel();
  readonly name = `function-${++World.#runs}`;
  readonly arn = `${ARN}${this.name}`;

  get its() {
    return this.model.functions.get(this.name);
  }
}

type Step = (world: World) => Promise<void>;

function steps<T>(name: string, its: fc.Arbitrary<T>, take: (its: T) => Step): fc.Arbitrary<Step> {
  return its.map((its) => Object.assign(take(its), { [fc.toStringMethod]: () => `${name}(${fc.stringify(its)})` }));
}

/** `done`, or the name of the error. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    if (error instanceof LambdaServiceException) return error.name;
    throw error;
  }
}

const NOT_FOUND = "ResourceNotFoundException";
const CONFLICT = "ResourceConflictException";
const INVALID = "InvalidParameterValueException";
const ALIAS_OUTCOMES: Record<string, string> = {
  written: "done",
  taken: CONFLICT,
  missing: NOT_FOUND,
  "no such version": NOT_FOUND,
};

const memoryMb = fc.integer({ min: 128, max: 131 });
const code = fc.integer({ min: 1, max: CODES.length });

const create = steps("create", fc.record({ memoryMb, code, publish: fc.boolean() }), (its) => async (world) => {
  const { name: FunctionName, model } = world;
  const expected = model.create(
    FunctionName,
    { ...NEW, memoryMb: its.memoryMb, code: its.code },
    numbered(its.publish),
    {},
  );
  const Code = { ZipFile: zip(its.code) };
  const input = { FunctionName, MemorySize: its.memoryMb, Code, Publish: its.publish };
  const created = await outcome(suite.lambda.send(new CreateFunctionCommand(settings(input))));
  assert.equal(created, expected ? "done" : CONFLICT);
  await ready(world);
});

const updateConfiguration = steps("updateConfiguration", memoryMb, (memoryMb) => async (world) => {
  const input = { FunctionName: world.name, MemorySize: memoryMb };
  const updated = await outcome(suite.lambda.send(new UpdateFunctionConfigurationCommand(input)));
  assert.equal(updated, world.its ? "done" : NOT_FOUND);
  world.model.update(world.name, { memoryMb }, undefined);
  await ready(world);
});

const updateCode = steps("updateCode", fc.record({ code, publish: fc.boolean() }), (its) => async (world) => {
  const input = { FunctionName: world.name, ZipFile: zip(its.code), Publish: its.publish };
  const updated = await outcome(suite.lambda.send(new UpdateFunctionCodeCommand(input)));
  assert.equal(updated, world.its ? "done" : NOT_FOUND);
  world.model.update(world.name, { code: its.code }, numbered(its.publish && differs(world, { code: its.code })));
  await ready(world);
});

const publishers = fc.integer({ min: 1, max: 3 });
const publish = steps("publish", publishers, (publishers) => async (world) => {
  const publication = () => suite.lambda.send(new PublishVersionCommand({ FunctionName: world.name }));
  if (!world.its) return assert.equal(await outcome(publication()), NOT_FOUND);
  const number = differs(world, {}) ? world.model.update(world.name, {}, "number") : newestOf(world);
  // However many publish the same at the same moment, it becomes one version.
  const published = await Promise.all(Array.from({ length: publishers }, publication));
  for (const { Version } of published) assert.equal(Version, number);
});

const rivals = fc.uniqueArray(memoryMb, { minLength: 2, maxLength: 4 });
const compete = steps("compete", rivals, (rivals) => async (world) => {
  const { its, name: FunctionName } = world;
  if (!its) return;
  const { RevisionId } = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const update = (MemorySize: number) =>
    new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize, ...(RevisionId && { RevisionId }) });
  // Of those who know the same revision, one alone may change it.
  const outcomes = await Promise.all(rivals.map((memory) => outcome(suite.lambda.send(update(memory)))));
  const winners = rivals.filter((_, index) => outcomes[index] === "done");
  assert.equal(winners.length, 1, String(outcomes));
  for (const lost of outcomes) assert.ok(["done", CONFLICT, "PreconditionFailedException"].includes(lost), lost);
  world.model.update(FunctionName, { memoryMb: Number(winners[0]) }, undefined);
  await ready(world);
});

const alias = fc.constantFrom(...ALIASES);
const additional = fc.record({ version: fc.constantFrom("1", "2", "3"), weight: fc.constantFrom(0, 0.3, 1) });
const routing = fc.record({ version: fc.constantFrom(...VERSIONS), additional: fc.option(additional) });
const setAlias = steps("setAlias", fc.record({ alias, routing, isNew: fc.boolean() }), (its) => async (world) => {
  const { version, additional } = its.routing;
  const AdditionalVersionWeights = additional ? { [additional.version]: additional.weight } : {};
  const input = {
    FunctionName: world.name,
    Name: its.alias,
    FunctionVersion: version,
    RoutingConfig: { AdditionalVersionWeights },
  };
  const isInvalid = additional !== null && (version === "$LATEST" || version === additional.version);
  const isMissing = !(its.isNew || world.its?.aliases.has(its.alias));
  const wanted = { version, ...(additional && { additional: { ...additional } }) };
  const written = its.isNew
    ? await outcome(suite.lambda.send(new CreateAliasCommand(input)))
    : await outcome(suite.lambda.send(new UpdateAliasCommand(input)));
  if (isInvalid && !isMissing) return assert.equal(written, INVALID);
  assert.equal(written, ALIAS_OUTCOMES[world.model.setAlias(world.name, its.alias, wanted, its.isNew)]);
});

const deleteAlias = steps("deleteAlias", alias, (Name) => async (world) => {
  const { name: FunctionName, model } = world;
  const expected = world.its ? "done" : NOT_FOUND;
  model.deleteAlias(FunctionName, Name);
  assert.equal(await outcome(suite.lambda.send(new DeleteAliasCommand({ FunctionName, Name }))), expected);
});

const deleteVersion = steps("deleteVersion", fc.constantFrom("1", "2"), (Qualifier) => async (world) => {
  const { name: FunctionName, model } = world;
  const outcomes: Record<string, string> = { deleted: "done", missing: NOT_FOUND, "in use": CONFLICT };
  const expected = outcomes[model.deleteVersion(FunctionName, Qualifier)];
  assert.equal(await outcome(suite.lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier }))), expected);
});

const deleteFunction = steps("deleteFunction", fc.constant({}), () => async ({ name: FunctionName, model }) => {
  const expected = model.functions.delete(FunctionName) ? "done" : NOT_FOUND;
  assert.equal(await outcome(suite.lambda.send(new DeleteFunctionCommand({ FunctionName }))), expected);
});

const tag = steps("tag", fc.constantFrom("1", "2"), (value) => async (world) => {
  const expected = world.model.tag(world.name, "key", value) ? "done" : NOT_FOUND;
  const call = suite.lambda.send(new TagResourceCommand({ Resource: world.arn, Tags: { key: value } }));
  assert.equal(await outcome(call), expected);
});

const step = fc.oneof(
  { arbitrary: create, weight: 2 },
  { arbitrary: updateConfiguration, weight: 2 },
  { arbitrary: updateCode, weight: 2 },
  { arbitrary: publish, weight: 3 },
  { arbitrary: compete, weight: 2 },
  { arbitrary: setAlias, weight: 4 },
  deleteAlias,
  deleteVersion,
  deleteFunction,
  tag,
);

const numbered = (isPublished: boolean) => (isPublished ? "number" : undefined);
const zip = (code: number): Uint8Array => CODES[code - 1] ?? assert.fail(`no code ${code}`);
const newestOf = ({ its }: World): string | undefined => [...(its?.published.keys() ?? [])].at(-1);

function differs({ its }: World, change: Partial<Content>): boolean {
  const [newest, latest] = [[...(its?.published.values() ?? [])].at(-1)?.content, its?.latest.shown.content];
  if (!newest || !latest) return true;
  const changed = { ...latest, ...change };
  return newest.memoryMb !== changed.memoryMb || newest.code !== changed.code;
}

/** An operation on a function that is being updated is refused, so the next one waits. */
async function ready(world: World): Promise<void> {
  for (const version of world.its ? ["$LATEST", newestOf(world)] : []) {
    if (version !== undefined) await settled(suite.region, world.name, version);
  }
}

const contentOf = ({ MemorySize, CodeSize }: FunctionConfiguration) => ({ MemorySize, CodeSize });

async function compare({ name: FunctionName, arn, its }: World): Promise<void> {
  const versions = suite.lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
  if (!its) return assert.equal(await outcome(versions), NOT_FOUND);
  const expected = [["$LATEST", its.latest.shown] as const, ...its.published].map(([Version, { content }]) => ({
    Version,
    MemorySize: content.memoryMb,
    CodeSize: zip(content.code).length,
  }));
  const listed = (await versions).Versions ?? [];
  assert.deepEqual(
    listed.map(({ Version, ...rest }) => ({ Version, ...contentOf(rest) })),
    expected,
  );
  const { Aliases = [] } = await suite.lambda.send(new ListAliasesCommand({ FunctionName }));
  assert.deepEqual(
    Aliases.map(({ Name }) => Name),
    [...its.aliases.keys()].sort(),
  );
  for (const [Name, { version, additional }] of its.aliases) {
    const shown = await suite.lambda.send(new GetAliasCommand({ FunctionName, Name }));
    const weights = additional && { [additional.version]: additional.weight };
    assert.deepEqual([shown.FunctionVersion, shown.RoutingConfig?.AdditionalVersionWeights], [version, weights]);
    const meant = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: Name }));
    assert.equal(meant.Version, version);
  }
  assert.deepEqual((await suite.lambda.send(new ListTagsCommand({ Resource: arn }))).Tags, its.tags);
}

test("after any operations, rivals among them, and after a crash, functions are as the model predicts", async () => {
  const worlds: World[] = [];
  const sequence = fc.tuple(create, fc.array(step, { maxLength: 14, size: "max" }));
  await fc.assert(
    fc.asyncProperty(sequence, async ([first, others]) => {
      const world = new World();
      worlds.push(world);
      for (const take of [first, ...others]) await take(world);
      await compare(world);
    }),
    { numRuns: 20 },
  );
  await suite.restart();
  for (const world of worlds) await compare(world);
});
