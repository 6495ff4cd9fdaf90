/** The commands that quickstart offers to paste. They work with version 1 and 2 of the AWS CLI. */
import type { Target } from "./client.ts";
import { EXAMPLE } from "./demonstration.ts";

export function nextSteps(target: Target): string[] {
  const isTest = target.accessKeyId === "test" && target.secretAccessKey === "test";
  const key = isTest ? "test" : "<ALONZO_ACCESS_KEY_ID>";
  const secret = isTest ? "test" : "<ALONZO_SECRET_ACCESS_KEY>";
  const aws = `aws --endpoint-url ${target.endpoint} lambda`;
  return [
    `export AWS_ACCESS_KEY_ID=${key} AWS_SECRET_ACCESS_KEY=${secret} AWS_DEFAULT_REGION=${target.region}`,
    `${aws} list-functions`,
    // fileb:// is taken as it is by both versions, where inline payloads are base64 for one and text for the other.
    `echo '{"name":"you"}' > /tmp/event.json`,
    `${aws} invoke --function-name ${EXAMPLE} --payload fileb:///tmp/event.json /tmp/answer.json`,
    `cat /tmp/answer.json`,
    `npm run alonzo -- logs ${EXAMPLE} --endpoint ${target.endpoint}`,
  ];
}
