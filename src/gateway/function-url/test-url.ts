/** For tests: a gateway with one function URL before a function that echoes, or that the test plays. */
import type { FunctionUrl } from "../../functions/function-url.ts";
import type { UrlOwner } from "../../functions/function-url-directory.ts";
import type { PolicyDocument, PolicyStatement } from "../../functions/policy-document.ts";
import { echo, type SendOptions, startTestGateway } from "../test-gateway.ts";

export const ID = "a".repeat(32);
export const HOST = `${ID}.lambda-url.us-east-1.localhost`;
export const FORBIDDEN =
  '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}';
export const ARN = "arn:aws:lambda:us-east-1:000000000000:function:f";

export const statement = (
  Action: string,
  Condition: PolicyStatement["Condition"],
  more: Partial<PolicyStatement> = {},
) => ({
  Effect: "Allow" as const,
  Principal: "*" as const,
  Action,
  Resource: ARN,
  ...(Condition && { Condition }),
  ...more,
});
export const MAY_CALL = statement("lambda:InvokeFunctionUrl", {
  StringEquals: { "lambda:FunctionUrlAuthType": "NONE" },
});
export const MAY_INVOKE = statement("lambda:InvokeFunction", { Bool: { "lambda:InvokedViaFunctionUrl": "true" } });
export const PUBLIC: PolicyDocument = { Statement: [MAY_CALL, MAY_INVOKE] };

export interface Given {
  readonly url?: Partial<FunctionUrl>;
  readonly policy?: PolicyDocument | undefined;
  readonly alias?: string;
  /** What the function returns instead of its event. */
  readonly returns?: unknown;
  readonly hostNames?: string[];
}

export async function startTestUrl({ url, policy = PUBLIC, alias, returns, hostNames }: Given = {}) {
  const owner: UrlOwner = {
    functionName: "f",
    alias,
    policy,
    url: { urlId: ID, authType: "NONE", invokeMode: "BUFFERED", creationTime: "", lastModifiedTime: "", ...url },
  };
  const gateway = await startTestGateway({
    functionUrls: { find: async (urlId) => (urlId === ID ? owner : undefined) },
    ...(hostNames && { hostNames }),
    ...(returns !== undefined && {
      invoker: {
        invoke: async (request) => {
          if (returns instanceof Error) throw returns;
          return { ...echo(request), payload: Buffer.from(JSON.stringify(returns)) };
        },
        check: async () => {},
      },
    }),
  });
  const send = (options: Partial<SendOptions> = {}) =>
    gateway.send({ path: "/", credentials: null, ...options, headers: { host: HOST, ...options.headers } });
  return { send, gateway, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}
