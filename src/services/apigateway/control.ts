/** What the handlers of both control APIs work with. */
import type { Place } from "../../functions/function-name.ts";
import { partitionOf } from "../../functions/function-name.ts";
import type { Clock } from "../../state/clock.ts";
import type { Records } from "./records.ts";

export interface Control {
  readonly records: Records;
  readonly place: Place;
  readonly clock: Clock;
  /** Forget what authorizers have decided. */
  readonly resetAuthorizers: (apiId: string) => void;
}

/** ARN of what API Gateway's control APIs manage, e.g. of path `/apis/abc`. */
export const controlArn = ({ region }: Place, path: string): string =>
  `arn:${partitionOf(region)}:apigateway:${region}::${path}`;

/** What of an input is set: the rest of a document stays as it is. */
export function given<T extends object>(input: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
