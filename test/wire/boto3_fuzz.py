"""Makes the calls that boto3-fuzz.test.ts prepared, with the unmodified boto3, and reports what boto3 understood.

stdin: a list of {"service", "endpoint", "cases": [{"operation", "input"}], "probe", "errors": number}; stdout: for each
{"outputs": [...], "errors": [...]}.
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


def refusal(client, probe):
    try:
        getattr(client, botocore.xform_name(probe["operation"]))(**unmark(probe["input"]))
        return {"failure": "no error"}
    except ClientError as error:
        return {
            "code": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "class": type(error).__name__,
        }


def report(work):
    client = boto3.client(
        work["service"],
        endpoint_url=work["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            retries={"total_max_attempts": 1},
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    known = set(client.meta.service_model.operation_names)
    outputs = [
        call(client, case["operation"], unmark(case["input"])) if case["operation"] in known else {"unknown": True}
        for case in work["cases"]
    ]
    errors = [refusal(client, work["probe"]) for _ in range(work["errors"])]
    return {"outputs": outputs, "errors": errors}


def main():
    json.dump([report(work) for work in json.load(sys.stdin)], sys.stdout)


main()
