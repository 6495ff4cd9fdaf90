"""
The unmodified boto3 through the life of functions, told by its environment where the region is and nothing else
of Alonzo. Run by boto3.test.ts.
"""
import base64
import hashlib
import io
import json
import os
import sys
import time
import unittest
import urllib.request
import zipfile

import boto3
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE_PACKAGES = os.path.dirname(os.path.dirname(boto3.__file__))
SDK = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")

ECHO = """
def handler(event, context):
    print("seen", event)
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    client = context.client_context
    return {"event": event, "version": context.function_version, "custom": client and client.custom}
"""

STREAM = """
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("one ");
  if (event.fail) throw new Error(event.fail);
  stream.end("two");
});
"""

# Calls the region as code written for AWS does: with what the environment says, and nothing configured.
CALLER = """
import json
import boto3
from botocore.exceptions import ClientError

client = boto3.client("lambda")

def handler(event, context):
    answer = json.load(client.invoke(FunctionName=event["target"], Payload='{"n": 1}')["Payload"])
    try:
        client.delete_function(FunctionName=event["target"])
    except ClientError as error:
        return {"answer": answer, "refusal": error.response["Error"], "class": type(error).__name__}
"""


def zip_of(code: str) -> bytes:
    return zip_with(code, [])


def zip_with_sdk(code: str) -> bytes:
    """As a user makes it, less the service models that the code does not use."""
    files = []
    for name in SDK:
        path = os.path.join(SITE_PACKAGES, name)
        if os.path.isfile(path):
            files.append(path)
        for directory, _, names in os.walk(path):
            data = os.path.relpath(directory, os.path.join(SITE_PACKAGES, "botocore", "data")).split(os.sep)[0]
            if "__pycache__" in directory or data not in ("..", ".", "lambda"):
                continue
            files += [os.path.join(directory, name) for name in names]
    return zip_with(code, files)


