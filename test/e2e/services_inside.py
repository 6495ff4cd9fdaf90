"""A function with nothing configured that asks each service of its region: services-from-inside.test.ts."""

import json
from datetime import datetime, timedelta, timezone

import boto3

SERVICES = ["sqs", "sns", "s3", "events", "scheduler", "logs", "sts"]
sqs, sns, s3, events, scheduler, logs, sts = (boto3.client(service) for service in SERVICES)


def handler(event, context):
    name = event["name"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.send_message(QueueUrl=url, MessageBody="queued")

    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.publish(TopicArn=topic, Message="published")

    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a/b c", Body=b"stored")

    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, "Input": '"matched"'}])
    events.put_events(Entries=[{"Source": name, "DetailType": "test", "Detail": "{}"}])

    soon = datetime.now(timezone.utc) + timedelta(seconds=2)
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": event["role"], "Input": "scheduled"},
    )

    bodies = []
    while len(bodies) < 4:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in received["Messages"]:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    groups = logs.describe_log_groups(logGroupNamePrefix=context.log_group_name)["logGroups"]
    return {
        "bodies": sorted(bodies),
        "object": s3.get_object(Bucket=name, Key="a/b c")["Body"].read().decode(),
        "logGroups": [group["logGroupName"] for group in groups],
        "caller": sts.get_caller_identity()["Arn"],
    }
