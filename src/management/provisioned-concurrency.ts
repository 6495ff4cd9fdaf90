/**
 * PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, DeleteProvisionedConcurrencyConfig and
 * ListProvisionedConcurrencyConfigs. Rules and texts: contract/06 §1.
 */

import type { ProvisionedConcurrency } from "../functions/concurrency.ts";
import { functionArn } from "../functions/function-name.ts";
import { offsetTimestamp } from "../state/clock.ts";
import { type Claims, totalOf } from "./account-concurrency.ts";
import { type FunctionTarget, functionNotFound, functionTarget, unqualifiedTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { pageOf, pageSize, readMarker, writeMarker } from "./pagination.ts";
import { isAliasName, refuseSharedVersion } from "./provisioned-versions.ts";

interface QualifiedTarget extends FunctionTarget {
  readonly qualifier: string;
}

export function provisionedConcurrencyHandlers(management: ManagementContext) {
  const { account, catalog, clock, concurrency, fail } = management;
  const { provisioned } = account;

  function qualified(context: CallContext, operation: string, name: string, qualifier: string): QualifiedTarget {
    const target = { ...functionTarget(fail, context, operation, name, qualifier), qualifier };
    if (qualifier !== "$LATEST") return target;
    return fail(
      "InvalidParameterValueException",
      operation === "PutProvisionedConcurrencyConfig"
        ? "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        : "The function resource provided must be an alias or a published version.",
    );
  }

  function notFound(target: QualifiedTarget): never {
    if (!isAliasName(target.qualifier)) return functionNotFound(fail, target);
    return fail("ResourceNotFoundException", `Cannot find alias arn: ${target.arn}`);
  }

  async function requireProvisionable(target: QualifiedTarget): Promise<void> {
    const version = (await catalog.describe(target.name, target.qualifier)) ?? notFound(target);
    if (version.version === "$LATEST") {
      fail(
        "InvalidParameterValueException",
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
      );
    }
    // None of these texts is recorded.
    if (version.tenantIsolation !== undefined) {
      fail(
        "InvalidParameterValueException",
        "Provisioned Concurrency is not supported for functions with tenant isolation.",
      );
    }
    if (version.snapStartApplyOn === "PublishedVersions") {
      fail(
        "InvalidParameterValueException",
        "Provisioned Concurrency is not supported for SnapStart enabled functions.",
      );
    }
    if (version.state === "Failed") {
      fail(
        "ResourceConflictException",
        "The operation cannot be performed at this time. The function is currently in the following state: Failed",
      );
    }
    await refuseSharedVersion(management, target.name, target.qualifier, version.version);
  }

  function requireRoom(target: QualifiedTarget, claims: Claims, executions: number): void {
    const { reserved, provisioned: others } = claims.of(target.name);
    const ofOthers = totalOf(new Map([...others].filter(([qualifier]) => qualifier !== target.qualifier)));
    if (reserved !== undefined) {
      if (ofOthers + executions <= reserved) return;
      fail(
        "InvalidParameterValueException",
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
      );
    }
    const unreserved = claims.unreserved(target.name) - ofOthers;
    if (executions > unreserved) {
      fail(
        "InvalidParameterValueException",
        `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${unreserved}].`,
      );
    }
    const isMore = executions > (others.get(target.qualifier) ?? 0);
    if (isMore && unreserved - executions < account.unreservedMinimum) {
      fail(
        "InvalidParameterValueException",
        `Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${account.unreservedMinimum}].`,
      );
    }
  }

  function description(name: string, qualifier: string, config: ProvisionedConcurrency) {
    const { executions, lastModified } = config;
    const allocation = concurrency.allocation(name, qualifier);
    const failure = allocation?.failure;
    return {
      RequestedProvisionedConcurrentExecutions: executions,
      AvailableProvisionedConcurrentExecutions: allocation?.available ?? 0,
      AllocatedProvisionedConcurrentExecutions: allocation?.allocated ?? 0,
      Status: allocation?.isComplete ? "READY" : failure ? "FAILED" : "IN_PROGRESS",
      ...(failure && { StatusReason: failure }),
      LastModified: lastModified,
    } as const;
  }

  return {
    async PutProvisionedConcurrencyConfig(input, context) {
      const target = qualified(context, "PutProvisionedConcurrencyConfig", input.FunctionName, input.Qualifier);
      const executions = input.ProvisionedConcurrentExecutions;
      const lastModified = offsetTimestamp(clock.now());
      const changed = await account.change(async (claims) => {
        await requireProvisionable(target);
        requireRoom(target, claims, executions);
        return provisioned.change(target.name, target.qualifier, (before) => ({
          executions,
          generation: (before?.generation ?? 0) + 1,
          lastModified,
        }));
      });
      const config = changed?.after ?? notFound(target);
      await concurrency.apply(target.name);
      return description(target.name, target.qualifier, config);
    },

    async GetProvisionedConcurrencyConfig(input, context) {
      const target = qualified(context, "GetProvisionedConcurrencyConfig", input.FunctionName, input.Qualifier);
      const config = await provisioned.get(target.name, target.qualifier);
      if (config) return description(target.name, target.qualifier, config);
      if (!(await catalog.describe(target.name, target.qualifier))) notFound(target);
      return fail(
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
      );
    },

    async DeleteProvisionedConcurrencyConfig(input, context) {
      const target = qualified(context, "DeleteProvisionedConcurrencyConfig", input.FunctionName, input.Qualifier);
      const changed = await account.inTurn(() => provisioned.change(target.name, target.qualifier, () => undefined));
      if (!changed) notFound(target);
      await concurrency.apply(target.name);
      return {};
    },

    async ListProvisionedConcurrencyConfigs(input, context) {
      const target = unqualifiedTarget(fail, context, "ListProvisionedConcurrencyConfigs", input.FunctionName);
      const list = `provisioned concurrency of ${target.name}`;
      const after = readMarker(fail, list, input.Marker);
      const size = pageSize(input.MaxItems);
      const fetched = await provisioned.list(target.name, { after, limit: size + 1 });
      if (fetched.length === 0 && !(await catalog.describe(target.name))) functionNotFound(fail, target);
      const { items, next } = pageOf(fetched, size, ({ qualifier }) => qualifier);
      return {
        ProvisionedConcurrencyConfigs: items.map(({ qualifier, value }) => ({
          FunctionArn: functionArn(context, target.name, qualifier),
          ...description(target.name, qualifier, value),
        })),
        ...writeMarker(list, next),
      };
    },
  } satisfies LambdaHandlers;
}
