/** What tests of capacity providers, and of functions that use them, start from. */
import {
  type CapacityProvider,
  CreateCapacityProviderCommand,
  type CreateCapacityProviderCommandInput,
  GetCapacityProviderCommand,
} from "@aws-sdk/client-lambda";
import { ROLE } from "../api/lambda/given.ts";
import type { Suite } from "./suite.ts";

export const PROVIDER_ARN = "arn:aws:lambda:us-east-1:000000000000:capacity-provider:";

/** What CreateCapacityProvider needs at least. */
export function provider(
  CapacityProviderName: string,
  more: Partial<CreateCapacityProviderCommandInput> = {},
): CreateCapacityProviderCommandInput {
  return {
    CapacityProviderName,
    VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: ["sg-1"] },
    PermissionsConfig: { CapacityProviderOperatorRoleArn: ROLE },
    ...more,
  };
}

/** Asks until the provider is not Pending. */
export async function settledProvider(suite: Suite, CapacityProviderName: string): Promise<CapacityProvider> {
  for (;;) {
    const { CapacityProvider: found } = await suite.lambda.send(
      new GetCapacityProviderCommand({ CapacityProviderName }),
    );
    if (found && found.State !== "Pending") return found;
  }
}

/** An active capacity provider, and how functions say that they use it. */
export async function activeProvider(
  suite: Suite,
  name: string,
  more: Partial<CreateCapacityProviderCommandInput> = {},
) {
  await suite.lambda.send(new CreateCapacityProviderCommand(provider(name, more)));
  await settledProvider(suite, name);
  return using(name);
}

/** How a function says that it uses the provider. */
export function using(name: string, more: object = {}) {
  const CapacityProviderArn = name.startsWith("arn:") ? name : PROVIDER_ARN + name;
  return {
    CapacityProviderConfig: { LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn, ...more } },
  };
}
