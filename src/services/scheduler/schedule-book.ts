/** Schedules and their groups, durable and at hand. */
import { type Place, partitionOf } from "../../functions/function-name.ts";
import type { Documents } from "../../state/documents.ts";
import type { SchedulerInput } from "./scheduler-api.ts";

export const DEFAULT_GROUP = "default";

export type ScheduleTarget = SchedulerInput<"CreateSchedule">["Target"];

export interface Schedule {
  readonly group: string;
  readonly name: string;
  readonly expression: string;
  readonly zone: string;
  readonly state: "ENABLED" | "DISABLED";
  readonly target: ScheduleTarget;
  /** Minutes within which it may fire; 0 when it is to be exact. */
  readonly windowMinutes: number;
  readonly deletesItself: boolean;
  readonly description?: string | undefined;
  readonly kmsKeyArn?: string | undefined;
  /** Unix ms: nothing fires before, or after. */
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
  readonly createdMs: number;
  readonly changedMs: number;
  /** Another after each change: ticks of an earlier one mean nothing. */
  readonly revision: string;
}

export interface ScheduleGroup {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly changedMs: number;
}

/** Names of both hold no slash. */
export const scheduleKey = ({ group, name }: Pick<Schedule, "group" | "name">): string => `${group}/${name}`;

export class ScheduleBook {
  readonly #documents: Documents;
  readonly #prefix: string;

  constructor(documents: Documents, { region, accountId }: Place) {
    this.#documents = documents;
    this.#prefix = `arn:${partitionOf(region)}:scheduler:${region}:${accountId}:`;
  }

  /** The default group is there from the beginning. */
  async prepare(nowMs: number): Promise<void> {
    if (this.group(DEFAULT_GROUP)) return;
    await this.putGroup({ name: DEFAULT_GROUP, tags: {}, createdMs: nowMs, changedMs: nowMs });
  }

  scheduleArn(schedule: Pick<Schedule, "group" | "name">): string {
    return `${this.#prefix}schedule/${scheduleKey(schedule)}`;
  }

  groupArn(name: string): string {
    return `${this.#prefix}schedule-group/${name}`;
  }

  groupOfArn(arn: string): string | undefined {
    const prefix = `${this.#prefix}schedule-group/`;
    return arn.startsWith(prefix) ? arn.slice(prefix.length) : undefined;
  }

  /** By group, then name. */
  get schedules(): readonly Schedule[] {
    const all = this.#documents.all<Schedule>("schedule");
    return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, schedule]) => schedule);
  }

  find(key: string): Schedule | undefined {
    return this.#documents.find("schedule", key);
  }

  put(schedule: Schedule): Promise<void> {
    return this.#documents.put("schedule", scheduleKey(schedule), schedule);
  }

  remove(schedule: Schedule): Promise<void> {
    return this.#documents.change([{ kind: "schedule", name: scheduleKey(schedule) }]);
  }

  get groups(): readonly ScheduleGroup[] {
    return [...this.#documents.all<ScheduleGroup>("group").values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  group(name: string): ScheduleGroup | undefined {
    return this.#documents.find("group", name);
  }

  putGroup(group: ScheduleGroup): Promise<void> {
    return this.#documents.put("group", group.name, group);
  }

  /** With all of its schedules. */
  removeGroup({ name }: ScheduleGroup): Promise<void> {
    const schedules = this.schedules.filter(({ group }) => group === name);
    return this.#documents.change([
      { kind: "group", name },
      ...schedules.map((schedule) => ({ kind: "schedule", name: scheduleKey(schedule) })),
    ]);
  }
}
