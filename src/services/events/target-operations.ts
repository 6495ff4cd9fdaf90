/** PutTargets, RemoveTargets, ListTargetsByRule. */
import type { Rule } from "./event-book.ts";
import type { EventsHandlers } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";
import { pageOf } from "./pages.ts";
import { targetRefusal } from "./target-rules.ts";

/** Of one rule (quotas page). */
const MOST_TARGETS = 5;

export function targetHandlers({ book, names, fail, changes }: EventsContext) {
  function ruleOf({ Rule: name, EventBusName }: { Rule: string; EventBusName?: string | undefined }): Rule {
    const bus = names.busName(EventBusName);
    if (!book.bus(bus)) fail("ResourceNotFoundException", `Event bus ${bus} does not exist.`);
    return book.rule(bus, name) ?? fail("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${bus}.`);
  }

  return {
    PutTargets: (input) =>
      changes.run("bus", async () => {
        const rule = ruleOf(input);
        const given = input.Targets;
        for (const target of given) {
          const refusal = targetRefusal(target);
          if (refusal !== undefined) fail("ValidationException", refusal);
        }
        const targets = new Map([...rule.targets, ...given].map((target) => [target.Id, target]));
        if (targets.size > MOST_TARGETS) {
          fail("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
        }
        await book.putRule({ ...rule, targets: [...targets.values()] });
        return { FailedEntryCount: 0, FailedEntries: [] };
      }),

    RemoveTargets: (input) =>
      changes.run("bus", async () => {
        const rule = ruleOf(input);
        const isThere = (id: string): boolean => rule.targets.some(({ Id }) => Id === id);
        const failed = input.Ids.filter((id) => !isThere(id)).map((id) => ({
          TargetId: id,
          ErrorCode: "ResourceNotFoundException",
          ErrorMessage: `Rule ${rule.name} does not have target(s) ${id}.`,
        }));
        await book.putRule({ ...rule, targets: rule.targets.filter(({ Id }) => !input.Ids.includes(Id)) });
        return { FailedEntryCount: failed.length, FailedEntries: failed };
      }),

    ListTargetsByRule: (input) => {
      const targets = [...ruleOf(input).targets].sort((a, b) => (a.Id < b.Id ? -1 : 1));
      const { page, next } = pageOf(fail, targets, ({ Id }) => Id, input);
      return { Targets: page, ...next };
    },
  } satisfies EventsHandlers;
}
