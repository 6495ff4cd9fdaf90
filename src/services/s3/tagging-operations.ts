/** Tags of objects and of buckets. */
import { readTagSet, readVersionId } from "./object-input.ts";
import { shownVersionId } from "./object-output.ts";
import { type ObjectStore, readable } from "./object-store.ts";
import type { Tags } from "./object-version.ts";
import type { S3Handlers } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

const MAX_BUCKET_TAGS = 50;

const shownTags = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

interface Named {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

export function taggingHandlers(store: ObjectStore) {
  const { buckets } = store;

  function found({ Bucket, Key, VersionId }: Named) {
    const bucket = buckets.get(Bucket);
    return { bucket, version: readable(store.index, Bucket, Key, readVersionId(VersionId)) };
  }

  return {
    GetObjectTagging(input) {
      const { bucket, version } = found(input);
      return { TagSet: shownTags(version.tags), ...shownVersionId(bucket, version) };
    },

    async PutObjectTagging(input, context) {
      const tags = readTagSet(input.Tagging.TagSet);
      const { bucket } = found(input);
      const find = () => found(input).version;
      const version = await store.setTags(input.Bucket, find, tags, "ObjectTagging:Put", context);
      return shownVersionId(bucket, version);
    },

    async DeleteObjectTagging(input, context) {
      const { bucket } = found(input);
      const find = () => found(input).version;
      const version = await store.setTags(input.Bucket, find, {}, "ObjectTagging:Delete", context);
      return shownVersionId(bucket, version);
    },

    GetBucketTagging(input) {
      const tags = buckets.get(input.Bucket).settings.tagging as Tags | undefined;
      return tags === undefined
        ? refuse("NoSuchTagSet", { members: { BucketName: input.Bucket } })
        : { TagSet: shownTags(tags) };
    },

    async PutBucketTagging(input) {
      await buckets.set(input.Bucket, "tagging", readTagSet(input.Tagging.TagSet, MAX_BUCKET_TAGS));
      return {};
    },

    async DeleteBucketTagging(input) {
      await buckets.set(input.Bucket, "tagging", undefined);
      return {};
    },
  } satisfies S3Handlers;
}
