/** One service that others keep, in all regions that ARNs name: its clients, and the protocols by which it is spoken with. */
import { AwsClient, type AwsRequest, type AwsResponse } from "./aws-client.ts";
import type { ExternalEndpoint } from "./endpoints.ts";

type Members = Readonly<Record<string, unknown>>;

export class ExternalService {
  readonly #endpoint: ExternalEndpoint;
  readonly #name: string;
  readonly #region: string;
  readonly #clients = new Map<string, AwsClient>();

  /** @param name as signatures name it @param region where an ARN names none */
  constructor(endpoint: ExternalEndpoint, name: string, region: string) {
    this.#endpoint = endpoint;
    this.#name = name;
    this.#region = endpoint.region ?? region;
  }

  /** @param region of the resource, possibly empty @throws AwsClientError */
  send(region: string, request: AwsRequest, most?: number): Promise<AwsResponse> {
    return this.#clientOf(region || this.#region).send(request, most);
  }

  /** The JSON protocol. @param target e.g. `AmazonSQS.SendMessage` @throws AwsClientError */
  async call(region: string, target: string, input: object, version = "1.0", signal?: AbortSignal): Promise<Members> {
    const headers = { "content-type": `application/x-amz-json-${version}`, "x-amz-target": target };
    const body = Buffer.from(JSON.stringify(input));
    const request = { method: "POST", path: "/", headers, body, ...(signal && { signal }) };
    const answer = (await this.send(region, request)).body.toString("utf8");
    return JSON.parse(answer || "{}") as Members;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #clientOf(region: string): AwsClient {
    const client = this.#clients.get(region) ?? new AwsClient(this.#endpoint, this.#name, region);
    this.#clients.set(region, client);
    return client;
  }
}
