/**
 * Resource policies: one for each function, version or alias, never copied to another. Every change of one renews the
 * revision of what it hangs on (recorded; contract/06 §1), in the same transaction.
 */
import type { Kysely } from "kysely";
import type { CatalogTables } from "./catalog-tables.ts";
import { type FunctionSettings, UNQUALIFIED, type WriteFunction } from "./function-settings.ts";
import type { PolicyDocument } from "./policy-document.ts";
import { renewRevision, revisionOf } from "./revisions.ts";

export interface AttachedPolicy {
  /** Undefined when the function, version or alias has none. */
  readonly policy: PolicyDocument | undefined;
  /** Of the function, version or alias. */
  readonly revisionId: string;
}

export class ResourcePolicies {
  readonly #database: Kysely<CatalogTables>;
  readonly #settings: FunctionSettings<PolicyDocument>;
  readonly #write: WriteFunction;

  constructor(options: {
    database: Kysely<CatalogTables>;
    settings: FunctionSettings<PolicyDocument>;
    write: WriteFunction;
  }) {
    this.#database = options.database;
    this.#settings = options.settings;
    this.#write = options.write;
  }

  /** Undefined when there is no such function, version or alias. */
  async get(functionName: string, qualifier: string = UNQUALIFIED): Promise<AttachedPolicy | undefined> {
    // In this order: whoever changes the policy in between is caught by the revision.
    const revisionId = await revisionOf(this.#database, functionName, qualifier);
    if (revisionId === undefined) return undefined;
    return { policy: await this.#settings.get(functionName, qualifier), revisionId };
  }

  /** The policy alone: what permissions are decided by. */
  find(functionName: string, qualifier: string = UNQUALIFIED): Promise<PolicyDocument | undefined> {
    return this.#settings.get(functionName, qualifier);
  }

  /**
   * Replace the policy by what `decide` makes of it; undefined removes it. What `decide` throws is thrown, and nothing has
   * changed. Answers undefined when there is no such function, version or alias.
   */
  change(
    functionName: string,
    qualifier: string = UNQUALIFIED,
    decide: (before: AttachedPolicy) => PolicyDocument | undefined,
  ): Promise<AttachedPolicy | undefined> {
    return this.#write(functionName, async (transaction) => {
      const revisionId = await revisionOf(transaction, functionName, qualifier);
      if (revisionId === undefined) return undefined;
      const changed = await this.#settings.changeWithin(transaction, functionName, qualifier, (policy) =>
        decide({ policy, revisionId }),
      );
      return {
        policy: changed?.after,
        revisionId: await renewRevision(transaction, functionName, qualifier),
      };
    });
  }
}
