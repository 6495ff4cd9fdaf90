/**
 * A capacity provider: machines that its owner sets aside for functions. Here it is a record that functions are
 * associated with; they run in the region's ordinary environments, for there are no other machines.
 */
import { type Place, partitionOf } from "./function-name.ts";

export type CapacityProviderState = "Pending" | "Active" | "Failed" | "Deleting";

export interface CapacityScaling {
  readonly maxVCpuCount: number;
  readonly mode: "Auto" | "Manual";
  readonly policies?: readonly { readonly metric: string; readonly target: number }[];
}

export interface CapacityProvider {
  readonly name: string;
  readonly state: CapacityProviderState;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly operatorRoleArn: string;
  readonly architectures?: readonly string[];
  readonly allowedInstanceTypes?: readonly string[];
  readonly excludedInstanceTypes?: readonly string[];
  readonly scaling: CapacityScaling;
  readonly kmsKeyArn?: string;
  readonly propagateTags?: { readonly mode: string; readonly tags?: Readonly<Record<string, string>> };
  readonly logging?: { readonly systemLogLevel?: string; readonly logGroup: string };
  /** As AWS writes it. */
  readonly lastModified: string;
  readonly tags: Readonly<Record<string, string>>;
}

export function capacityProviderArn(place: Place, name: string): string {
  return `arn:${partitionOf(place.region)}:lambda:${place.region}:${place.accountId}:capacity-provider:${name}`;
}

/** The name of a capacity provider of this place, from a name or an ARN; undefined when it is another place's. */
export function capacityProviderName(place: Place, text: string): string | undefined {
  if (!text.startsWith("arn:")) return text;
  const name = text.slice(text.lastIndexOf(":") + 1);
  return text === capacityProviderArn(place, name) ? name : undefined;
}
