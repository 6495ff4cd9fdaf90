/** The types of Lambda's control API as this room sees it, and what its operations are given to work with. */
import type { CapacityProviders } from "../functions/capacity-providers.ts";
import type { Catalog } from "../functions/catalog.ts";
import type { CodeSigningConfigs } from "../functions/code-signing-configs.ts";
import type { CodeStore } from "../functions/code-store.ts";
import type { EventSourceMappings } from "../functions/event-source-mappings.ts";
import type { Architecture } from "../functions/function-version.ts";
import type { Layers } from "../functions/layers.ts";
import type { SigningProfile } from "../functions/signing-profiles.ts";
import type { Clock } from "../state/clock.ts";
import type { Fail } from "../wire/fail.ts";
import type { Handlers, Input, OperationName, Output } from "../wire/handlers.ts";
import type { CallContext } from "../wire/service.ts";
import type { AccountConcurrency } from "./account-concurrency.ts";
import type { Activation } from "./activation.ts";
import type { CapacityProviderLifecycle } from "./capacity-provider-lifecycle.ts";
import type { ReadCodeObject } from "./code-reader.ts";
import type { FunctionScalingControl } from "./function-scaling-control.ts";
import type { MappingLifecycle } from "./mapping-lifecycle.ts";

export type Lambda = typeof import("@aws-sdk/client-lambda");
export type LambdaFail = Fail<Lambda>;
export type LambdaHandlers = Handlers<Lambda>;
export type LambdaInput<Name extends OperationName<Lambda>> = Input<Lambda, Name>;
export type LambdaOutput<Name extends OperationName<Lambda>> = Output<Lambda, Name>;

export interface ManagementContext {
  readonly catalog: Catalog;
  readonly codeStore: CodeStore;
  readonly layers: Layers;
  readonly codeStorage: CodeRoom;
  readonly codeSigning: CodeSigningConfigs;
  /** Whose signatures are believed. */
  readonly signingProfiles: readonly SigningProfile[];
  /** Told the ARN of the function to which untrusted code was deployed, because its configuration only warns. */
  readonly onUntrustedCode: (arn: string) => void;
  readonly clock: Clock;
  readonly fail: LambdaFail;
  readonly activation: Activation;
  readonly mappings: EventSourceMappings;
  readonly mappingLifecycle: MappingLifecycle;
  readonly functionScaling: FunctionScalingControl;
  readonly capacityProviders: CapacityProviders;
  readonly capacityProviderLifecycle: CapacityProviderLifecycle;
  /** The bytes of an object that holds code, for a caller who may read it. @throws CodeObjectRefusal */
  readonly readCodeObject: ReadCodeObject;
  readonly resolveImage: ResolveImage;
  /** Does the ARN name what others keep? */
  readonly isElsewhere: (arn: string) => boolean;
  /** A URL at which the zip can be downloaded for the next ten minutes. */
  readonly codeUrl: (codeSha256: string, endpoint: string) => string;
  readonly account: AccountConcurrency;
  readonly concurrency: ConcurrencyControl;
}

/** What became of asking which image a name means. */
export type ImageResolution =
  | { readonly kind: "found"; readonly digest: string }
  | { readonly kind: "missing" | "denied" | "invalid"; readonly reason: string }
  /** It cannot be asked now: the version is to find out while it is Pending. */
  | { readonly kind: "unknown" };

export type ResolveImage = (uri: string, architecture: Architecture) => Promise<ImageResolution>;

/** The account's room for deployment packages. */
export interface CodeRoom {
  /** bytes */
  readonly limit: number;
  /** bytes of all versions and layer versions */
  used(): Promise<number>;
  /** bytes; negative when the limit was lowered below what is used */
  left(): Promise<number>;
}

/** Where settings of concurrency take effect. */
export interface ConcurrencyControl {
  /** Resolves when the function's settings, as they are stored, hold for its invocations. */
  apply(functionName: string): Promise<void>;
  /** What there is of a version's or alias's provisioned concurrency. */
  allocation(functionName: string, qualifier: string): Allocation | undefined;
}

/** Execution environments. */
export interface Allocation {
  readonly allocated: number;
  readonly available: number;
  /** All that were requested are available. */
  readonly isComplete: boolean;
  /** Why it cannot be completed: StatusReason. */
  readonly failure?: string;
}

export type { CallContext };
