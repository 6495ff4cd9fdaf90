/** Groups of schedules, and their tags. */
import { pageOf } from "./pages.ts";
import { DEFAULT_GROUP, type ScheduleGroup } from "./schedule-book.ts";
import type { SchedulerHandlers } from "./scheduler-api.ts";
import type { SchedulerContext } from "./scheduler-context.ts";

const MOST_TAGS = 50;

export function groupHandlers({ book, clock, fail, changes }: SchedulerContext) {
  function groupOf(name: string): ScheduleGroup {
    return book.group(name) ?? fail("ResourceNotFoundException", `Schedule group ${name} does not exist.`);
  }

  function taggedGroup(arn: string): ScheduleGroup {
    const name = book.groupOfArn(arn);
    return name === undefined ? fail("ValidationException", "Provided Arn is not in correct format.") : groupOf(name);
  }

  const summary = (group: ScheduleGroup) => ({
    Arn: book.groupArn(group.name),
    Name: group.name,
    State: "ACTIVE" as const,
    CreationDate: new Date(group.createdMs),
    LastModificationDate: new Date(group.changedMs),
  });

  return {
    CreateScheduleGroup: ({ Name: name, Tags: given = [] }) =>
      changes.run("schedules", async () => {
        if (book.group(name)) fail("ConflictException", `Schedule group ${name} already exists.`);
        const nowMs = clock.now();
        const tags = Object.fromEntries(given.map(({ Key, Value }) => [Key, Value]));
        await book.putGroup({ name, tags, createdMs: nowMs, changedMs: nowMs });
        return { ScheduleGroupArn: book.groupArn(name) };
      }),

    DeleteScheduleGroup: ({ Name: name }) =>
      changes.run("schedules", async () => {
        if (name === DEFAULT_GROUP) fail("ValidationException", "Deleting the default schedule group is not allowed.");
        await book.removeGroup(groupOf(name));
        return {};
      }),

    GetScheduleGroup: ({ Name: name }) => summary(groupOf(name)),

    ListScheduleGroups: (input) => {
      const groups = book.groups.filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
      const { page, next } = pageOf(fail, groups, ({ name }) => name, input);
      return { ScheduleGroups: page.map(summary), ...next };
    },

    TagResource: ({ ResourceArn, Tags }) =>
      changes.run("schedules", async () => {
        const group = taggedGroup(ResourceArn);
        const tags = { ...group.tags, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) };
        if (Object.keys(tags).length > MOST_TAGS)
          fail("ValidationException", "A resource cannot have more than 50 tags.");
        await book.putGroup({ ...group, tags });
        return {};
      }),

    UntagResource: ({ ResourceArn, TagKeys }) =>
      changes.run("schedules", async () => {
        const group = taggedGroup(ResourceArn);
        const kept = Object.entries(group.tags).filter(([key]) => !TagKeys.includes(key));
        await book.putGroup({ ...group, tags: Object.fromEntries(kept) });
        return {};
      }),

    ListTagsForResource: ({ ResourceArn }) => ({
      Tags: Object.entries(taggedGroup(ResourceArn).tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  } satisfies SchedulerHandlers;
}
