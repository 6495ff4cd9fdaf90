/** Amazon SNS: topics, subscriptions, filter policies, durable delivery. docs/sns.md tells what is complete. */
import { createService } from "../../wire/engine.ts";
import { failFor, serviceError } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { OpenCompanion } from "../companion.ts";
import { certificateSurface } from "./certificate-surface.ts";
import { Courier } from "./courier.ts";
import { Envelopes } from "./envelope.ts";
import { MessageSigner } from "./message-signer.ts";
import { publishHandlers } from "./publish-operations.ts";
import { Publisher } from "./publisher.ts";
import type { Sns } from "./refusal.ts";
import { Sender } from "./sender.ts";
import type { SnsContext } from "./sns-api.ts";
import { SnsDatabase } from "./sns-database.ts";
import { subscriptionHandlers } from "./subscription-operations.ts";
import { SnsTarget } from "./target.ts";
import { TopicBook } from "./topic-book.ts";
import { topicHandlers } from "./topic-operations.ts";

/** Duplicates of FIFO topics, and subscriptions that nobody confirms, are looked through this often. */
const SWEEP_EVERY_MS = 60_000;

export const openSns: OpenCompanion = async ({ place, data, clock, log, targets }) => {
  const model = loadModel<Sns>("sns");
  const fail = failFor(model);
  const database = await SnsDatabase.open(data.join("sns.sqlite"), () => book.load());
  const book = new TopicBook(database, place);
  const signer = new MessageSigner(database);
  const sender = new Sender({ targets, envelopes: new Envelopes(signer), accountId: place.accountId });
  const courier = new Courier({ database, book, sender, clock, log });
  const publisher = new Publisher({ database, book, clock, onAccepted: (chains) => courier.came(chains) });
  const context: SnsContext = { book, publisher, clock, place, fail };
  const sweep = async (): Promise<void> => {
    await publisher.forget();
    await book.dropUnconfirmed(clock.now());
  };
  const sweeper = setInterval(() => void sweep().catch((error) => log.error("sns sweep", { error })), SWEEP_EVERY_MS);
  sweeper.unref();
  return {
    service: createService({
      model,
      handlers: { ...topicHandlers(context), ...subscriptionHandlers(context), ...publishHandlers(context) },
      // Whoever gets a message can follow the URLs in it.
      open: ["ConfirmSubscription", "Unsubscribe"],
      invalidInput: ([violation]) => {
        const { path, isMissing, text } = violation ?? { path: "", isMissing: false, text: "" };
        const name = path === "" ? "" : path[0]?.toUpperCase() + path.slice(1);
        const reason = isMissing ? `${name} Reason: no value for required parameter` : text;
        return serviceError(model, "InvalidParameterException", `Invalid parameter: ${reason}`);
      },
      onFault: (error, requestId) => log.error("sns fault", { requestId, error }),
    }),
    target: { service: "sns", target: new SnsTarget({ book, publisher, place, clock, fail }) },
    surface: certificateSurface(signer),
    start: () => courier.start(),
    stop: () => {
      clearInterval(sweeper);
      courier.stop();
    },
    close: async () => {
      clearInterval(sweeper);
      await courier.close();
      database.close();
    },
  };
};
