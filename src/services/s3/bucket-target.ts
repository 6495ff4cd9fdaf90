/** Buckets as targets: what is sent to one becomes an object in it. */

import type { Place } from "../../functions/function-name.ts";
import { type Delivery, type Target, TargetRefusal } from "../../invocation/targets.ts";
import { newUuid } from "../../state/ids.ts";
import { ServiceError } from "../../wire/service-error.ts";
import { streamOf } from "../../wire/whole-body.ts";
import { decide } from "./bucket-policy.ts";
import { BodyDigest } from "./checksums.ts";
import { checkKey } from "./object-input.ts";
import type { ObjectStore } from "./object-store.ts";

export class BucketTarget implements Target {
  readonly #store: ObjectStore;
  readonly #place: Place;

  constructor(store: ObjectStore, place: Place) {
    this.#store = store;
    this.#place = place;
  }

  async deliver(arn: string, { body, objectKey: key, traceId, sender }: Delivery): Promise<void> {
    const name = arn.split(":")[5] ?? "";
    if (key === undefined) throw new TargetRefusal(`what is sent to ${arn} has no key`);
    const bucket = this.#store.buckets.find(name);
    if (!bucket) throw new TargetRefusal("The specified bucket does not exist", "RESOURCE_NOT_FOUND");
    const principal = { kind: "service", service: sender.principal } as const;
    if (!sender.usesRole && decide(bucket, "s3:PutObject", key, principal) !== "allow") {
      throw new TargetRefusal(`${sender.principal} may not put objects into ${arn}`, "NO_PERMISSIONS");
    }
    const root = {
      arn: `arn:aws:iam::${sender.accountId}:root`,
      accountId: sender.accountId,
      kind: "administrator",
    } as const;
    const caller = { requestId: newUuid(), principal: root, ...this.#place, traceId };
    try {
      checkKey(key);
      const { segment, md5, checksum } = await this.#store.receive(streamOf(body), new BodyDigest(undefined));
      const about = { headers: { ContentType: "application/json" }, metadata: {}, checksum, segments: [segment] };
      const version = { key, size: segment.size, etag: `"${md5.toString("hex")}"`, tags: {}, about };
      await this.#store.put(name, version, { event: "ObjectCreated:Put", caller });
    } catch (error) {
      throw error instanceof ServiceError ? new TargetRefusal(error.message) : error;
    }
  }
}
