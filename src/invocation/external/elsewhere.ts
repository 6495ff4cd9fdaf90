/** What others keep, as the operator has named it, beside what this region keeps: targets, objects, queues to poll. */
import type { CodeObjects } from "../../functions/code-objects.ts";
import type { Place } from "../../functions/function-name.ts";
import type { Targets } from "../targets.ts";
import { externalEndpoints } from "./endpoints.ts";
import { ExternalObjects } from "./external-objects.ts";
import { ExternalService } from "./external-service.ts";
import { ExternalTarget } from "./external-target.ts";
import { SENDERS } from "./senders.ts";

export class Elsewhere {
  readonly #place: Place;
  /** By their names in ARNs, which are those in signatures, too. */
  readonly #services: ReadonlyMap<string, ExternalService>;

  /** @param endpoints as configured @throws StorageError when they cannot be read */
  constructor(endpoints: string, place: Place) {
    this.#place = place;
    this.#services = new Map(
      [...externalEndpoints(endpoints, process.env)].map(([name, endpoint]) => [
        name,
        new ExternalService(endpoint, name, place.region),
      ]),
    );
  }

  get queues(): ExternalService | undefined {
    return this.#services.get("sqs");
  }

  /** Makes them targets of what is not here. */
  addTo(targets: Targets, ours: CodeObjects | undefined): void {
    for (const [name, service] of this.#services) {
      const send = SENDERS[name];
      if (send) targets.addElsewhere(name, new ExternalTarget(service, send), (arn) => this.#isThere(arn, ours));
    }
  }

  /** Objects of our buckets, and of those that we do not have. */
  objectsBeside(ours: CodeObjects | undefined): CodeObjects | undefined {
    const s3 = this.#services.get("s3");
    const theirs = s3 && new ExternalObjects(s3);
    if (!ours || !theirs) return ours ?? theirs;
    return {
      has: () => true,
      read: (object, limit) => (ours.has(object.bucket) ? ours : theirs).read(object, limit),
    };
  }

  close(): void {
    for (const service of this.#services.values()) service.close();
  }

  /** ARNs tell whose it is, but for buckets: one that is not here is there. */
  #isThere(arn: string, ours: CodeObjects | undefined): boolean {
    const [, , service, region, accountId, name = ""] = arn.split(":");
    if (service === "s3") return ours?.has(name) !== true;
    return region !== this.#place.region || accountId !== this.#place.accountId;
  }
}