def zip_with(code: str, files) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("app.py", code)
        for path in files:
            archive.write(path, os.path.relpath(path, SITE_PACKAGES))
    return made.getvalue()


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = boto3.client("lambda")
        cls.echo_zip = zip_of(ECHO)
        cls.create("echo")
        cls.client.get_waiter("function_exists").wait(FunctionName="echo")
        cls.client.get_waiter("function_active_v2").wait(FunctionName="echo")

    @classmethod
    def create(cls, name, zip_file=None, **more):
        return cls.client.create_function(
            FunctionName=name,
            Handler="app.handler",
            Role="arn:aws:iam::000000000000:role/test",
            Code={"ZipFile": zip_file or cls.echo_zip},
            **{"Runtime": RUNTIME, **more},
        )

    def active(self, name, **more):
        self.create(name, **more)
        self.client.get_waiter("function_active_v2").wait(FunctionName=name)
        return name

    def invoke(self, name, event=None, **more):
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
        return answer, json.load(answer["Payload"])

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        error = caught.exception
        self.assertEqual(error.response["Error"]["Code"], code)
        return error

    def test_a_created_function_is_answered_as_lambda_does(self):
        created = self.create("created", Description="new", Tags={"team": "a"})
        self.assertEqual(created["ResponseMetadata"]["HTTPStatusCode"], 201)
        self.assertEqual(created["FunctionArn"], ARN + "created")
        self.assertEqual((created["State"], created["StateReasonCode"]), ("Pending", "Creating"))
        sha = base64.b64encode(hashlib.sha256(self.echo_zip).digest()).decode()
        self.assertEqual((created["CodeSha256"], created["CodeSize"]), (sha, len(self.echo_zip)))
        self.client.get_waiter("function_active").wait(FunctionName="created")
        got = self.client.get_function(FunctionName="created")
        self.assertEqual(got["Tags"], {"team": "a"})
        self.assertEqual(got["Configuration"]["State"], "Active")

    def test_invoking_gives_answer_version_log_and_client_context(self):
        context = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
        answer, payload = self.invoke("echo", {"t\u00e4g": "\u00fc"}, LogType="Tail", ClientContext=context)
        self.assertEqual((answer["StatusCode"], answer["ExecutedVersion"]), (200, "$LATEST"))
        self.assertNotIn("FunctionError", answer)
        self.assertEqual(payload, {"event": {"t\u00e4g": "\u00fc"}, "version": "$LATEST", "custom": {"k": "v"}})
        log = base64.b64decode(answer["LogResult"]).decode()
        request_id = answer["ResponseMetadata"]["RequestId"]
        self.assertIn(f"START RequestId: {request_id} Version: $LATEST\n", log)
        self.assertIn("seen {'t\u00e4g': '\u00fc'}\n", log)
        self.assertIn(f"REPORT RequestId: {request_id}\tDuration: ", log)

    def test_an_error_of_the_function_is_no_exception_of_the_client(self):
        answer, payload = self.invoke("echo", {"fail": "too far"})
        self.assertEqual((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
        self.assertEqual((payload["errorType"], payload["errorMessage"]), ("ValueError", "too far"))

    def test_a_payload_of_megabytes_is_sent_from_a_file(self):
        name = self.active("large", MemorySize=512, Timeout=20)
        text = "x" * (5 * 1024 * 1024)
        answer = self.client.invoke(FunctionName=name, Payload=io.BytesIO(json.dumps(text).encode()))
        self.assertEqual(json.load(answer["Payload"])["event"], text)

    def test_code_and_configuration_are_updated(self):
        name = self.active("changing")
        self.assertEqual(self.invoke(name)[1]["version"], "$LATEST")
        code = 'import os\ndef handler(event, context): return os.environ["GREETING"] + context.memory_limit_in_mb'
        updating = self.client.update_function_code(FunctionName=name, ZipFile=zip_of(code))
        self.assertEqual(updating["LastUpdateStatus"], "InProgress")
        self.client.get_waiter("function_updated_v2").wait(FunctionName=name)
        self.client.update_function_configuration(
            FunctionName=name, Environment={"Variables": {"GREETING": "hello"}}, MemorySize=192
        )
        self.client.get_waiter("function_updated_v2").wait(FunctionName=name)
        self.assertEqual(self.invoke(name)[1], "hello192")

    def test_versions_are_published_and_invoked_by_qualifier(self):
        name = self.active("published", Publish=True)
        self.client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1")
        code = 'def handler(event, context): return "second"'
        self.client.update_function_code(FunctionName=name, ZipFile=zip_of(code))
        self.client.get_waiter("function_updated_v2").wait(FunctionName=name)
        second = self.client.publish_version(FunctionName=name)
        self.assertEqual((second["Version"], second["FunctionArn"]), ("2", f"{ARN}{name}:2"))
        answer, payload = self.invoke(name, Qualifier="1")
        self.assertEqual((answer["ExecutedVersion"], payload["version"]), ("1", "1"))
        answer, payload = self.invoke(f"{ARN}{name}:2")
        self.assertEqual((answer["ExecutedVersion"], payload), ("2", "second"))
        pages = self.client.get_paginator("list_versions_by_function").paginate(
            FunctionName=name, PaginationConfig={"PageSize": 2}
        )
        versions = [version["Version"] for page in pages for version in page["Versions"]]
        self.assertEqual(versions, ["$LATEST", "1", "2"])

    def test_the_code_is_downloaded_from_its_location(self):
        location = self.client.get_function(FunctionName="echo")["Code"]["Location"]
        with urllib.request.urlopen(location) as response:
            self.assertEqual(response.read(), self.echo_zip)

    def test_functions_are_listed_page_by_page(self):
        for number in range(3):
            self.create(f"listed-{number}")
        pages = list(self.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1}))
        names = [function["FunctionName"] for page in pages for function in page["Functions"]]
        self.assertEqual(len(names), len(pages))
        self.assertEqual([name for name in names if "listed" in name], ["listed-0", "listed-1", "listed-2"])
        self.assertIn("echo", names)

    def test_what_is_tried_is_not_done(self):
        answer = self.client.invoke(FunctionName="echo", InvocationType="DryRun")
        self.assertEqual((answer["StatusCode"], answer["Payload"].read()), (204, b""))
        before = self.client.get_function_configuration(FunctionName="echo")
        self.client.update_function_code(FunctionName="echo", ZipFile=zip_of("pass"), DryRun=True)
        after = self.client.get_function_configuration(FunctionName="echo")
        self.assertEqual(after["RevisionId"], before["RevisionId"])
        self.assertEqual(after["CodeSha256"], before["CodeSha256"])

    def test_an_asynchronous_invocation_is_accepted(self):
        answer = self.client.invoke(FunctionName="echo", InvocationType="Event", Payload=b"{}")
        self.assertEqual((answer["StatusCode"], answer["Payload"].read()), (202, b""))
        self.assertNotIn("ExecutedVersion", answer)
        config = self.client.put_function_event_invoke_config(FunctionName="echo", MaximumRetryAttempts=0)
        self.assertEqual(config["DestinationConfig"], {"OnSuccess": {}, "OnFailure": {}})
        self.assertEqual(config["LastModified"].year, time.gmtime().tm_year)
        pages = self.client.get_paginator("list_function_event_invoke_configs").paginate(FunctionName="echo")
        configs = [item for page in pages for item in page["FunctionEventInvokeConfigs"]]
        self.assertEqual([item["MaximumRetryAttempts"] for item in configs], [0])
        legacy = self.client.invoke_async(FunctionName="echo", InvokeArgs=b"{}")
        self.assertEqual(legacy["Status"], 202)

    def test_refusals_are_the_clients_own_exceptions(self):
        exceptions = self.client.exceptions
        error = self.refused("ResourceNotFoundException", self.client.get_function, FunctionName="missing")
        self.assertIsInstance(error, exceptions.ResourceNotFoundException)
        self.assertEqual(error.response["Error"]["Message"], f"Function not found: {ARN}missing")
        self.assertEqual(error.response["Type"], "User")
        error = self.refused("ResourceConflictException", self.create, name="echo")
        self.assertIsInstance(error, exceptions.ResourceConflictException)
        self.assertEqual(error.response["Error"]["Message"], "Function already exist: echo")
        error = self.refused("InvalidParameterValueException", self.create, name="invalid", zip_file=b"no zip")
        self.assertIsInstance(error, exceptions.InvalidParameterValueException)
        self.assertRegex(error.response["Error"]["Message"], r"^Could not unzip uploaded file\.")
        error = self.refused("ValidationException", self.create, name="slow", Timeout=901)
        self.assertEqual(
            error.response["Error"]["Message"],
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
            "Member must have value less than or equal to 900",
        )

    def test_a_wrong_secret_is_refused(self):
        stranger = boto3.client("lambda", aws_secret_access_key="wrong", aws_access_key_id="test")
        error = self.refused("InvalidSignatureException", stranger.list_functions)
        self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 403)

    def test_services_that_are_not_here_say_so_in_their_own_protocol(self):
        calls = {"iam": "list_roles", "dynamodb": "list_tables", "kinesis": "list_streams", "cloudformation": "list_stacks"}
        for service, operation in calls.items():
            with self.subTest(service):
                error = self.refused("UnknownOperationException", getattr(boto3.client(service), operation))
                message = f"The service '{service}' is not served by this region."
                self.assertEqual(error.response["Error"]["Message"], message)

    def test_a_streamed_answer_comes_in_events(self):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("app.mjs", STREAM)
        name = self.active("streamed", zip_file=made.getvalue(), Runtime="nodejs24.x")
        for event, text, code in (("{}", b"one two", None), ('{"fail": "no"}', b"one ", "Unhandled")):
            answer = self.client.invoke_with_response_stream(FunctionName=name, Payload=event, LogType="Tail")
            self.assertEqual((answer["StatusCode"], answer["ExecutedVersion"]), (200, "$LATEST"))
            events = list(answer["EventStream"])
            complete = events.pop()["InvokeComplete"]
            self.assertEqual(b"".join(event["PayloadChunk"]["Payload"] for event in events), text)
            self.assertEqual(complete.get("ErrorCode"), code)
            self.assertIn(b"START RequestId", base64.b64decode(complete["LogResult"]))

    def test_inside_a_function_it_may_invoke_but_not_delete(self):
        name = self.active("caller", zip_file=zip_with_sdk(CALLER), MemorySize=512, Timeout=30)
        answer, payload = self.invoke(name, {"target": "echo"})
        self.assertNotIn("FunctionError", answer, payload)
        self.assertEqual(payload["answer"], {"event": {"n": 1}, "version": "$LATEST", "custom": None})
        self.assertEqual(payload["refusal"]["Code"], "AccessDeniedException")
        self.assertEqual(
            payload["refusal"]["Message"],
            f"User: arn:aws:sts::000000000000:assumed-role/test/{name} is not authorized to perform: "
            f"lambda:DeleteFunction on resource: {ARN}echo because no identity-based policy allows the "
            "lambda:DeleteFunction action",
        )
        self.assertEqual(self.invoke("echo")[0]["StatusCode"], 200)

    def test_deleted_is_gone(self):
        name = self.active("deleted", Publish=True)
        self.client.delete_function(FunctionName=name, Qualifier="1")
        self.refused("ResourceNotFoundException", self.client.invoke, FunctionName=name, Qualifier="1")
        self.assertEqual(self.invoke(name)[1]["version"], "$LATEST")
        answer = self.client.delete_function(FunctionName=name)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.refused("ResourceNotFoundException", self.client.get_function, FunctionName=name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
