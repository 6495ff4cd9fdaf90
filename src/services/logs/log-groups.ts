/** Operations on log groups: create, describe, list, retention, protection, delete. */
import { expiryOf, type GroupRecord } from "./log-groups-table.ts";
import { findGroup, groupArn, groupNameFrom, type LogsHandlers, type LogsParts } from "./logs-api.ts";
import { pageOf, readToken, writeToken } from "./page-token.ts";

const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const DEFAULT_PAGE = 50;
const CLASSES = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];

export function logGroupHandlers(parts: LogsParts) {
  const { place, clock, fail, store, groups, streams, metrics } = parts;

  const described = async (group: GroupRecord) => ({
    logGroupName: group.name,
    creationTime: group.createdMs,
    ...(group.retentionDays !== undefined && { retentionInDays: group.retentionDays }),
    metricFilterCount: metrics.list(group.name).length,
    arn: `${groupArn(place, group.name)}:*`,
    storedBytes: await store.bytesOf(group.name),
    ...(group.kmsKey !== undefined && { kmsKeyId: group.kmsKey }),
    logGroupClass: group.class,
    logGroupArn: groupArn(place, group.name),
    deletionProtectionEnabled: group.isProtected,
  });

  return {
    async CreateLogGroup({ logGroupName: name, logGroupClass, kmsKeyId, tags = {}, deletionProtectionEnabled }) {
      if (logGroupClass !== undefined && !CLASSES.includes(logGroupClass)) {
        fail("InvalidParameterException", `Invalid log group class: ${logGroupClass}`);
      }
      if (name.startsWith("aws/"))
        fail("InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.");
      const isNew = await groups.create({
        name,
        createdMs: clock.now(),
        class: logGroupClass ?? "STANDARD",
        ...(kmsKeyId !== undefined && { kmsKey: kmsKeyId }),
        isProtected: deletionProtectionEnabled ?? false,
        tags,
      });
      if (!isNew) fail("ResourceAlreadyExistsException", "The specified log group already exists");
      return {};
    },

    async DeleteLogGroup({ logGroupName }) {
      const { name, isProtected } = await findGroup(parts, logGroupName);
      if (isProtected) {
        fail("ValidationException", "The log group cannot be deleted because deletion protection is enabled.");
      }
      await store.removeGroup(name);
      streams.forget(name);
      await groups.remove(name);
      return {};
    },

    async DescribeLogGroups(input) {
      streams.save();
      const { logGroupNamePrefix: prefix, logGroupNamePattern: part, logGroupClass, limit = DEFAULT_PAGE } = input;
      if (prefix !== undefined && part !== undefined) {
        fail(
          "InvalidParameterException",
          "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        );
      }
      if (input.logGroupIdentifiers !== undefined) {
        const names = input.logGroupIdentifiers.map((identifier) => groupNameFrom(place, identifier));
        const found = names.flatMap((name) => (name === undefined ? [] : (groups.find(name) ?? [])));
        return { logGroups: await Promise.all(found.map(described)) };
      }
      const question = ["DescribeLogGroups", prefix, part, logGroupClass];
      const after = readToken<string>(fail, question, input.nextToken);
      const page = pageOf(groups.list({ prefix, part, class: logGroupClass, after, limit: limit + 1 }), limit);
      return {
        logGroups: await Promise.all(page.items.map(described)),
        ...(page.last && { nextToken: writeToken(question, page.last.name) }),
      };
    },

    async ListLogGroups(input) {
      streams.save();
      const { logGroupNamePattern: pattern = "", logGroupClass, limit = DEFAULT_PAGE } = input;
      const [, isAnchored, word] = /^(\^?)([.\-_/#A-Za-z0-9]*)$/.exec(pattern) ?? [];
      if (word === undefined) fail("InvalidParameterException", "The specified logGroupNamePattern is not supported.");
      const question = ["ListLogGroups", pattern, logGroupClass];
      const after = readToken<string>(fail, question, input.nextToken);
      const selection = { ...(isAnchored ? { prefix: word } : { part: word }), class: logGroupClass, after };
      const page = pageOf(groups.list({ ...selection, limit: limit + 1 }), limit);
      return {
        logGroups: page.items.map((group) => ({
          logGroupName: group.name,
          logGroupArn: groupArn(place, group.name),
          logGroupClass: group.class,
        })),
        ...(page.last && { nextToken: writeToken(question, page.last.name) }),
      };
    },

    async PutRetentionPolicy({ logGroupName, retentionInDays }) {
      const { name } = await findGroup(parts, logGroupName);
      if (!RETENTION_DAYS.includes(retentionInDays)) {
        const violated = `Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint`;
        const allowed = `Member must satisfy enum value set: [${RETENTION_DAYS.join(", ")}]`;
        fail("InvalidParameterException", `1 validation error detected: ${violated}: ${allowed}`);
      }
      await groups.update(name, { retentionDays: retentionInDays });
      await store.expire(name, expiryOf({ retentionDays: retentionInDays }, clock.now()));
      return {};
    },

    async DeleteRetentionPolicy({ logGroupName }) {
      const { name } = await findGroup(parts, logGroupName);
      await groups.update(name, { retentionDays: undefined });
      await store.expire(name, undefined);
      return {};
    },

    async PutLogGroupDeletionProtection({ logGroupIdentifier, deletionProtectionEnabled }) {
      const { name } = await findGroup(parts, groupNameFrom(place, logGroupIdentifier));
      await groups.update(name, { isProtected: deletionProtectionEnabled });
      return {};
    },
  } satisfies LogsHandlers;
}
