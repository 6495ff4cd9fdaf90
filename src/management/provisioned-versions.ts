/** A version has provisioned concurrency of its own, or by an alias that points to it, never both (contract/06 §1). */
import { versionNumber } from "../functions/catalog-tables.ts";
import type { ManagementContext } from "./lambda-api.ts";

export function isAliasName(qualifier: string): boolean {
  return versionNumber(qualifier) === undefined;
}

/**
 * @param version the one that the qualifier stands for
 * @throws ResourceConflictException when this version has provisioned concurrency in the other way
 */
export async function refuseSharedVersion(
  { account, catalog, fail }: ManagementContext,
  functionName: string,
  qualifier: string,
  version: string,
): Promise<void> {
  const configs = await account.provisioned.list(functionName, { limit: Number.MAX_SAFE_INTEGER });
  if (isAliasName(qualifier)) {
    if (!configs.some((config) => config.qualifier === version)) return;
    fail(
      "ResourceConflictException",
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
  }
  const aliases = await catalog.aliases.list(functionName, { version, limit: Number.MAX_SAFE_INTEGER });
  if (aliases.some(({ name }) => configs.some((config) => config.qualifier === name))) {
    fail("ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias");
  }
}

/** The same for an alias that is to move: its provisioned concurrency moves with it. */
export async function refuseProvisionedMove(
  management: ManagementContext,
  functionName: string,
  alias: string,
  version: string,
): Promise<void> {
  const { account, fail } = management;
  if (!(await account.provisioned.get(functionName, alias))) return;
  if (version === "$LATEST") {
    fail(
      "InvalidParameterValueException",
      "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
    );
  }
  await refuseSharedVersion(management, functionName, alias, version);
}
