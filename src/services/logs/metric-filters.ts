/** Metric filters: kept and shown, and tried out by TestMetricFilter. This region has no metrics to feed. */
import type { FilterRecord } from "./filters-table.ts";
import { findGroup, type LogsHandlers, type LogsParts, type MetricSettings, readPattern } from "./logs-api.ts";
import { pageOf, readToken, writeToken } from "./page-token.ts";

const MOST_FILTERS = 100;
const DEFAULT_PAGE = 50;

export function metricFilterHandlers(parts: LogsParts) {
  const { clock, fail, metrics } = parts;

  const described = ({ logGroup, name, createdMs, settings }: FilterRecord<MetricSettings>) => ({
    filterName: name,
    logGroupName: logGroup,
    creationTime: createdMs,
    ...settings,
  });

  return {
    async PutMetricFilter({ logGroupName, filterName, ...settings }) {
      const { name: logGroup } = await findGroup(parts, logGroupName);
      readPattern(fail, settings.filterPattern);
      const all = metrics.list(logGroup);
      if (all.length >= MOST_FILTERS && !all.some(({ name }) => name === filterName)) {
        fail("LimitExceededException", "Resource limit exceeded.");
      }
      await metrics.put({ logGroup, name: filterName, createdMs: clock.now(), settings, position: 0 });
      return {};
    },

    async DescribeMetricFilters(input) {
      const { logGroupName, filterNamePrefix = "", metricName, metricNamespace, limit = DEFAULT_PAGE } = input;
      if (logGroupName !== undefined) await findGroup(parts, logGroupName);
      const question = ["DescribeMetricFilters", logGroupName, filterNamePrefix, metricName, metricNamespace];
      const skip = readToken<number>(fail, question, input.nextToken) ?? 0;
      const fitting = metrics
        .list(logGroupName)
        .filter(
          ({ name, settings }) =>
            name.startsWith(filterNamePrefix) &&
            (metricName === undefined ||
              settings.metricTransformations.some(
                (metric) => metric.metricName === metricName && metric.metricNamespace === metricNamespace,
              )),
        );
      const { items, last } = pageOf(fitting.slice(skip), limit);
      return {
        metricFilters: items.map(described),
        ...(last && { nextToken: writeToken(question, skip + items.length) }),
      };
    },

    async DeleteMetricFilter({ logGroupName, filterName }) {
      const { name } = await findGroup(parts, logGroupName);
      if (!(await metrics.remove(name, filterName))) {
        fail("ResourceNotFoundException", "The specified metric filter does not exist.");
      }
      return {};
    },

    async TestMetricFilter({ filterPattern, logEventMessages }) {
      const { matches, extract } = readPattern(fail, filterPattern);
      const all = logEventMessages.map((eventMessage, index) => ({ eventNumber: index + 1, eventMessage }));
      const matching = all.filter(({ eventMessage }) => matches(eventMessage));
      return {
        matches: matching.map((match) => ({ ...match, extractedValues: extract(match.eventMessage) })),
      };
    },
  } satisfies LogsHandlers;
}
