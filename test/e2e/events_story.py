"""
The order events and the cron job of examples/, told by the unmodified boto3: it is told by its environment where the
region is, and nothing else of Alonzo. Run by events-story.test.ts with the zips of both examples.
"""
import datetime
import json
import sys
import time
import unittest

import boto3

ORDERS_ZIP, CRON_ZIP, CRON_RUNTIME = sys.argv[1:4]
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/example"
lambda_, sqs, events, scheduler = (boto3.client(name) for name in ("lambda", "sqs", "events", "scheduler"))


def queue(name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def function(name, zip_path, runtime, handler, done_arn):
    with open(zip_path, "rb") as code:
        arn = lambda_.create_function(
            FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE, Code={"ZipFile": code.read()}
        )["FunctionArn"]
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    lambda_.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": {"Destination": done_arn}}
    )
    return arn


def allow(name):
    lambda_.add_permission(
        FunctionName=name, StatementId="events", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )


def receive(url, count):
    got = []
    deadline = time.monotonic() + 60
    while len(got) < count and time.monotonic() < deadline:
        answer = sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            got.append(message)
    return got


def put(bus, detail):
    answer = events.put_events(
        Entries=[{"EventBusName": bus, "Source": "shop", "DetailType": "order placed", "Detail": json.dumps(detail)}]
    )
    assert answer["FailedEntryCount"] == 0, answer


class Story(unittest.TestCase):
    def test_order_events(self):
        done, done_arn = queue("py-done")
        letters, letters_arn = queue("py-letters")
        pack = function("py-pack", ORDERS_ZIP, "nodejs24.x", "index.handler", done_arn)
        notify = function("py-notify", ORDERS_ZIP, "nodejs24.x", "index.handler", done_arn)
        forbidden = function("py-forbidden", ORDERS_ZIP, "nodejs24.x", "index.handler", done_arn)
        allow("py-pack")
        allow("py-notify")
        events.create_event_bus(Name="py-orders")
        sqs.set_queue_attributes(
            QueueUrl=letters,
            Attributes={
                "Policy": json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "events.amazonaws.com"},
                                "Action": "sqs:SendMessage",
                                "Resource": letters_arn,
                            }
                        ],
                    }
                )
            },
        )
        rules = {
            "big": ({"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}, {"Arn": pack}),
            "every": (
                {"source": ["shop"]},
                {
                    "Arn": notify,
                    "InputTransformer": {
                        "InputPathsMap": {"id": "$.detail.id", "total": "$.detail.total"},
                        "InputTemplate": '"Order <id> of <total> arrived"',
                    },
                },
            ),
            "never": (
                {"source": ["shop"], "detail": {"total": [{"numeric": [">", 1000]}]}},
                {"Arn": forbidden, "DeadLetterConfig": {"Arn": letters_arn}, "Input": '{"other":true}'},
            ),
        }
        for name, (pattern, target) in rules.items():
            events.put_rule(Name=name, EventBusName="py-orders", EventPattern=json.dumps(pattern))
            answer = events.put_targets(Rule=name, EventBusName="py-orders", Targets=[{"Id": "1", **target}])
            self.assertEqual(answer["FailedEntryCount"], 0)
        put("py-orders", {"id": "o-1", "total": 120.5})
        put("py-orders", {"id": "o-2", "total": 7})
        put("py-orders", {"id": "o-3", "total": 5000})
        results = [json.loads(message["Body"])["responsePayload"] for message in receive(done, 5)]
        self.assertEqual(sorted(one["packed"] for one in results if "packed" in one), ["o-1", "o-3"])
        self.assertEqual(
            sorted(one["notified"] for one in results if "notified" in one),
            ["Order o-1 of 120.5 arrived", "Order o-2 of 7 arrived", "Order o-3 of 5000 arrived"],
        )
        [letter] = receive(letters, 1)
        self.assertEqual(json.loads(letter["Body"])["detail"]["id"], "o-3")
        attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
        self.assertTrue(attributes["RULE_ARN"].endswith(":rule/py-orders/never"))
        self.assertEqual(attributes["TARGET_ARN"], forbidden)
        self.assertEqual(attributes["ERROR_CODE"], "NO_PERMISSIONS")

    def test_cron(self):
        reports, reports_arn = queue("py-reports")
        arn = function("py-cron", CRON_ZIP, CRON_RUNTIME, "app.handler", reports_arn)
        text = '{"job":"%s","time":"<aws.scheduler.scheduled-time>"}'
        common = {"FlexibleTimeWindow": {"Mode": "OFF"}}
        scheduler.create_schedule(
            Name="py-nightly",
            ScheduleExpression="cron(0 3 ? * MON-FRI *)",
            ScheduleExpressionTimezone="Europe/Berlin",
            Target={"Arn": arn, "RoleArn": ROLE, "Input": text % "nightly"},
            **common,
        )
        at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S")
        scheduler.create_schedule(
            Name="py-once",
            ScheduleExpression=f"at({at})",
            Target={"Arn": arn, "RoleArn": ROLE, "Input": text % "once"},
            **common,
        )
        [report] = receive(reports, 1)
        self.assertEqual(json.loads(report["Body"])["responsePayload"], {"report": f"{at}Z", "job": "once"})
        shown = scheduler.get_schedule(Name="py-nightly")
        self.assertEqual(shown["State"], "ENABLED")
        self.assertEqual(shown["ScheduleExpressionTimezone"], "Europe/Berlin")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
