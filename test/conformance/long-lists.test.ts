/** Lists that are longer than their largest page: every item once, in order, whatever is added or removed meanwhile. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  ListAliasesCommand,
  ListEventSourceMappingsCommand,
  ListFunctionEventInvokeConfigsCommand,
  ListFunctionsCommand,
  PutFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings } from "../api/lambda/given.ts";
import { createQueue, sqsClient } from "../api/sqs/sqs.ts";
import { Suite } from "./suite.ts";

type Asked = { MaxItems?: number; Marker?: string };
type Page = { items: readonly (string | undefined)[]; next: string | undefined };

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:queue-";

/** `prefix-000` and so on, in the order of creation the wrong way round. */
const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(count - 1 - index).padStart(3, "0")}`);

/** All at once would be more requests than the region takes at a time. */
async function inTurns<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += 10) await Promise.all(items.slice(from, from + 10).map(act));
}

async function pages(list: (asked: Asked) => Promise<Page>, asked: Asked = {}, between?: () => Promise<unknown>) {
  const found: Page["items"][] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const page: Page = await list({ ...asked, ...(next && { Marker: next }) });
    found.push(page.items);
    next = page.next;
    await between?.();
  }
  return { sizes: found.map(({ length }) => length), items: found.flat() };
}

describe("long lists", () => {
  let suite: Suite;
  let name: string;
  const aliases = names("alias", 101);
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
    await inTurns(aliases, (alias) => create(alias));
  });
  after(() => suite.stop());

  const create = (Name: string) =>
    suite.lambda.send(new CreateAliasCommand({ FunctionName: name, Name, FunctionVersion: "$LATEST" }));

  test("of aliases come by name, 50 at a time, and those that stay are not missed", async () => {
    const list = async (asked: Asked): Promise<Page> => {
      const page = await suite.lambda.send(new ListAliasesCommand({ FunctionName: name, ...asked }));
      return { items: page.Aliases?.map(({ Name }) => Name) ?? [], next: page.NextMarker };
    };
    const sorted = [...aliases].sort();
    for (const asked of [{}, { MaxItems: 51 }, { MaxItems: 10_000 }]) {
      assert.deepEqual(await pages(list, asked), { sizes: [50, 50, 1], items: sorted });
    }
    assert.deepEqual((await pages(list, { MaxItems: 34 })).sizes, [34, 34, 33]);
    assert.deepEqual((await pages(list, { MaxItems: 1 })).items, sorted);
    let turn = 0;
    const change = async () => {
      turn += 1;
      // What was listed goes, and the marker's own item with it; what comes stands before the marker.
      if (turn > 1) return;
      await suite.lambda.send(new DeleteAliasCommand({ FunctionName: name, Name: "alias-049" }));
      await create("a-new-one");
    };
    assert.deepEqual((await pages(list, {}, change)).items, sorted);
    await suite.lambda.send(new DeleteAliasCommand({ FunctionName: name, Name: "a-new-one" }));
    await create("alias-049");
  });

  test("of settings of aliases come by qualifier, 50 at a time", async () => {
    await inTurns(aliases, (Qualifier) =>
      suite.lambda.send(
        new PutFunctionEventInvokeConfigCommand({ FunctionName: name, Qualifier, MaximumRetryAttempts: 0 }),
      ),
    );
    const list = async (asked: Asked): Promise<Page> => {
      const page = await suite.lambda.send(new ListFunctionEventInvokeConfigsCommand({ FunctionName: name, ...asked }));
      const items = page.FunctionEventInvokeConfigs?.map(({ FunctionArn }) => FunctionArn) ?? [];
      return { items, next: page.NextMarker };
    };
    const items = [...aliases].sort().map((alias) => `${ARN}${name}:${alias}`);
    assert.deepEqual(await pages(list), { sizes: [50, 50, 1], items });
  });

  test("of functions come by name, 50 at a time", async () => {
    const functions = names("long", 51);
    await inTurns(functions, (FunctionName) =>
      suite.lambda.send(new CreateFunctionCommand(settings({ FunctionName }))),
    );
    const list = async (asked: Asked): Promise<Page> => {
      const page = await suite.lambda.send(new ListFunctionsCommand(asked));
      return { items: page.Functions?.map(({ FunctionName }) => FunctionName) ?? [], next: page.NextMarker };
    };
    const expected = { sizes: [50, 2], items: [...functions, name].sort() };
    assert.deepEqual(await pages(list, { MaxItems: 10_000 }), expected);
    await suite.restart();
    assert.deepEqual(await pages(list), expected);
  });

  test("of event source mappings come 100 at a time, each once", async () => {
    const made = new Set<string | undefined>();
    const sqs = sqsClient(suite.region);
    await inTurns(names("queue", 101), async (queue) => {
      await createQueue(sqs, `queue-${queue}`);
      const { UUID } = await suite.lambda.send(
        new CreateEventSourceMappingCommand({ FunctionName: name, EventSourceArn: `${QUEUE}${queue}`, Enabled: false }),
      );
      made.add(UUID);
    });
    const list = async (asked: Asked): Promise<Page> => {
      const page = await suite.lambda.send(new ListEventSourceMappingsCommand({ FunctionName: name, ...asked }));
      return { items: page.EventSourceMappings?.map(({ UUID }) => UUID) ?? [], next: page.NextMarker };
    };
    for (const asked of [{}, { MaxItems: 10_000 }]) {
      const { sizes, items } = await pages(list, asked);
      assert.deepEqual([sizes, new Set(items)], [[100, 1], made]);
    }
  });
});
