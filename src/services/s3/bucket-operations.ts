/** Buckets: create, head, list, delete, where they are, and whether they are versioned. */

import type { Place } from "../../functions/function-name.ts";
import { checkAcl, readTagSet } from "./object-input.ts";
import { ownerOf } from "./object-output.ts";
import type { ObjectStore } from "./object-store.ts";
import { wholeSeconds } from "./object-version.ts";
import type { S3Handlers } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

/** The region whose buckets have no location, and may be made twice by their owner. */
const FIRST_REGION = "us-east-1";
const MAX_PAGE = 10_000;

export function bucketHandlers(store: ObjectStore, { region }: Place) {
  const { buckets } = store;
  const isFirst = region === FIRST_REGION;

  /** @throws ServiceError */
  function checkLocation(constraint: string | undefined): void {
    if (constraint === FIRST_REGION)
      refuse("InvalidLocationConstraint", { members: { LocationConstraint: constraint } });
    if (constraint === (isFirst ? undefined : region)) return;
    refuse("IllegalLocationConstraintException", {
      message: `The ${constraint ?? "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    });
  }

  return {
    async CreateBucket(input) {
      const { Bucket: name, CreateBucketConfiguration: configuration } = input;
      checkLocation(configuration?.LocationConstraint || undefined);
      checkAcl(input);
      if (input.ObjectLockEnabledForBucket) {
        refuse("NotImplemented", { members: { Header: "x-amz-bucket-object-lock-enabled" } });
      }
      const tags = configuration?.Tags && readTagSet(configuration.Tags, 50);
      const ownership = input.ObjectOwnership && { Rules: [{ ObjectOwnership: input.ObjectOwnership }] };
      const isNew = await buckets.create(name, { ...(tags && { tagging: tags }), ...(ownership && { ownership }) });
      if (!isNew && !isFirst) refuse("BucketAlreadyOwnedByYou", { members: { BucketName: name } });
      return { Location: `/${name}` };
    },

    HeadBucket(input) {
      buckets.get(input.Bucket);
      return { BucketRegion: region };
    },

    async DeleteBucket(input) {
      await buckets.delete(input.Bucket);
      await store.removeGarbage();
      return {};
    },

    ListBuckets(input, context) {
      const limit = Math.min(input.MaxBuckets ?? MAX_PAGE, MAX_PAGE);
      if (limit < 1)
        refuse("InvalidArgument", { message: "Provided max-buckets not an integer or within integer range" });
      const page = { after: input.ContinuationToken ?? "", prefix: input.Prefix ?? "", limit: limit + 1 };
      const isHere = input.BucketRegion === undefined || input.BucketRegion === region;
      const found = isHere ? buckets.list(page) : [];
      const shown = found.slice(0, limit);
      return {
        Buckets: shown.map(({ name, createdMs }) => ({
          Name: name,
          CreationDate: wholeSeconds(createdMs),
          ...((input.MaxBuckets !== undefined || input.BucketRegion !== undefined) && { BucketRegion: region }),
        })),
        Owner: ownerOf(context.accountId),
        ...(input.Prefix !== undefined && { Prefix: input.Prefix }),
        ...(found.length > limit && { ContinuationToken: shown.at(-1)?.name }),
      };
    },

    GetBucketLocation(input) {
      buckets.get(input.Bucket);
      return isFirst ? {} : { LocationConstraint: region };
    },

    GetBucketVersioning(input) {
      const { versioning } = buckets.get(input.Bucket);
      return versioning === undefined ? {} : { Status: versioning };
    },

    async PutBucketVersioning(input) {
      const { Status, MFADelete } = input.VersioningConfiguration;
      if (MFADelete === "Enabled") refuse("NotImplemented", { members: { Header: "x-amz-mfa" } });
      if (Status !== "Enabled" && Status !== "Suspended") return refuse("IllegalVersioningConfigurationException");
      await buckets.setVersioning(input.Bucket, Status);
      return {};
    },
  } satisfies S3Handlers;
}
