/** An event on a bus: from an entry of PutEvents or from another bus, and as the JSON that rules match and targets get. */
export interface BusEvent {
  readonly id: string;
  readonly detailType: string;
  readonly source: string;
  readonly account: string;
  /** e.g. 2020-04-28T07:20:20Z */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  /** JSON, as it came. */
  readonly detail: string;
  /** When it is sent again. */
  readonly replayName?: string;
  /** It has come over another bus, and goes on to no third. */
  readonly isForwarded?: boolean;
  /** X-Ray header. */
  readonly traceId: string;
}

/** @param ms unix ms */
export function eventTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The event as everybody sees it. */
export function eventJson(event: BusEvent): string {
  const { id, detailType, source, account, time, region, resources, replayName } = event;
  const head = {
    version: "0",
    id,
    "detail-type": detailType,
    source,
    account,
    time,
    region,
    resources,
    ...(replayName !== undefined && { "replay-name": replayName }),
  };
  return `${JSON.stringify(head).slice(0, -1)},"detail":${event.detail}}`;
}
