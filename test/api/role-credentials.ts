/** For tests: what a function has, the credentials of an execution role. */
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";

export async function roleCredentials(endpoint: string) {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const sts = new STSClient({ endpoint, region: "us-east-1", credentials });
  const role = { RoleArn: "arn:aws:iam::000000000000:role/test", RoleSessionName: "test" };
  const { Credentials } = await sts.send(new AssumeRoleCommand(role));
  sts.destroy();
  const { AccessKeyId: accessKeyId = "", SecretAccessKey: secretAccessKey = "", SessionToken } = Credentials ?? {};
  return { accessKeyId, secretAccessKey, sessionToken: SessionToken ?? "" };
}
