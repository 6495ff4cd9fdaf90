/** A function with nothing configured that asks each service of its region: services-from-inside.test.ts. */
const { SQS } = require("@aws-sdk/client-sqs");
const { SNS } = require("@aws-sdk/client-sns");
const { S3 } = require("@aws-sdk/client-s3");
const { EventBridge } = require("@aws-sdk/client-eventbridge");
const { Scheduler } = require("@aws-sdk/client-scheduler");
const { CloudWatchLogs } = require("@aws-sdk/client-cloudwatch-logs");
const { STS } = require("@aws-sdk/client-sts");

const [sqs, sns, s3, events] = [new SQS(), new SNS(), new S3(), new EventBridge()];
const [scheduler, logs, sts] = [new Scheduler(), new CloudWatchLogs(), new STS()];

exports.handler = async ({ name, role }, { logGroupName }) => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: name });
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["QueueArn"] });
  const arn = Attributes.QueueArn;
  await sqs.sendMessage({ QueueUrl, MessageBody: "queued" });

  const { TopicArn } = await sns.createTopic({ Name: name });
  await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: arn, Attributes: { RawMessageDelivery: "true" } });
  const allowed = { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: arn };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [allowed] });
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
  await sns.publish({ TopicArn, Message: "published" });

  await s3.createBucket({ Bucket: name });
  await s3.putObject({ Bucket: name, Key: "a/b c", Body: "stored" });

  await events.putRule({ Name: name, EventPattern: JSON.stringify({ source: [name] }) });
  await events.putTargets({ Rule: name, Targets: [{ Id: "1", Arn: arn, Input: '"matched"' }] });
  await events.putEvents({ Entries: [{ Source: name, DetailType: "test", Detail: "{}" }] });

  await scheduler.createSchedule({
    Name: name,
    ScheduleExpression: `at(${new Date(Date.now() + 2000).toISOString().slice(0, 19)})`,
    FlexibleTimeWindow: { Mode: "OFF" },
    Target: { Arn: arn, RoleArn: role, Input: "scheduled" },
  });

  const bodies = [];
  while (bodies.length < 4) {
    const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 });
    for (const { Body, ReceiptHandle } of Messages) {
      bodies.push(Body);
      await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
    }
  }
  const { logGroups } = await logs.describeLogGroups({ logGroupNamePrefix: logGroupName });
  const object = await s3.getObject({ Bucket: name, Key: "a/b c" });
  return {
    bodies: bodies.sort(),
    object: await object.Body.transformToString(),
    logGroups: logGroups.map((group) => group.logGroupName),
    caller: (await sts.getCallerIdentity({})).Arn,
  };
};
