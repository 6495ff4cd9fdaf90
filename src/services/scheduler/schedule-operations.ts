/** Create-, Update-, Get-, Delete- and ListSchedule(s). */
import { newUuid } from "../../state/ids.ts";
import { pageOf } from "./pages.ts";
import { DEFAULT_GROUP, type Schedule, scheduleKey } from "./schedule-book.ts";
import { scheduleRefusal } from "./schedule-rules.ts";
import { firstScheduleTick } from "./schedule-ticks.ts";
import type { SchedulerHandlers, SchedulerInput } from "./scheduler-api.ts";
import type { SchedulerContext } from "./scheduler-context.ts";

export function scheduleHandlers({ book, clock, fail, changes, outbox, place }: SchedulerContext) {
  function checkGroup(group: string): void {
    if (!book.group(group)) fail("ResourceNotFoundException", `Schedule group ${group} does not exist.`);
  }

  function scheduleOf({
    Name: name,
    GroupName: group = DEFAULT_GROUP,
  }: {
    Name: string;
    GroupName?: string | undefined;
  }) {
    checkGroup(group);
    return (
      book.find(scheduleKey({ group, name })) ?? fail("ResourceNotFoundException", `Schedule ${name} does not exist.`)
    );
  }

  function settings(input: SchedulerInput<"CreateSchedule">, createdMs: number | undefined): Schedule {
    const nowMs = clock.now();
    const refusal = scheduleRefusal(input, place, nowMs);
    if (refusal !== undefined) fail("ValidationException", refusal);
    return {
      group: input.GroupName ?? DEFAULT_GROUP,
      name: input.Name,
      expression: input.ScheduleExpression,
      zone: input.ScheduleExpressionTimezone ?? "UTC",
      state: input.State ?? "ENABLED",
      target: input.Target,
      windowMinutes: input.FlexibleTimeWindow.MaximumWindowInMinutes ?? 0,
      deletesItself: input.ActionAfterCompletion === "DELETE",
      description: input.Description,
      kmsKeyArn: input.KmsKeyArn,
      startMs: input.StartDate?.getTime(),
      endMs: input.EndDate?.getTime(),
      createdMs: createdMs ?? nowMs,
      changedMs: nowMs,
      revision: newUuid(),
    };
  }

  async function store(schedule: Schedule): Promise<{ ScheduleArn: string }> {
    // In this order: a tick of what was not stored after all means nothing.
    await outbox.put(firstScheduleTick(schedule));
    await book.put(schedule);
    return { ScheduleArn: book.scheduleArn(schedule) };
  }

  return {
    CreateSchedule: (input) =>
      changes.run("schedules", async () => {
        const { GroupName: group = DEFAULT_GROUP, Name: name } = input;
        checkGroup(group);
        if (book.find(scheduleKey({ group, name }))) fail("ConflictException", `Schedule ${name} already exists.`);
        return store(settings(input, undefined));
      }),

    UpdateSchedule: (input) =>
      changes.run("schedules", async () => store(settings(input, scheduleOf(input).createdMs))),

    DeleteSchedule: (input) =>
      changes.run("schedules", async () => {
        await book.remove(scheduleOf(input));
        return {};
      }),

    GetSchedule: (input) => {
      const schedule = scheduleOf(input);
      const { windowMinutes, startMs, endMs } = schedule;
      return {
        Arn: book.scheduleArn(schedule),
        GroupName: schedule.group,
        Name: schedule.name,
        ScheduleExpression: schedule.expression,
        ScheduleExpressionTimezone: schedule.zone,
        State: schedule.state,
        Description: schedule.description,
        KmsKeyArn: schedule.kmsKeyArn,
        StartDate: startMs === undefined ? undefined : new Date(startMs),
        EndDate: endMs === undefined ? undefined : new Date(endMs),
        CreationDate: new Date(schedule.createdMs),
        LastModificationDate: new Date(schedule.changedMs),
        FlexibleTimeWindow:
          windowMinutes === 0
            ? { Mode: "OFF" as const }
            : { Mode: "FLEXIBLE" as const, MaximumWindowInMinutes: windowMinutes },
        ActionAfterCompletion: schedule.deletesItself ? ("DELETE" as const) : ("NONE" as const),
        // What AWS fills in.
        Target: {
          ...schedule.target,
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185, ...schedule.target.RetryPolicy },
        },
      };
    },

    ListSchedules: (input) => {
      const { GroupName: group, NamePrefix: prefix = "", State: state } = input;
      if (group !== undefined) checkGroup(group);
      const found = book.schedules.filter(
        (schedule) =>
          (group === undefined || schedule.group === group) &&
          schedule.name.startsWith(prefix) &&
          (state === undefined || schedule.state === state),
      );
      const { page, next } = pageOf(fail, found, scheduleKey, input);
      const Schedules = page.map((schedule) => ({
        Arn: book.scheduleArn(schedule),
        GroupName: schedule.group,
        Name: schedule.name,
        State: schedule.state,
        CreationDate: new Date(schedule.createdMs),
        LastModificationDate: new Date(schedule.changedMs),
        Target: { Arn: schedule.target.Arn },
      }));
      return { Schedules, ...next };
    },
  } satisfies SchedulerHandlers;
}
