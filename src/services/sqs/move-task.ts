/** A task that moves the messages of a dead-letter queue elsewhere, and how it is kept: a region that starts goes on with it. */
import type { Statements } from "../../state/statements.ts";

export interface MoveTask {
  /** UUID */
  readonly id: string;
  readonly sourceArn: string;
  /** Absent: each message goes back to where it came from. */
  readonly destinationArn?: string;
  readonly messagesPerSecond?: number;
  readonly status: "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";
  readonly failureReason?: string;
  /** Unix ms */
  readonly startedMs: number;
  /** Messages that came after this one are not moved. */
  readonly lastId: number;
  readonly toMove: number;
  readonly moved: number;
}

export const isActive = ({ status }: MoveTask): boolean => status === "RUNNING" || status === "CANCELLING";

/** As AWS keeps them. */
const KEPT_OF_A_QUEUE = 10;

export function keepMoveTask(sql: Statements, task: MoveTask): void {
  const text = "insert or replace into move_tasks (id, source, started, about) values (?, ?, ?, ?)";
  sql.run(text, task.id, task.sourceArn, task.startedMs, JSON.stringify(task));
  sql.run(
    "delete from move_tasks where source = ? and id not in (select id from move_tasks where source = ? order by started desc limit ?)",
    task.sourceArn,
    task.sourceArn,
    KEPT_OF_A_QUEUE,
  );
}

/** The latest first. */
export function moveTasksOf(sql: Statements, sourceArn: string): MoveTask[] {
  return sql
    .all("select about from move_tasks where source = ? order by started desc, rowid desc", sourceArn)
    .map(taskOf);
}

export function allMoveTasks(sql: Statements): MoveTask[] {
  return sql.all("select about from move_tasks").map(taskOf);
}

const taskOf = ({ about }: Readonly<Record<string, unknown>>): MoveTask => JSON.parse(about as string) as MoveTask;

export function taskHandle({ id, sourceArn }: MoveTask): string {
  return Buffer.from(JSON.stringify({ taskId: id, sourceArn })).toString("base64");
}

/** Undefined when it is none. */
export function readTaskHandle(handle: string): { readonly taskId: string; readonly sourceArn: string } | undefined {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle, "base64").toString("utf8"));
    return typeof taskId === "string" && typeof sourceArn === "string" ? { taskId, sourceArn } : undefined;
  } catch {
    return undefined;
  }
}
