/** Resource policies of the account's logs: which services may write to log groups. They are for all groups together. */
import { listOf, type PolicyDocument, type PolicyStatement } from "../../functions/policy-document.ts";
import { evaluatePolicy } from "../../functions/policy-evaluation.ts";
import type { Sender } from "../../invocation/targets.ts";
import type { Clock } from "../../state/clock.ts";
import type { LogsDatabase, Row } from "./logs-database.ts";

export interface PolicyRecord {
  readonly policyName: string;
  readonly policyDocument: string;
  /** Unix ms */
  readonly lastUpdatedTime: number;
}

export class ResourcePolicies {
  readonly #database: LogsDatabase;
  readonly #clock: Clock;

  constructor(database: LogsDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  list(): PolicyRecord[] {
    return this.#database.all("select * from resource_policies order by name").map(policyFrom);
  }

  async put(policyName: string, policyDocument: string): Promise<PolicyRecord> {
    const lastUpdatedTime = this.#clock.now();
    const statement = "insert or replace into resource_policies values (?, ?, ?)";
    this.#database.run(statement, policyName, policyDocument, lastUpdatedTime);
    await this.#database.sync();
    return { policyName, policyDocument, lastUpdatedTime };
  }

  /** @returns false when there is none of that name */
  async remove(policyName: string): Promise<boolean> {
    const found = this.#database.run("delete from resource_policies where name = ?", policyName) > 0;
    await this.#database.sync();
    return found;
  }

  /** @param resource a log stream's ARN */
  allow(action: string, resource: string, { principal, arn, accountId }: Sender): boolean {
    const policy = { Statement: this.list().flatMap(({ policyDocument }) => statementsOf(policyDocument) ?? []) };
    const conditions = { "AWS:SourceArn": arn, "AWS:SourceAccount": accountId };
    const request = { action, resource, principal: { kind: "service", service: principal }, conditions } as const;
    return evaluatePolicy(policy, request) === "allow";
  }
}

/** @returns undefined when the text is no policy */
export function statementsOf(text: string): readonly PolicyStatement[] | undefined {
  try {
    const document = JSON.parse(text) as PolicyDocument;
    const statements = listOf(document.Statement);
    const areStatements = statements.every(({ Effect }) => Effect === "Allow" || Effect === "Deny");
    return statements.length > 0 && areStatements ? statements : undefined;
  } catch {
    return undefined;
  }
}

function policyFrom(row: Row): PolicyRecord {
  return {
    policyName: String(row.name),
    policyDocument: String(row.document),
    lastUpdatedTime: Number(row.updated_ms),
  };
}
