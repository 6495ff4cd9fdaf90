/** Any sequence of changes, concurrent ones among them, leaves the catalog as the model of test-catalog-model.ts predicts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Database, openDatabase } from "../state/database.ts";
import { Catalog, type VersionContent } from "./catalog.ts";
import type { FunctionVersion } from "./function-version.ts";
import { CatalogModel, type Content, type Kept, type Publication } from "./test-catalog-model.ts";
import { CONTENT, PLACE } from "./test-content.ts";

const NAMES = ["f", "g"];
const ALIASES = ["live", "test"];
const VERSIONS = ["$LATEST", "$LATEST.PUBLISHED", "1", "2", "3"];
const QUALIFIERS = [...VERSIONS, ...ALIASES];
const CAPACITY = { capacityProvider: { name: "p" } };
const DRAWS = [0, 0.5, 0.999];

/** Does one thing to both; what both say of it must agree. */
type Step = (world: World) => Promise<void>;

/** Steps that a counterexample shows by their names and settings. */
function steps<T>(name: string, settings: fc.Arbitrary<T>, take: (settings: T) => Step): fc.Arbitrary<Step> {
  return settings.map((its) =>
    Object.assign(take(its), { [fc.toStringMethod]: () => `${name}(${fc.stringify(its)})` }),
  );
}

class World {
  readonly model = new CatalogModel();
  readonly database: Database;
  readonly catalog: Catalog;
  draw = 0;
  /** The updates whose activation has begun. */
  readonly begun: {
    readonly version: FunctionVersion;
    readonly content: Content;
    readonly creation: number | undefined;
  }[] = [];
  readonly #revisions = new Map<number, string>();
  readonly #known = new Set<string>();

  private constructor(database: Database, open: (random: () => number) => Catalog) {
    this.database = database;
    this.catalog = open(() => this.draw);
  }

  static async make(): Promise<World> {
    const database = openDatabase(":memory:");
    let random = () => 0;
    const catalog = await Catalog.open(database, PLACE, () => random());
    return new World(database, (drawn) => {
      random = drawn;
      return catalog;
    });
  }

