/** Names and ARNs of what EventBridge has: buses, rules, archives, replays, connections, API destinations. */
import { type Place, partitionOf } from "../../functions/function-name.ts";

export const DEFAULT_BUS = "default";

export type ResourceKind = "event-bus" | "rule" | "archive" | "replay" | "connection" | "api-destination";

export class Names {
  readonly #prefix: string;

  constructor({ region, accountId }: Place) {
    this.#prefix = `arn:${partitionOf(region)}:events:${region}:${accountId}:`;
  }

  arn(kind: ResourceKind, name: string, id?: string): string {
    return `${this.#prefix}${kind}/${name}${id === undefined ? "" : `/${id}`}`;
  }

  ruleArn(bus: string, rule: string): string {
    return bus === DEFAULT_BUS ? this.arn("rule", rule) : this.arn("rule", bus, rule);
  }

  /** Kind and what follows it in an ARN of this region; undefined for all others. */
  parse(arn: string): { readonly kind: string; readonly path: string } | undefined {
    if (!arn.startsWith(this.#prefix)) return undefined;
    const resource = arn.slice(this.#prefix.length);
    const slash = resource.indexOf("/");
    return slash < 1 ? undefined : { kind: resource.slice(0, slash), path: resource.slice(slash + 1) };
  }

  /** Of a bus given by its name or ARN, or by nothing; an ARN of elsewhere is a name that no bus has. */
  busName(given: string | undefined): string {
    if (given === undefined) return DEFAULT_BUS;
    const parsed = this.parse(given);
    return parsed?.kind === "event-bus" ? parsed.path : given;
  }

  /** Bus and name of the rule that an ARN means. */
  ruleOf(arn: string): { readonly bus: string; readonly name: string } | undefined {
    const parsed = this.parse(arn);
    if (parsed?.kind !== "rule") return undefined;
    const slash = parsed.path.lastIndexOf("/");
    if (slash === -1) return { bus: DEFAULT_BUS, name: parsed.path };
    return { bus: parsed.path.slice(0, slash), name: parsed.path.slice(slash + 1) };
  }
}
