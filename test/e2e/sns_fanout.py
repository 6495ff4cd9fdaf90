"""
The fan-out of examples/sns-fanout, told by the unmodified boto3. Run by sns-fanout.test.ts with the ARNs of the three
functions and the URL of the queue that gets what they got and answered.
"""
import json
import re
import sys

import boto3

INVOICE, PACK, REVIEW, DONE_URL = sys.argv[1:5]
sns, sqs = boto3.client("sns"), boto3.client("sqs")
topic = sns.create_topic(Name="py-orders", Tags=[{"Key": "stage", "Value": "test"}])["TopicArn"]


def subscribe(function_arn, scope, policy):
    return sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=function_arn,
        Attributes={"FilterPolicyScope": scope, "FilterPolicy": json.dumps(policy)},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]


SUBSCRIPTIONS = {
    INVOICE: subscribe(INVOICE, "MessageAttributes", {"kind": ["placed"]}),
    PACK: subscribe(PACK, "MessageBody", {"to": {"country": ["de", "fr"]}}),
    REVIEW: subscribe(REVIEW, "MessageAttributes", {"total": [{"numeric": [">=", 1000]}]}),
}


def order(number, total, country):
    return json.dumps({"id": number, "total": total, "to": {"city": "Lyon", "country": country}})


def attributes(kind, total):
    return {
        "kind": {"DataType": "String", "StringValue": kind},
        "total": {"DataType": "Number", "StringValue": str(total)},
    }


single = sns.publish(
    TopicArn=topic, Subject="New", Message=order("o-1", 12.5, "fr"), MessageAttributes=attributes("placed", 12.5)
)["MessageId"]
batch = sns.publish_batch(
    TopicArn=topic,
    PublishBatchRequestEntries=[
        {"Id": "2", "Message": order("o-2", 2400, "us"), "MessageAttributes": attributes("placed", 2400)},
        {"Id": "3", "Message": order("o-3", 30, "de"), "MessageAttributes": attributes("changed", 30)},
        {"Id": "4", "Message": "nobody's", "MessageAttributes": attributes("changed", 30)},
    ],
)
assert not batch["Failed"], batch
ids = {"o-1": single, **{f"o-{one['Id']}": one["MessageId"] for one in batch["Successful"]}}

expected = {(INVOICE, "o-1"), (INVOICE, "o-2"), (PACK, "o-1"), (PACK, "o-3"), (REVIEW, "o-2")}
seen = {}
while len(seen) < len(expected):
    messages = sqs.receive_message(QueueUrl=DONE_URL, WaitTimeSeconds=20, MaxNumberOfMessages=10).get("Messages")
    assert messages, f"nothing but {list(seen)} came"
    for message in messages:
        sqs.delete_message(QueueUrl=DONE_URL, ReceiptHandle=message["ReceiptHandle"])
        done = json.loads(message["Body"])
        function_arn = done["requestContext"]["functionArn"].removesuffix(":$LATEST")
        seen[(function_arn, json.loads(done["requestPayload"]["Records"][0]["Sns"]["Message"])["id"])] = done
assert set(seen) == expected, set(seen) ^ expected

for (function_arn, number), done in seen.items():
    [record] = done["requestPayload"]["Records"]
    notification = record.pop("Sns")
    subscription = SUBSCRIPTIONS[function_arn]
    assert record == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
    }, record
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", notification.pop("Timestamp"))
    assert re.fullmatch(r"[A-Za-z0-9+/]{342}==", notification.pop("Signature"))
    assert re.fullmatch(r"https?://.*/SimpleNotificationService-[0-9a-f]{32}\.pem", notification.pop("SigningCertUrl"))
    assert notification.pop("UnsubscribeUrl").endswith(f"/?Action=Unsubscribe&SubscriptionArn={subscription}")
    total = json.loads(notification["Message"])["total"]
    kind = "changed" if number == "o-3" else "placed"
    assert notification == {
        "Type": "Notification",
        "MessageId": ids[number],
        "TopicArn": topic,
        "Subject": "New" if number == "o-1" else None,
        "Message": notification["Message"],
        "SignatureVersion": "1",
        "MessageAttributes": {
            "kind": {"Type": "String", "Value": kind},
            "total": {"Type": "Number", "Value": str(total)},
        },
    }, notification

answers = sorted(json.dumps(done["responsePayload"], sort_keys=True) for done in seen.values())
assert answers == sorted(
    json.dumps([one], sort_keys=True)
    for one in (
        {"invoice": "o-1", "total": 12.5},
        {"invoice": "o-2", "total": 2400},
        {"packed": "o-1", "city": "Lyon"},
        {"packed": "o-3", "city": "Lyon"},
        {"review": ids["o-2"], "total": 2400.0},
    )
), answers

pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
listed = {one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]}
assert listed == set(SUBSCRIPTIONS.values()), listed
sns.unsubscribe(SubscriptionArn=SUBSCRIPTIONS[PACK])
assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "2"
sns.delete_topic(TopicArn=topic)
try:
    sns.publish(TopicArn=topic, Message="x")
    raise AssertionError("the topic is gone")
except sns.exceptions.NotFoundException as error:
    assert error.response["Error"] == {"Type": "Sender", "Code": "NotFound", "Message": "Topic does not exist"}, error.response
