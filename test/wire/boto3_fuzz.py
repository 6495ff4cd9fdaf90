"""Makes the calls that boto3-fuzz.test.ts prepared, with the unmodified boto3, and reports what boto3 understood.

stdin: {"endpoint": ..., "cases": [{"operation", "input"}], "errors": number}; stdout: {"outputs": [...], "errors": [...]}.
Bytes and dates travel as {"$bytes": base64} and {"$date": milliseconds}.
"""

import base64
import datetime
import json
import sys

import boto3
import botocore
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError
from botocore.response import StreamingBody


def unmark(value):
    if isinstance(value, list):
        return [unmark(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$bytes"}:
        return base64.b64decode(value["$bytes"])
    if set(value) == {"$date"}:
        return datetime.datetime.fromtimestamp(value["$date"] / 1000, datetime.timezone.utc)
    return {key: unmark(item) for key, item in value.items()}


def mark(value):
    if isinstance(value, (EventStream, list)):
        return [mark(item) for item in value]
    if isinstance(value, StreamingBody):
        return mark(value.read())
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"$date": round(value.timestamp() * 1000)}
    if isinstance(value, dict):
        return {key: mark(item) for key, item in value.items()}
    return value


def call(client, operation, parameters):
    try:
        output = getattr(client, botocore.xform_name(operation))(**parameters)
        output.pop("ResponseMetadata")
        return {"output": mark(output)}
    except Exception as error:
        return {"failure": repr(error)}


def refusal(client):
    try:
        client.get_account_settings()
        return {"failure": "no error"}
    except ClientError as error:
        return {
            "code": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "class": type(error).__name__,
        }


def main():
    work = json.load(sys.stdin)
    client = boto3.client(
        "lambda",
        endpoint_url=work["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    outputs = [call(client, case["operation"], unmark(case["input"])) for case in work["cases"]]
    errors = [refusal(client) for _ in range(work["errors"])]
    json.dump({"outputs": outputs, "errors": errors}, sys.stdout)


main()
