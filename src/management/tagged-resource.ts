/** What every kind of resource that can have tags offers to the operations of tags.ts, where the kinds are listed. */
import type { Tags } from "../functions/catalog.ts";
import type { CallContext, ManagementContext } from "./lambda-api.ts";

/** One resource that can have tags: found by its ARN, not yet known to exist. */
export interface TaggedResource {
  /** Undefined when it does not exist. */
  read(): Promise<Tags | undefined>;
  /** Replaces the tags by what `decide` makes of them; what it throws is thrown, and nothing has changed. */
  change(decide: (tags: Tags) => Tags): Promise<Tags | undefined>;
  /** @throws ServiceError always: in this resource's own words */
  notFound(): never;
}

/** @throws ServiceError when the ARN is not of a resource that could be here */
export type FindTagged = (
  management: ManagementContext,
  context: CallContext,
  operation: string,
  arn: string,
) => TaggedResource;
