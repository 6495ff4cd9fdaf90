"""
Errors of one function wake another, told with the unmodified boto3: a function in JavaScript fails, one in Python is
subscribed to its log. Then the same events live. Run by logs.test.ts.
"""
import io
import json
import sys
import time
import zipfile

import boto3
from botocore.config import Config

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ROLE = "arn:aws:iam::000000000000:role/test"
PLACE = "us-east-1:000000000000"

SHOP = """
export const handler = async (order) => {
  console.log("order", order.id);
  if (order.amount < 0) throw new RangeError(`order ${order.id} has no amount`);
};
"""

ALARM = """
import base64, gzip, json

def handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    if data["messageType"] == "CONTROL_MESSAGE":
        return print("READY")
    for log_event in data["logEvents"]:
        print("ALARM", data["logGroup"], data["subscriptionFilters"], log_event["message"].strip())
"""

functions = boto3.client("lambda")
logs = boto3.client("logs")
# A prefix would be put before the region's name, which has nothing to do with AWS's.
streaming = boto3.client("logs", config=Config(inject_host_prefix=False))


def zip_of(name: str, code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, code)
    return content.getvalue()


def deploy(name: str, runtime: str, file: str, code: str) -> None:
    functions.create_function(
        FunctionName=name, Runtime=runtime, Handler="index.handler", Role=ROLE, Code={"ZipFile": zip_of(file, code)}
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def messages(group: str, pattern: str) -> list[str]:
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=pattern)
        return [event["message"] for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def until_logged(group: str, pattern: str) -> list[str]:
    give_up = time.monotonic() + 60
    while not (found := messages(group, pattern)):
        assert time.monotonic() < give_up, f"{pattern} is not in {group} within a minute"
        time.sleep(0.05)
    return found


deploy("shop", "nodejs26.x", "index.mjs", SHOP)
deploy("alarm", RUNTIME, "index.py", ALARM)
logs.create_log_group(logGroupName="/aws/lambda/shop", tags={"team": "shop"})
functions.add_permission(
    FunctionName="alarm",
    StatementId="logs",
    Action="lambda:InvokeFunction",
    Principal="logs.amazonaws.com",
    SourceArn=f"arn:aws:logs:{PLACE}:log-group:/aws/lambda/shop:*",
    SourceAccount="000000000000",
)
logs.put_subscription_filter(
    logGroupName="/aws/lambda/shop",
    filterName="errors",
    filterPattern="ERROR RangeError -INFO",
    destinationArn=f"arn:aws:lambda:{PLACE}:function:alarm",
)
until_logged("/aws/lambda/alarm", "READY")

session = streaming.start_live_tail(
    logGroupIdentifiers=[f"arn:aws:logs:{PLACE}:log-group:/aws/lambda/shop"], logEventFilterPattern="order"
)
updates = iter(session["responseStream"])
assert "sessionStart" in next(updates)

for order in [{"id": 1, "amount": 5}, {"id": 2, "amount": -1}]:
    functions.invoke(FunctionName="shop", Payload=json.dumps(order))

live: list[str] = []
while not any("order 2" in message for message in live):
    live += [event["message"] for event in next(updates)["sessionUpdate"]["sessionResults"]]
assert any("order 1" in message for message in live), live
session["responseStream"].close()

alarms = messages("/aws/lambda/alarm", "ALARM") or until_logged("/aws/lambda/alarm", "ALARM")
assert all("/aws/lambda/shop ['errors']" in alarm and "order 2 has no amount" in alarm for alarm in alarms), alarms
assert not any("order 1" in alarm for alarm in alarms), alarms

streams = logs.describe_log_streams(logGroupName="/aws/lambda/shop", orderBy="LastEventTime", descending=True)
name = streams["logStreams"][0]["logStreamName"]
token, read = None, []
while True:
    more = {"nextToken": token} if token else {}
    page = logs.get_log_events(
        logGroupName="/aws/lambda/shop", logStreamName=name, startFromHead=True, limit=2, **more
    )
    read += page["events"]
    if page["nextForwardToken"] == token:
        break
    token = page["nextForwardToken"]
assert sum(event["message"].startswith("REPORT") for event in read) == 2, read
print(f"{len(read)} events, {len(alarms)} alarms, {len(live)} seen live", file=sys.stderr)
