/** Start-, Cancel- and ListMessageMoveTask(s). Texts of errors are recorded. */
import { newUuid } from "../../state/ids.ts";
import { type MoveTask, moveTasksOf, readTaskHandle, taskHandle } from "./move-task.ts";
import type { Mover } from "./mover.ts";
import { queueNameOf } from "./queue-address.ts";
import { deadLetterSources } from "./redrive.ts";
import type { SqsContext, SqsHandlers } from "./sqs-api.ts";

const MOST_A_SECOND = 500;
const MOST_RESULTS = 10;

export function moveHandlers(context: SqsContext, mover: Mover) {
  const { engine, clock, place, fail } = context;
  const notFound = (message: string): never => fail("ResourceNotFoundException", message);
  const queueOf = (arn: string, parameter: string) =>
    engine.book.find(queueNameOf(place, arn) ?? "") ??
    notFound(`The resource that you specified for the ${parameter} parameter doesn't exist.`);

  return {
    async StartMessageMoveTask(input) {
      const { SourceArn: sourceArn = "", DestinationArn: destinationArn, MaxNumberOfMessagesPerSecond: rate } = input;
      const source = queueOf(sourceArn, "SourceArn");
      if (rate !== undefined && (rate < 1 || rate > MOST_A_SECOND)) {
        fail(
          "InvalidParameterValue",
          `Value ${rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number that's between 1 and ${MOST_A_SECOND}.`,
        );
      }
      if (deadLetterSources(context, source).length === 0) {
        fail("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
      }
      if (destinationArn !== undefined) queueOf(destinationArn, "DestinationArn");
      const lastId = await engine.lastId();
      const { ready } = await engine.count(source);
      if (mover.activeOf(sourceArn)) {
        fail(
          "InvalidParameterValue",
          "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        );
      }
      const task: MoveTask = {
        id: newUuid(),
        sourceArn,
        ...(destinationArn !== undefined && { destinationArn }),
        ...(rate !== undefined && { messagesPerSecond: rate }),
        status: "RUNNING",
        startedMs: clock.now(),
        lastId,
        toMove: ready,
        moved: 0,
      };
      await mover.start(task);
      return { TaskHandle: taskHandle(task) };
    },

    async CancelMessageMoveTask(input) {
      const handle = readTaskHandle(input.TaskHandle ?? "");
      if (!handle) return fail("InvalidParameterValue", "Value for parameter TaskHandle is invalid.");
      queueOf(handle.sourceArn, "SourceArn");
      const task = mover.activeOf(handle.sourceArn);
      if (task?.id !== handle.taskId) return notFound("Task does not exist.");
      return { ApproximateNumberOfMessagesMoved: await mover.cancel(task) };
    },

    async ListMessageMoveTasks(input) {
      const { SourceArn: sourceArn = "", MaxResults: size = 1 } = input;
      queueOf(sourceArn, "SourceArn");
      if (size < 1 || size > MOST_RESULTS) {
        fail(
          "InvalidParameterValue",
          `Value ${size} for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and ${MOST_RESULTS}.`,
        );
      }
      const tasks = await engine.run((sql) => moveTasksOf(sql, sourceArn));
      return { Results: tasks.slice(0, size).map(listed) };
    },
  } satisfies SqsHandlers;
}

const listed = (task: MoveTask) => ({
  ...(task.status === "RUNNING" && { TaskHandle: taskHandle(task) }),
  Status: task.status,
  SourceArn: task.sourceArn,
  ...(task.destinationArn !== undefined && { DestinationArn: task.destinationArn }),
  ...(task.messagesPerSecond !== undefined && { MaxNumberOfMessagesPerSecond: task.messagesPerSecond }),
  ApproximateNumberOfMessagesMoved: task.moved,
  ApproximateNumberOfMessagesToMove: task.toMove,
  ...(task.failureReason !== undefined && { FailureReason: task.failureReason }),
  StartedTimestamp: task.startedMs,
});
