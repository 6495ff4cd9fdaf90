/** S3: buckets and objects, on the disk of the region. docs/s3.md tells what is complete. */
import { mkdir } from "node:fs/promises";
import { bucketAddress } from "../../wire/bucket-address.ts";
import { createService } from "../../wire/engine.ts";
import { loadModel } from "../../wire/model.ts";
import type { Companion, CompanionContext } from "../companion.ts";
import { attributeHandlers } from "./attribute-operations.ts";
import { bucketHandlers } from "./bucket-operations.ts";
import { policyOf } from "./bucket-policy.ts";
import { BucketTarget } from "./bucket-target.ts";
import { copyHandlers } from "./copy-operations.ts";
import { sharedWith } from "./cors-rules.ts";
import { guarded, OPEN_OPERATIONS } from "./guard.ts";
import { listHandlers } from "./list-operations.ts";
import { multipartHandlers } from "./multipart-operations.ts";
import { notificationHandlers } from "./notification-operations.ts";
import { ObjectFiles } from "./object-files.ts";
import { objectHandlers } from "./object-operations.ts";
import { ObjectReader } from "./object-reader.ts";
import { ObjectStore } from "./object-store.ts";
import { Outbox } from "./outbox.ts";
import type { S3 } from "./s3-api.ts";
import { S3Database } from "./s3-database.ts";
import { settingsHandlers } from "./settings-operations.ts";
import { taggingHandlers } from "./tagging-operations.ts";

export async function openS3(context: CompanionContext): Promise<Companion> {
  const { place, data, clock, log, targets, lambda } = context;
  const directory = data.join("s3");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const database = await S3Database.open(data.join("s3.sqlite"));
  const files = await ObjectFiles.open(directory);
  const outbox = new Outbox({ database, targets, accountId: place.accountId, clock, log });
  const store = new ObjectStore({ database, files, outbox, clock, log });
  await store.recover();
  const handlers = {
    ...attributeHandlers(store),
    ...bucketHandlers(store, place),
    ...copyHandlers(store),
    ...listHandlers(store),
    ...multipartHandlers(store),
    ...notificationHandlers({ store, targets, lambda, clock }),
    ...objectHandlers(store),
    ...settingsHandlers(store),
    ...taggingHandlers(store),
  };
  const service = createService<S3>({
    model: loadModel("s3"),
    handlers: guarded(handlers, store),
    open: OPEN_OPERATIONS,
    onFault: (error, requestId) => log.error("s3 fault", { requestId, error }),
  });
  const find = (bucket: string | undefined) => (bucket === undefined ? undefined : store.buckets.find(decoded(bucket)));
  return {
    service: {
      ...service,
      ownsPath: (head) => find(bucketAddress(head.headers.host ?? "", head.path).bucket) !== undefined,
      sharedWith: (head) => sharedWith(find(bucketAddress(head.headers.host ?? "", head.path).bucket), head),
    },
    policyOf: (resource) => {
      const [, bucket] = /^arn:aws:s3:::([^/]+)/.exec(resource) ?? [];
      const found = find(bucket);
      return found && policyOf(found);
    },
    codeObjects: new ObjectReader(store),
    target: { service: "s3", target: new BucketTarget(store, place) },
    start: () => outbox.start(),
    stop: () => outbox.stop(),
    close: async () => {
      await outbox.close();
      await store.close();
      database.close();
    },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