  /** A revision of the model is one UUID, wherever it is met, and no other revision is the same. */
  sameRevision(revision: number, actual: string): void {
    const known = this.#revisions.get(revision);
    if (known !== undefined) return assert.equal(actual, known);
    assert.ok(!this.#known.has(actual), "a revision was not renewed");
    this.#revisions.set(revision, actual);
    this.#known.add(actual);
  }

  same(actual: FunctionVersion | undefined, expected: Kept | undefined, what: string): void {
    assert.deepEqual(actual && contentOf(actual), expected?.content, what);
    if (actual && expected) this.sameRevision(expected.revision, actual.revisionId);
  }
}

function versionContent({ memoryMb, code, state, status }: Content): VersionContent {
  return {
    ...CONTENT,
    ...CAPACITY,
    memoryMb,
    codeSha256: `code-${code}`,
    codeSize: code,
    state,
    lastUpdateStatus: status,
  };
}

function contentOf({ memoryMb, codeSize, state, lastUpdateStatus: status = "Successful" }: FunctionVersion): Content {
  assert.ok(state === "Active" || state === "Failed");
  return { memoryMb, code: codeSize, state, status };
}

const name = fc.constantFrom("f", ...NAMES);
const alias = fc.constantFrom(...ALIASES);
const memoryMb = fc.integer({ min: 128, max: 131 });
const code = fc.integer({ min: 1, max: 3 });

const publish = fc.constantFrom("number" as const, "latest" as const, undefined);
const publishTo = (publish: Publication) => (publish === "latest" ? ({ publishTo: "$LATEST.PUBLISHED" } as const) : {});
const create = steps("create", fc.record({ name, memoryMb, code, publish }), (its) => async (world) => {
  const { name, publish } = its;
  const content = { memoryMb: its.memoryMb, code: its.code, state: "Active", status: "Successful" } as const;
  const latest = versionContent(content);
  const expected = world.model.create(name, content, publish, { made: name });
  const change = { latest, ...(publish && { publish: latest, ...publishTo(publish) }) };
  const written = await world.catalog.create(name, change, { made: name });
  assert.equal(written !== undefined, expected);
  const first = publish && { number: "1", latest: "$LATEST.PUBLISHED" }[publish];
  assert.equal(written?.published?.version, expected ? first : undefined);
});

const change = fc.oneof(fc.record({ memoryMb }), fc.record({ code }), fc.constant({}));
const status = fc.constantFrom("InProgress", "Successful");
const update = steps("update", fc.record({ name, change, status, publish }), (its) => async (world) => {
  const { name, publish } = its;
  const changes = { ...its.change, status: its.status };
  const newest = [...(world.model.functions.get(name)?.published.keys() ?? [])].at(-1);
  const there = world.model.version(name, "$LATEST.PUBLISHED");
  const published = world.model.update(name, changes, publish);
  const creation = world.model.functions.get(name)?.creation;
  const written = await world.catalog.update(name, (before, last, latestPublished) => {
    assert.equal(last?.version, newest, "the newest version");
    world.same(latestPublished, there, "$LATEST.PUBLISHED");
    const latest = versionContent({ ...contentOf(before), ...changes });
    const isFirst = publish === "latest" && !latestPublished;
    const kept: VersionContent = isFirst ? { ...latest, lastUpdateStatus: "Successful" } : latest;
    return { latest, ...(publish && { publish: kept, ...publishTo(publish) }) };
  });
  assert.equal(written?.published?.version, published);
  for (const version of [written?.latest, publish === "latest" ? written?.published : undefined]) {
    if (version?.lastUpdateStatus === "InProgress")
      world.begun.push({ version, content: contentOf(version), creation });
  }
});

const refusedUpdate = steps("refusedUpdate", name, (name) => async ({ catalog, model }) => {
  const isThere = model.functions.has(name);
  const refused = catalog.update(name, () => {
    throw new Error("refused");
  });
  if (isThere) await assert.rejects(refused, /refused/);
  else assert.equal(await refused, undefined);
});

const outcome = fc.constantFrom("Successful", "Failed");
const settle = steps("settle", fc.record({ which: fc.nat(9), outcome }), (its) => async ({ catalog, model, begun }) => {
  const { version, content, creation } = begun[its.which % Math.max(begun.length, 1)] ?? {};
  if (!version || !content) return;
  const expected = model.settle(version.functionName, version.version, content, creation, its.outcome);
  const settled = await catalog.settle(version, { lastUpdateStatus: its.outcome }, []);
  assert.equal(settled !== undefined, expected, "settled");
});

const additional = fc.record({ version: fc.constantFrom("1", "2", "3"), weight: fc.constantFrom(0, 0.3, 0.7, 1) });
const routing = fc.record({ version: fc.constantFrom(...VERSIONS), additional }, { requiredKeys: ["version"] });
const setAlias = steps("setAlias", fc.record({ name, alias, routing, isNew: fc.boolean() }), (its) => async (world) => {
  const { version, additional: second } = its.routing;
  const additional = second && second.version !== version ? { ...second } : undefined;
  const content = { functionVersion: version, description: "", ...(additional && { additional }) };
  const wanted = { version, ...(additional && { additional }) };
  const expected = world.model.setAlias(its.name, its.alias, wanted, its.isNew);
  const { aliases } = world.catalog;
  const written = await (its.isNew
    ? aliases.create(its.name, its.alias, content)
    : aliases.change(its.name, its.alias, () => content));
  assert.equal(written.kind, expected);
});

const deleteFunction = steps("deleteFunction", name, (name) => async ({ catalog, model }) => {
  const expected = model.functions.delete(name);
  assert.equal(await catalog.deleteFunction(name), expected);
});

const deleteAlias = steps("deleteAlias", fc.record({ name, alias }), ({ name, alias }) => async (world) => {
  const expected = world.model.deleteAlias(name, alias);
  assert.equal(await world.catalog.aliases.delete(name, alias), expected);
});

const version = fc.constantFrom(...VERSIONS);
const deleteVersion = steps("deleteVersion", fc.record({ name, version }), ({ name, version }) => async (world) => {
  const expected = world.model.deleteVersion(name, version);
  assert.equal((await world.catalog.deleteVersion(name, version)).kind, expected);
});

const value = fc.constantFrom("1", "2");
const tag = steps("tag", fc.record({ name, value }), ({ name, value }) => async (world) => {
  const expected = world.model.tag(name, "key", value);
  const tags = await world.catalog.changeTags(name, (before) => ({ ...before, key: value }));
  assert.equal(tags !== undefined, expected);
});

const qualifier = fc.constantFrom(...QUALIFIERS);
const setting = steps("setting", fc.record({ name, qualifier, value }), (its) => async ({ catalog, model }) => {
  const expected = model.set(its.name, its.qualifier, its.value);
  const changed = await catalog.settings<string>("eventInvoke").change(its.name, its.qualifier, () => its.value);
  assert.equal(changed !== undefined, expected);
});

const step = fc.oneof(
  { arbitrary: create, weight: 3 },
  { arbitrary: update, weight: 5 },
  { arbitrary: settle, weight: 2 },
  { arbitrary: setAlias, weight: 5 },
  { arbitrary: deleteAlias, weight: 2 },
  { arbitrary: deleteVersion, weight: 4 },
  { arbitrary: setting, weight: 4 },
  deleteFunction,
  refusedUpdate,
  tag,
);

/** Everything that can be asked of the catalog, against what the model knows. */
async function compare(world: World, catalog = world.catalog): Promise<void> {
  const { model } = world;
  const settings = catalog.settings<string>("eventInvoke");
  const seen: string[] = [];
  for (const name of NAMES) {
    const its = model.functions.get(name);
    assert.deepEqual(await catalog.tags(name), its?.tags);
    const found = await settings.list(name, { limit: 99 });
    assert.deepEqual(new Map(found.map(({ qualifier, value }) => [qualifier, value])), its?.settings ?? new Map());
    for (const qualifier of QUALIFIERS) {
      const described = model.version(name, its?.aliases.get(qualifier)?.version ?? qualifier);
      world.same(await catalog.describe(name, qualifier), described, `described ${name}:${qualifier}`);
      for (world.draw of ALIASES.includes(qualifier) ? DRAWS : [0]) {
        const running = model.resolve(name, qualifier, world.draw);
        world.same(await catalog.resolve(name, qualifier), running, `resolved ${name}:${qualifier}`);
      }
    }
    const aliases = await catalog.aliases.list(name, { limit: 99 });
    assert.deepEqual(
      aliases.map((listed) => listed.name),
      [...(its?.aliases.keys() ?? [])].sort(),
    );
    for (const listed of aliases) {
      const expected = its?.aliases.get(listed.name);
      assert.deepEqual([listed.functionVersion, listed.additional], [expected?.version, expected?.additional]);
      world.sameRevision(expected?.revision ?? 0, listed.revisionId);
    }
    const unqualified = model.resolve(name, undefined, 0);
    world.same(await catalog.resolve(name), unqualified, `resolved ${name}`);
    world.same(catalog.cached(name), unqualified, `resolved ${name} from memory`);
    if (!its) continue;
    const published = [...(its.latestPublished ? ["$LATEST.PUBLISHED"] : []), ...its.published.keys()];
    seen.push(...["$LATEST", ...published].map((version) => `${name}:${version}`));
  }
  const { versions } = await catalog.listing.functions({ limit: 99, allVersions: true });
  assert.deepEqual(
    versions.map(({ functionName, version }) => `${functionName}:${version}`),
    seen,
  );
  const changing = [...model.functions.values()].flatMap(({ latest, latestPublished }) =>
    latestPublished ? [latest, latestPublished] : [latest],
  );
  const numbered = [...model.functions.values()].flatMap(({ published }) => [...published.values()]);
  const kept = [...changing.map(({ shown }) => shown), ...numbered];
  const totalCodeSize = kept.reduce((sum, { content }) => sum + content.code, 0);
  assert.deepEqual(await catalog.listing.usage(), { functionCount: model.functions.size, totalCodeSize });
  const unsettled = kept.filter(({ content }) => content.status === "InProgress").length;
  assert.equal((await catalog.listing.unsettled()).length, unsettled);
  const runs = [...kept, ...changing.map(({ running }) => running)];
  const codes = new Set(runs.map(({ content }) => `code-${content.code}`));
  assert.deepEqual(await catalog.listing.referencedCode(["code-1", "code-2", "code-3"]), codes);
}

test("after any changes, one after the other or at the same moment, the catalog is as the model predicts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 10 }), async (bursts) => {
      const world = await World.make();
      for (const burst of bursts) {
        // Started in this order, they take effect in this order: changes of one function never overlap.
        await Promise.all(burst.map((take) => take(world)));
        await compare(world);
      }
      await compare(world, await Catalog.open(world.database, PLACE, () => world.draw));
      await world.database.destroy();
    }),
    { numRuns: 100 },
  );
});
