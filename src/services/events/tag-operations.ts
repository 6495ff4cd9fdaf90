/** Tags of buses and rules. */
import type { EventsHandlers } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";

const MOST_TAGS = 50;

export function tagHandlers({ book, names, fail, changes }: EventsContext) {
  function check(arn: string): string {
    const parsed = names.parse(arn);
    if (parsed?.kind === "event-bus") {
      if (!book.bus(parsed.path)) fail("ResourceNotFoundException", `Event bus ${parsed.path} does not exist.`);
      return arn;
    }
    const rule = names.ruleOf(arn);
    if (!rule)
      return fail(
        "ValidationException",
        `Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`,
      );
    if (!book.rule(rule.bus, rule.name)) {
      fail("ResourceNotFoundException", `Rule ${rule.name} does not exist on EventBus ${rule.bus}.`);
    }
    return arn;
  }

  return {
    TagResource: ({ ResourceARN, Tags }) =>
      changes.run("bus", async () => {
        const arn = check(ResourceARN);
        const tags = { ...book.tags(arn), ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) };
        if (Object.keys(tags).length > MOST_TAGS) {
          fail("ValidationException", "A resource cannot have more than 50 tags.");
        }
        await book.documents.put("tags", arn, tags);
        return {};
      }),

    UntagResource: ({ ResourceARN, TagKeys }) =>
      changes.run("bus", async () => {
        const arn = check(ResourceARN);
        const kept = Object.entries(book.tags(arn)).filter(([key]) => !TagKeys.includes(key));
        await book.documents.put("tags", arn, Object.fromEntries(kept));
        return {};
      }),

    ListTagsForResource: ({ ResourceARN }) => {
      const tags = book.tags(check(ResourceARN));
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  } satisfies EventsHandlers;
}
