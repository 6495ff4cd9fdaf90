/** Operations on subscription filters. Functions are the one kind of destination that this region delivers logs to. */

import type { Catalog } from "../../functions/catalog.ts";
import { isOfOtherPartition, parseFunctionName } from "../../functions/function-name.ts";
import type { LambdaTarget } from "../../invocation/lambda-target.ts";
import type { Targets } from "../../invocation/targets.ts";
import type { FilterRecord } from "./filters-table.ts";
import { findGroup, type LogsHandlers, type LogsParts, readPattern, type SubscriptionSettings } from "./logs-api.ts";
import { pageOf, readToken, writeToken } from "./page-token.ts";
import { allowedSender, controlMessage, traceIdOf } from "./subscription-message.ts";

const MOST_FILTERS = 2;
const DEFAULT_PAGE = 50;

export interface DestinationParts {
  readonly catalog: Pick<Catalog, "resolve">;
  readonly lambda: Pick<LambdaTarget, "allows">;
  readonly targets: Targets;
}

export function subscriptionFilterHandlers(parts: LogsParts, destinations: DestinationParts) {
  const { catalog, targets } = destinations;
  const { place, clock, fail, store, subscriptions } = parts;

  const cannotExecute = (): never =>
    fail(
      "InvalidParameterException",
      "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
    );

  /** The function is there, may be invoked, and is sent a first message. */
  async function probe(logGroup: string, destinationArn: string): Promise<void> {
    const { name, qualifier, region, accountId } = parseFunctionName(destinationArn) ?? {};
    const isOurs =
      region === place.region && accountId === place.accountId && !isOfOtherPartition(destinationArn, place);
    const isThere = isOurs && name !== undefined && (await catalog.resolve(name, qualifier)) !== undefined;
    if (!isThere && !targets.isElsewhere(destinationArn)) return cannotExecute();
    const sender = await allowedSender(destinations, place, logGroup, destinationArn);
    if (!sender) return cannotExecute();
    const body = await controlMessage(clock.now());
    await targets.deliver(destinationArn, { body, traceId: traceIdOf(clock.now(), undefined), sender });
  }

  const described = ({ logGroup, name, createdMs, settings }: FilterRecord<SubscriptionSettings>) => ({
    filterName: name,
    logGroupName: logGroup,
    creationTime: createdMs,
    ...settings,
  });

  return {
    async PutSubscriptionFilter({ logGroupName, filterName, ...settings }) {
      const { name: logGroup } = await findGroup(parts, logGroupName);
      readPattern(fail, settings.filterPattern);
      const { destinationArn, roleArn, distribution } = settings;
      if (destinationArn.split(":")[2] !== "lambda") {
        fail("InvalidParameterException", "This region delivers log events to Lambda functions only.");
      }
      if (roleArn !== undefined) {
        fail("InvalidParameterException", "destinationArn for vendor lambda cannot be used with roleArn");
      }
      const all = subscriptions.list(logGroup);
      if (all.length >= MOST_FILTERS && !all.some(({ name }) => name === filterName)) {
        fail("LimitExceededException", "Resource limit exceeded.");
      }
      await probe(logGroup, destinationArn);
      await subscriptions.put({
        logGroup,
        name: filterName,
        createdMs: clock.now(),
        settings: { ...settings, distribution: distribution ?? "ByLogStream" },
        position: await store.end(logGroup),
      });
      return {};
    },

    async DescribeSubscriptionFilters(input) {
      const { name } = await findGroup(parts, input.logGroupName);
      const { filterNamePrefix = "", limit = DEFAULT_PAGE } = input;
      const question = ["DescribeSubscriptionFilters", name, filterNamePrefix];
      const after = readToken<string>(fail, question, input.nextToken) ?? "";
      const fitting = subscriptions.list(name).filter((filter) => filter.name.startsWith(filterNamePrefix));
      const { items, last } = pageOf(
        fitting.filter((filter) => filter.name > after),
        limit,
      );
      return {
        subscriptionFilters: items.map(described),
        ...(last && { nextToken: writeToken(question, last.name) }),
      };
    },

    async DeleteSubscriptionFilter({ logGroupName, filterName }) {
      const { name } = await findGroup(parts, logGroupName);
      if (!(await subscriptions.remove(name, filterName))) {
        fail("ResourceNotFoundException", "The specified subscription filter does not exist.");
      }
      return {};
    },
  } satisfies LogsHandlers;
}
