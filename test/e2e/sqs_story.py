"""boto3, unmodified, told an endpoint and nothing else of Alonzo: both workers of examples/ on queues with dead letters."""
import json
import os
import sys
import time

import boto3
from botocore.exceptions import ClientError

sqs = boto3.client("sqs")
aws_lambda = boto3.client("lambda")
QUEUES = "arn:aws:sqs:us-east-1:000000000000:"


def work(name):
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": f"{QUEUES}{name}-dead", "maxReceiveCount": 1}
    attributes = {"VisibilityTimeout": "3", "RedrivePolicy": json.dumps(redrive)}
    orders = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    mapping = aws_lambda.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=f"{QUEUES}{name}",
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BatchSize=5,
    )
    while aws_lambda.get_event_source_mapping(UUID=mapping["UUID"])["State"] != "Enabled":
        time.sleep(0.05)
    bodies = [json.dumps({"order": number, "amount": number - 2}) for number in range(6)]
    entries = [
        {
            "Id": str(number),
            "MessageBody": body,
            "MessageAttributes": {"number": {"DataType": "Number", "StringValue": str(number)}},
        }
        for number, body in enumerate(bodies)
    ]
    sent = sqs.send_message_batch(QueueUrl=orders, Entries=entries)
    assert len(sent["Successful"]) == 6, sent
    letters = []
    while len(letters) < 3:
        answer = sqs.receive_message(
            QueueUrl=dead,
            WaitTimeSeconds=20,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        for message in answer["Messages"]:
            letters.append(json.loads(message["Body"])["order"])
            assert message["Attributes"]["DeadLetterQueueSourceArn"] == f"{QUEUES}{name}", message
            assert message["MessageAttributes"]["number"]["StringValue"] == str(letters[-1]), message
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(letters) == [0, 1, 2], letters
    counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for url in (orders, dead):
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counted)["Attributes"]
        assert set(counts.values()) == {"0"}, (url, counts)


for worker in sys.argv[1:]:
    work(worker)

try:
    sqs.get_queue_url(QueueName="none")
    raise AssertionError("there is no such queue")
except sqs.exceptions.QueueDoesNotExist as error:
    # The code of the older protocol, which clients go on looking for.
    assert error.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue", error.response
try:
    sqs.receive_message(QueueUrl=f"{os.environ['AWS_ENDPOINT_URL']}/000000000000/{sys.argv[1]}", MaxNumberOfMessages=11)
    raise AssertionError("eleven are too many")
except ClientError as error:
    assert error.response["Error"]["Code"] == "InvalidParameterValue", error.response
