/** The region's SQS, called as the region itself calls another one: with little between the load and the socket. */
import type { Target } from "../src/cli/client.ts";
import { ExternalService } from "../src/invocation/external/external-service.ts";

export interface SqsClient {
  call(operation: string, input: object): Promise<Readonly<Record<string, unknown>>>;
  close(): void;
}

export function sqsClient(target: Target): SqsClient {
  const sqs = new ExternalService(target, "sqs", target.region);
  return {
    call: (operation, input) => sqs.call("", `AmazonSQS.${operation}`, input),
    close: () => sqs.close(),
  };
}
