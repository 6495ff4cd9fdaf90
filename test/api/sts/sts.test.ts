/** STS through the JavaScript SDK and boto3: who one is, and temporary credentials that the region then knows. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { ListFunctionsCommand } from "@aws-sdk/client-lambda";
import {
  AssumeRoleCommand,
  type Credentials,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  type GetCallerIdentityCommandOutput,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { boto3Missing, PYTHON } from "../../python-with-boto3.ts";
import { TestRegion } from "../../test-region.ts";

const ROLE = "arn:aws:iam::000000000000:role/service-role/worker";
const ADMINISTRATOR = { accessKeyId: "test", secretAccessKey: "test" };

let region: TestRegion;
let sts: STSClient;

before(async () => {
  region = await TestRegion.start("process", { ALONZO_EXECUTION_ROLE_ACTIONS: "sts:AssumeRole,sts:GetSessionToken" });
  sts = client(ADMINISTRATOR);
});

after(async () => {
  sts.destroy();
  await region.stop();
});

function client(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }): STSClient {
  return new STSClient({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
}

function clientWith(credentials: Credentials | undefined): STSClient {
  assert.ok(credentials?.AccessKeyId && credentials.SecretAccessKey && credentials.SessionToken);
  return client({
    accessKeyId: credentials.AccessKeyId,
    secretAccessKey: credentials.SecretAccessKey,
    sessionToken: credentials.SessionToken,
  });
}

function identity({ Account, Arn, UserId }: GetCallerIdentityCommandOutput) {
  return { Account, Arn, UserId };
}

test("the administrator is the root user", async () => {
  assert.deepEqual(identity(await sts.send(new GetCallerIdentityCommand({}))), {
    Account: "000000000000",
    Arn: "arn:aws:iam::000000000000:root",
    UserId: "000000000000",
  });
});

test("who assumes a role is a session of it, for as long as was asked", async () => {
  const before = Date.now();
  const assumed = await sts.send(
    new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: "me@work", DurationSeconds: 900 }),
  );
  const arn = "arn:aws:sts::000000000000:assumed-role/worker/me@work";
  assert.equal(assumed.AssumedRoleUser?.Arn, arn);
  assert.match(assumed.AssumedRoleUser?.AssumedRoleId ?? "", /^AROA[A-Z2-7]{17}:me@work$/);
  const lifetimeMs = (assumed.Credentials?.Expiration?.getTime() ?? 0) - before;
  assert.ok(lifetimeMs >= 899_000 && lifetimeMs < 960_000, `${lifetimeMs}`);
  const session = clientWith(assumed.Credentials);
  // No action is needed for it: that one may not do anything is no reason not to know who one is.
  assert.deepEqual(identity(await session.send(new GetCallerIdentityCommand({}))), {
    Account: "000000000000",
    Arn: arn,
    UserId: assumed.AssumedRoleUser?.AssumedRoleId,
  });
  const denied = session.send(new GetAccessKeyInfoCommand({ AccessKeyId: "ASIAIOSFODNN7EXAMPLE" }));
  await assert.rejects(denied, {
    name: "AccessDenied",
    message: /^User: .*me@work is not authorized to perform: sts:Get/,
  });
  const refused = session.send(new GetSessionTokenCommand({}));
  await assert.rejects(refused, { message: "Cannot call GetSessionToken with session credentials" });
  const chained = session.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: "x2", DurationSeconds: 3601 }));
  await assert.rejects(chained, { name: "ValidationError", message: /1 hour session limit for roles assumed by role/ });
  session.destroy();
});

test("the administrator's temporary credentials are the administrator's, also after a restart", async () => {
  const { Credentials: credentials } = await sts.send(new GetSessionTokenCommand({}));
  await region.restart();
  const session = clientWith(credentials);
  assert.equal((await session.send(new GetCallerIdentityCommand({}))).Arn, "arn:aws:iam::000000000000:root");
  session.destroy();
  sts.destroy();
  sts = client(ADMINISTRATOR);
  region.lambda.config.credentials = async () => ({
    accessKeyId: credentials?.AccessKeyId ?? "",
    secretAccessKey: credentials?.SecretAccessKey ?? "",
    sessionToken: credentials?.SessionToken ?? "",
  });
  assert.deepEqual((await region.lambda.send(new ListFunctionsCommand({}))).Functions, []);
});

test("refusals have the codes of the query protocol", async () => {
  const other = sts.send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::111111111111:role/r", RoleSessionName: "me" }));
  await assert.rejects(other, { name: "AccessDenied", $fault: "client" });
  const nameless = sts.send(new AssumeRoleCommand({ RoleArn: "no-role-but-long-enough", RoleSessionName: "me" }));
  await assert.rejects(nameless, { name: "ValidationError", message: "no-role-but-long-enough is invalid" });
  const short = sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: "me", DurationSeconds: 899 }));
  const text =
    "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900";
  await assert.rejects(short, { name: "ValidationError", message: text });
  const wrong = client({ accessKeyId: "test", secretAccessKey: "guessed" });
  await assert.rejects(wrong.send(new GetCallerIdentityCommand({})), { name: "SignatureDoesNotMatch" });
  const unknown = client({ accessKeyId: "AKIAUNKNOWN", secretAccessKey: "guessed" });
  await assert.rejects(unknown.send(new GetCallerIdentityCommand({})), { name: "InvalidClientTokenId" });
  for (const one of [wrong, unknown]) one.destroy();
  assert.equal(
    (await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: "AKIAIOSFODNN7EXAMPLE" }))).Account,
    "000000000000",
  );
});

test("boto3 assumes a role and calls with what it got", (t) => {
  const missing = boto3Missing();
  if (missing !== undefined && process.env.CI) assert.fail(missing);
  if (missing !== undefined) return t.skip(missing);
  const program = `
import boto3, sys
make = lambda **more: boto3.client("sts", endpoint_url=sys.argv[1], region_name="us-east-1", **more)
sts = make(aws_access_key_id="test", aws_secret_access_key="test")
got = sts.assume_role(RoleArn=sys.argv[2], RoleSessionName="snake")["Credentials"]
session = make(aws_access_key_id=got["AccessKeyId"], aws_secret_access_key=got["SecretAccessKey"], aws_session_token=got["SessionToken"])
print(session.get_caller_identity()["Arn"])
`;
  const said = execFileSync(PYTHON, ["-c", program, region.url, ROLE], { encoding: "utf8" });
  assert.equal(said.trim(), "arn:aws:sts::000000000000:assumed-role/worker/snake");
});
