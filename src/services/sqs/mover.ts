/** Does what move tasks say, a few messages at a time, until they are done, cancelled, or have nowhere to go. */
import { setTimeout as pause } from "node:timers/promises";
import type { Place } from "../../functions/function-name.ts";
import { newUuid } from "../../state/ids.ts";
import type { NewMessage } from "./message.ts";
import { allMoveTasks, isActive, keepMoveTask, type MoveTask } from "./move-task.ts";
import { queueNameOf } from "./queue-address.ts";
import type { QueueEngine } from "./queue-engine.ts";

/** Messages of a step when the task does not say how many a second. */
const STEP = 100;

export class Mover {
  readonly #engine: QueueEngine;
  readonly #place: Place;
  readonly #onFault: (error: unknown) => void;
  /** By the ARN of the source. */
  readonly #active = new Map<string, MoveTask>();
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(engine: QueueEngine, place: Place, onFault: (error: unknown) => void) {
    this.#engine = engine;
    this.#place = place;
    this.#onFault = onFault;
  }

  /** Go on with what an earlier life left. */
  async resume(): Promise<void> {
    for (const task of await this.#engine.run(allMoveTasks)) if (isActive(task)) this.#begin(task);
  }

  activeOf(sourceArn: string): MoveTask | undefined {
    return this.#active.get(sourceArn);
  }

  async start(task: MoveTask): Promise<void> {
    this.#active.set(task.sourceArn, task);
    try {
      await this.#engine.run((sql) => keepMoveTask(sql, task));
    } catch (error) {
      this.#active.delete(task.sourceArn);
      throw error;
    }
    this.#begin(task);
  }

  /** @returns how many it has moved so far */
  async cancel(task: MoveTask): Promise<number> {
    const cancelling: MoveTask = { ...task, status: "CANCELLING" };
    this.#active.set(task.sourceArn, cancelling);
    await this.#engine.run((sql) => keepMoveTask(sql, cancelling));
    return task.moved;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  #begin(task: MoveTask): void {
    this.#active.set(task.sourceArn, task);
    const running = this.#run(task.sourceArn).catch(this.#onFault);
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  async #run(sourceArn: string): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let isPaced = true;
      try {
        const task = await this.#advance(sourceArn);
        if (!task) return;
        isPaced = task.messagesPerSecond !== undefined;
      } catch (error) {
        this.#onFault(error);
      }
      if (isPaced) await pause(1000, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns the task as it is now; undefined when it is over */
  async #advance(sourceArn: string): Promise<MoveTask | undefined> {
    const after = await this.#step(this.#active.get(sourceArn) as MoveTask);
    // Cancelled while it was moving.
    const isCancelled = this.#active.get(sourceArn)?.status === "CANCELLING";
    const now: MoveTask = isCancelled && isActive(after) ? { ...after, status: "CANCELLED" } : after;
    await this.#engine.run((sql) => keepMoveTask(sql, now));
    if (isActive(now)) {
      this.#active.set(sourceArn, now);
      return now;
    }
    this.#active.delete(sourceArn);
    return undefined;
  }

  async #step(task: MoveTask): Promise<MoveTask> {
    if (task.status === "CANCELLING") return { ...task, status: "CANCELLED" };
    const find = (arn: string | undefined) => this.#engine.book.find(queueNameOf(this.#place, arn ?? "") ?? "");
    const source = find(task.sourceArn);
    if (!source) return { ...task, status: "FAILED", failureReason: "AWS.SimpleQueueService.NonExistentQueue" };
    let isUnknown = false;
    const limit = task.messagesPerSecond ?? STEP;
    const { moved, isTargetGone } = await this.#engine.move(source, {
      lastId: task.lastId,
      limit,
      targetOf: (sourceArn) => {
        isUnknown ||= task.destinationArn === undefined && sourceArn === undefined;
        return find(task.destinationArn ?? sourceArn);
      },
      renew,
    });
    const after: MoveTask = { ...task, moved: task.moved + moved };
    if (isTargetGone) {
      const failureReason = isUnknown ? "CouldNotDetermineMessageSource" : "AWS.SimpleQueueService.NonExistentQueue";
      return { ...after, status: "FAILED", failureReason };
    }
    return moved < limit ? { ...after, status: "COMPLETED" } : after;
  }
}

/** What is moved back is a new message (developer guide, dead-letter queue redrive). */
function renew({ body, about }: NewMessage): NewMessage {
  const { deadLetterSourceArn: _, ...kept } = about;
  return { body, about: { ...kept, messageId: newUuid() } };
}
