/**
 * Queues through clients of other languages: boto3, which works the examples' workers; and every AWS CLI that is here, of
 * which Debian's speaks the older query protocol of SQS.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { buildExample } from "../../examples/build.ts";
import { TestRegion } from "../test-region.ts";
import { clis } from "./aws-cli-program.ts";
import { clientEnvironment, lacksBoto3, tellStory } from "./python-story.ts";

describe("queues through other clients", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto");
  });
  after(() => region.stop());

  test("boto3 has the workers of the examples work on queues with dead letters", async (t) => {
    if (lacksBoto3(t)) return;
    const deploy = async (example: string, runtime: string, handler: string) =>
      region.deploy({ runtime, handler, zip: await readFile(await buildExample(example)), more: { Timeout: 3 } });
    const workers = [
      await deploy("sqs-worker", "nodejs24.x", "index.handler"),
      await deploy("sqs-worker-python", "python3.11", "app.handler"),
    ];
    await tellStory(t, region, "sqs_story.py", [...workers]);
  });

  test("every AWS CLI sends, receives and deletes, whichever protocol it speaks", async (t) => {
    const found = clis();
    if (found.size === 0 && process.env.CI) assert.fail("no AWS CLI");
    if (found.size === 0) return t.skip("no AWS CLI");
    for (const [version, path] of found) {
      await t.test(version, async () => {
        const aws = async (...args: readonly string[]) => {
          const argv = ["--endpoint-url", region.url, "--output", "json", "sqs", ...args];
          const answer = await new Promise<string>((resolve, reject) => {
            execFile(path, argv, { env: clientEnvironment(region) }, (error, stdout, stderr) =>
              error ? reject(new Error(stderr)) : resolve(stdout),
            );
          });
          return JSON.parse(answer || "{}");
        };
        const name = `cli-${version.replaceAll(/[^0-9]/g, "-")}`;
        const { QueueUrl: url } = await aws(
          "create-queue",
          "--queue-name",
          name,
          "--attributes",
          "VisibilityTimeout=600",
        );
        assert.equal(url, `${region.url}/000000000000/${name}`);
        const attributes = '{"city":{"DataType":"String","StringValue":"Any City"}}';
        const sent = await aws(
          ...["send-message", "--queue-url", url, "--message-body", "a & b < c", "--message-attributes", attributes],
        );
        assert.match(sent.MD5OfMessageAttributes, /^[0-9a-f]{32}$/);
        const batch = '[{"Id":"1","MessageBody":"one"},{"Id":"2","MessageBody":"two","DelaySeconds":900}]';
        const { Successful: successful } = await aws("send-message-batch", "--queue-url", url, "--entries", batch);
        assert.deepEqual(
          successful.map(({ Id }: { Id: string }) => Id),
          ["1", "2"],
        );
        const all = ["--max-number-of-messages", "10", "--attribute-names", "All", "--message-attribute-names", "All"];
        const { Messages: messages } = await aws("receive-message", "--queue-url", url, ...all);
        const [first] = messages;
        assert.equal(messages.length, 2);
        assert.equal(first.Body, "a & b < c");
        assert.equal(first.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
        assert.equal(first.MessageAttributes.city.StringValue, "Any City");
        assert.equal(first.Attributes.ApproximateReceiveCount, "1");
        await aws("delete-message", "--queue-url", url, "--receipt-handle", first.ReceiptHandle);
        const { Attributes: counts } = await aws(
          "get-queue-attributes",
          "--queue-url",
          url,
          "--attribute-names",
          "All",
        );
        assert.deepEqual(
          [
            counts.ApproximateNumberOfMessages,
            counts.ApproximateNumberOfMessagesNotVisible,
            counts.ApproximateNumberOfMessagesDelayed,
          ],
          ["0", "1", "1"],
        );
        await assert.rejects(
          aws("get-queue-url", "--queue-name", "none"),
          /AWS\.SimpleQueueService\.NonExistentQueue.*The specified queue does not exist/,
        );
        await assert.rejects(
          aws("delete-message", "--queue-url", url, "--receipt-handle", "nonsense"),
          /ReceiptHandleIsInvalid/,
        );
      });
    }
  });
});
