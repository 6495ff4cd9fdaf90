/** A real region as a process of its own, driven by the AWS SDK: functions are deployed and invoked as users do it. */
import assert from "node:assert/strict";
import { homedir } from "node:os";
import type { TestContext } from "node:test";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  InvokeCommand,
  LambdaClient,
  type Runtime,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { AlonzoCommand } from "./alonzo-command.ts";

export interface Invoked {
  readonly requestId: string;
  /** X-Amz-Function-Error. */
  readonly functionError: string | undefined;
  /** The response's text. */
  readonly text: string;
  /** Last 4 KB of the invocation's log. */
  readonly log: string;
}

export interface Deployment {
  readonly runtime: string;
  readonly handler?: string;
  readonly zip: Uint8Array;
  readonly more?: Partial<CreateFunctionCommandInput>;
}

export class RegionUnderTest {
  readonly client: LambdaClient;
  #functions = 0;

  private constructor(client: LambdaClient) {
    this.client = client;
  }

  /** Started with the isolation that the machine allows, or ALONZO_ISOLATION; stopped when the test ends. */
  static async start(t: TestContext): Promise<RegionUnderTest> {
    // The user's own home: languages may be installed there.
    const command = AlonzoCommand.spawn(t, ["start", "--isolation", process.env.ALONZO_ISOLATION ?? "auto"], {
      HOME: homedir(),
    });
    const [endpoint] = await command.printed(/http:\/\/[\w.[\]:]+:\d+/);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const client = new LambdaClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
    t.after(() => client.destroy());
    return new RegionUnderTest(client);
  }

  /** Create a function and wait until it may be invoked. @returns its name */
  async deploy({ runtime, handler = "index.handler", zip, more }: Deployment): Promise<string> {
    this.#functions += 1;
    const FunctionName = `f${this.#functions}`;
    await this.client.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: runtime as Runtime,
        Handler: handler,
        Role: "arn:aws:iam::000000000000:role/test",
        Timeout: 20,
        MemorySize: 256,
        Code: { ZipFile: zip },
        ...more,
      }),
    );
    await waitUntilFunctionActiveV2({ client: this.client, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
    return FunctionName;
  }

  async invoke(name: string, event = "{}"): Promise<Invoked> {
    const answer = await this.client.send(
      new InvokeCommand({ FunctionName: name, Payload: Buffer.from(event), LogType: "Tail" }),
    );
    assert.equal(answer.StatusCode, 200);
    return {
      requestId: answer.$metadata.requestId ?? "",
      functionError: answer.FunctionError,
      text: Buffer.from(answer.Payload ?? []).toString("utf8"),
      log: Buffer.from(answer.LogResult ?? "", "base64").toString("utf8"),
    };
  }

  /** Invoke a function that is expected to fail. @returns the error document */
  async invokeFailing(name: string, event = "{}"): Promise<Invoked & { readonly document: Record<string, unknown> }> {
    const invoked = await this.invoke(name, event);
    assert.equal(invoked.functionError, "Unhandled", `${invoked.text}\n${invoked.log}`);
    return { ...invoked, document: JSON.parse(invoked.text) };
  }
}
