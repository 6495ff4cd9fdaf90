/** `alonzo url`: prints the URL of a function, and gives it one when it has none, with what callers need to be allowed. */
import { readArguments } from "./arguments.ts";
import { ApiError, RegionClient, targetOf } from "./client.ts";
import { functionPath } from "./function-calls.ts";
import { print } from "./terminal.ts";

const FLAGS = {
  qualifier: { type: "string", short: "q" },
  signed: { type: "boolean" },
  stream: { type: "boolean" },
  endpoint: { type: "string" },
} as const;

/** What must be allowed to everybody for a URL that asks for no signature. */
const PUBLIC = [
  { StatementId: "public-url", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
  { StatementId: "public-invoke", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
];

export async function run(args: readonly string[]): Promise<number> {
  const { config, flags, positionals } = readArguments(args, FLAGS, ["the function's NAME"]);
  const client = new RegionClient(targetOf(config, flags.endpoint as string | undefined));
  const name = positionals[0] as string;
  const query = typeof flags.qualifier === "string" ? { query: { Qualifier: flags.qualifier } } : {};
  const path = `/2021-10-31/functions/${encodeURIComponent(name)}/url`;
  const url = await unless("ResourceNotFoundException", client.json<UrlConfig>({ method: "GET", path, ...query }));
  if (url !== undefined) {
    print(url.FunctionUrl);
    return 0;
  }
  const isSigned = flags.signed === true;
  const body = {
    AuthType: isSigned ? "AWS_IAM" : "NONE",
    ...(flags.stream === true && { InvokeMode: "RESPONSE_STREAM" }),
  };
  // The URL comes last: one that is there is complete.
  for (const statement of isSigned ? [] : PUBLIC) {
    const permission = { ...statement, Principal: "*" };
    // Whoever had a URL before may have left them.
    await unless(
      "ResourceConflictException",
      client.json({ method: "POST", path: `${functionPath(name)}/policy`, ...query, body: permission }),
    );
  }
  print((await client.json<UrlConfig>({ method: "POST", path, ...query, body })).FunctionUrl);
  return 0;
}

interface UrlConfig {
  readonly FunctionUrl: string;
}

/** The answer, or undefined for this one error. */
async function unless<Answer>(code: string, answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === code) return undefined;
    throw error;
  }
}
