/** All companion services of a region, as one. Each is a folder beside this file; none of them imports another. */

import type { CodeObjects } from "../functions/code-objects.ts";
import type { PolicyDocument } from "../functions/policy-document.ts";

import type { PolledQueues } from "../invocation/polled-queues.ts";
import type { HttpSurface } from "../wire/http-surface.ts";
import type { WireService } from "../wire/service.ts";
import { openApiGateway } from "./apigateway/index.ts";
import type { Companion, CompanionContext, OpenCompanion } from "./companion.ts";
import { openEvents } from "./events/index.ts";
import { openLogs } from "./logs/index.ts";
import { openS3 } from "./s3/index.ts";
import { openScheduler } from "./scheduler/index.ts";
import { openSns } from "./sns/index.ts";
import { openSqs } from "./sqs/index.ts";
import { openSts } from "./sts/index.ts";

const COMPANIONS: readonly OpenCompanion[] = [
  // One a line.
  openApiGateway,
  openEvents,
  openLogs,
  openS3,
  openScheduler,
  openSns,
  openSqs,
  openSts,
];

export interface Companions {
  readonly services: readonly WireService[];
  readonly surfaces: readonly HttpSurface[];
  readonly queues: PolledQueues;
  readonly codeObjects: CodeObjects | undefined;
  policyOf(resource: string): PolicyDocument | undefined;
  start(): Promise<void>;
  stop(): void;
  close(): Promise<void>;
}

/** Opens them and makes their resources known as targets. @throws StorageError */
export async function openCompanions(context: CompanionContext): Promise<Companions> {
  await using opened = new AsyncDisposableStack();
  const companions: Companion[] = [];
  for (const open of COMPANIONS) {
    const companion = await open(context);
    opened.defer(() => companion.close());
    companions.push(companion);
    if (companion.target) context.targets.add(companion.target.service, companion.target.target);
  }
  const closing = opened.move();
  return {
    services: companions.flatMap(({ service, moreServices = [] }) => [service, ...moreServices]),
    surfaces: companions.flatMap(({ surface }) => surface ?? []),
    queues: {
      find: (arn) => {
        for (const { queues } of companions) {
          const queue = queues?.find(arn);
          if (queue) return queue;
        }
        return undefined;
      },
    },
    codeObjects: companions.find(({ codeObjects }) => codeObjects)?.codeObjects,
    policyOf: (resource) => {
      for (const companion of companions) {
        const policy = companion.policyOf?.(resource);
        if (policy) return policy;
      }
      return undefined;
    },
    start: async () => {
      for (const companion of companions) await companion.start?.();
    },
    stop: () => {
      for (const companion of companions) companion.stop?.();
    },
    close: () => closing.disposeAsync(),
  };
}
