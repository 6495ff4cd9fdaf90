/** Tags of log groups, by the API that knows only these and by the one that knows ARNs. */
import { findGroup, groupNameFrom, type LogsHandlers, type LogsParts } from "./logs-api.ts";

const MOST_TAGS = 50;

export function tagHandlers(parts: LogsParts) {
  const { place, fail, groups } = parts;

  async function tag(name: string | undefined, tags: Readonly<Record<string, string>>): Promise<void> {
    const group = await findGroup(parts, name);
    const merged = { ...group.tags, ...tags };
    if (Object.keys(merged).some((key) => key.toLowerCase().startsWith("aws:"))) {
      fail("InvalidParameterException", "Tag keys starting with aws: are reserved for AWS.");
    }
    if (Object.keys(merged).length > MOST_TAGS) {
      const message = `A resource can have no more than ${MOST_TAGS} tags.`;
      fail("TooManyTagsException", message);
    }
    await groups.update(group.name, { tags: merged });
  }

  async function untag(name: string | undefined, keys: readonly string[]): Promise<void> {
    const group = await findGroup(parts, name);
    const kept = Object.entries(group.tags).filter(([key]) => !keys.includes(key));
    await groups.update(group.name, { tags: Object.fromEntries(kept) });
  }

  return {
    async TagLogGroup({ logGroupName, tags }) {
      await tag(logGroupName, tags);
      return {};
    },
    async UntagLogGroup({ logGroupName, tags }) {
      await untag(logGroupName, tags);
      return {};
    },
    ListTagsLogGroup: async ({ logGroupName }) => ({ tags: (await findGroup(parts, logGroupName)).tags }),

    async TagResource({ resourceArn, tags }) {
      await tag(groupNameFrom(place, resourceArn), tags);
      return {};
    },
    async UntagResource({ resourceArn, tagKeys }) {
      await untag(groupNameFrom(place, resourceArn), tagKeys);
      return {};
    },
    ListTagsForResource: async ({ resourceArn }) => ({
      tags: (await findGroup(parts, groupNameFrom(place, resourceArn))).tags,
    }),
  } satisfies LogsHandlers;
}
