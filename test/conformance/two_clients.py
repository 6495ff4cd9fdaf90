"""Tells the story of scenario.ts with the unmodified boto3 and reports what boto3 understood.

stdin: {"endpoint": ..., "steps": [...]}; stdout: a list of {"output": ...} or {"error": [status, code, message]}.
"""

import base64
import datetime
import json
import sys
import time

import boto3
import botocore
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError
from botocore.response import StreamingBody


def given(value, answers):
    if isinstance(value, list):
        return [given(item, answers) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$bytes"}:
        return base64.b64decode(value["$bytes"])
    if set(value) == {"$from"}:
        return member(answers, value["$from"])
    return {key: given(item, answers) for key, item in value.items()}


def member(value, path):
    for name in path.split("."):
        value = value[name]
    return value


def marked(value):
    if isinstance(value, (EventStream, list)):
        return [marked(item) for item in value]
    if isinstance(value, StreamingBody):
        return marked(value.read())
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return "a date"
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    return value


def tell(client, step, answers):
    method = getattr(client, botocore.xform_name(step["operation"]))
    try:
        while True:
            output = method(**given(step["input"], answers))
            output.pop("ResponseMetadata")
            path, wanted = step.get("until") or (None, None)
            if path is None or member(output, path) == wanted:
                break
            time.sleep(0.02)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": [status, error.response["Error"]["Code"], error.response["Error"].get("Message")]}
    if step.get("as"):
        answers[step["as"]] = output
    return {"output": marked(output)}


order = json.load(sys.stdin)
client = boto3.client(
    "lambda",
    endpoint_url=order["endpoint"],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(retries={"max_attempts": 0}),
)
known = {}
json.dump([tell(client, step, known) for step in order["steps"]], sys.stdout)
