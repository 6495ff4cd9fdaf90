/** Whoever acts for an execution role cannot have the region speak with what listens on its machine. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { roleCredentials } from "../role-credentials.ts";
import { httpEndpoint, SnsRegion } from "./given.ts";

let given: SnsRegion;

before(async () => {
  given = await SnsRegion.start();
});
after(() => given.stop());

test("endpoints on the region's machine hear nothing of a role's subscriptions, but of the administrator's", async () => {
  await using endpoint = await httpEndpoint();
  const endpointOfRole = { endpoint: given.region.url, region: "us-east-1" };
  const role = new SNSClient({ ...endpointOfRole, credentials: await roleCredentials(given.region.url) });
  const topic = await given.topic();
  const dead = await given.queue();
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn });
  const refused: string[] = [];
  for (const url of [endpoint.url, endpoint.url.replace("127.0.0.1", "localhost"), `${given.region.url}/?Action=x`]) {
    const input = { TopicArn: topic, Protocol: "http", Endpoint: url, Attributes: { RedrivePolicy } };
    await role.send(new SubscribeCommand(input));
    // Without another try.
    refused.push(JSON.parse(await given.receiveBody(dead.url)).MessageId);
  }
  role.destroy();
  await given.subscribe(topic, endpoint.url);
  const asked = await endpoint.next();
  assert.equal(asked.headers["x-amz-sns-message-type"], "SubscriptionConfirmation");
  assert.ok(!refused.includes(String(asked.headers["x-amz-sns-message-id"])));
});
