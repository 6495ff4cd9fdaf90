/** Amazon SQS: standard and FIFO queues on a database of their own, its API, and queues as targets and as event sources. */
import { createService } from "../../wire/engine.ts";
import { failFor } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { OpenCompanion } from "../companion.ts";
import { messageHandlers } from "./message-operations.ts";
import { moveHandlers } from "./move-operations.ts";
import { Mover } from "./mover.ts";
import { polledQueues } from "./polled.ts";
import { queueArn } from "./queue-address.ts";
import { QueueEngine } from "./queue-engine.ts";
import { queueHandlers } from "./queue-operations.ts";
import type { Sqs, SqsContext } from "./sqs-api.ts";
import { SqsTarget } from "./target.ts";

export const openSqs: OpenCompanion = async ({ place, data, clock, log }) => {
  const model = loadModel<Sqs>("sqs");
  const engine = await QueueEngine.open({
    file: data.join("sqs.sqlite"),
    clock,
    arnOf: (name) => queueArn(place, name),
  });
  const context: SqsContext = { engine, clock, place, fail: failFor(model) };
  const mover = new Mover(engine, place, (error) => log.error("sqs message move task", { error }));
  return {
    service: createService({
      model,
      handlers: { ...queueHandlers(context), ...messageHandlers(context), ...moveHandlers(context, mover) },
      onFault: (error, requestId) => log.error("sqs fault", { requestId, error }),
    }),
    target: { service: "sqs", target: new SqsTarget(engine, place) },
    queues: polledQueues(engine, place),
    start: () => mover.resume(),
    stop: () => engine.stop(),
    close: async () => {
      await mover.close();
      engine.close();
    },
  };
};
