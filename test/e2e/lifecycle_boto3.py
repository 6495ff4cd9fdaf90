"""The whole life of a function through boto3, given nothing but an endpoint. Argument: the endpoint's URL."""
import io
import json
import sys
import zipfile

import boto3


def package(answer):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.js", f"exports.handler = async (event) => ({{ ...event, {answer} }});")
    return buffer.getvalue()


def invoke(client, name):
    answer = client.invoke(FunctionName=name, Payload=json.dumps({"from": "boto3"}), LogType="Tail")
    assert "FunctionError" not in answer, answer
    return json.load(answer["Payload"])


client = boto3.client(
    "lambda",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
names = [f"boto-{index}" for index in range(5)]
for name in names:
    client.create_function(
        FunctionName=name,
        Runtime="nodejs24.x",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": package("code: 1")},
    )
name = names[0]
client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
assert invoke(client, name) == {"from": "boto3", "code": 1}

client.update_function_code(FunctionName=name, ZipFile=package("code: process.env.CODE"))
client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
client.update_function_configuration(FunctionName=name, Timeout=7, Environment={"Variables": {"CODE": "2"}})
client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
assert invoke(client, name) == {"from": "boto3", "code": "2"}
assert client.get_function(FunctionName=name)["Configuration"]["Timeout"] == 7

pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
listed = [function["FunctionName"] for page in pages for function in page["Functions"]]
assert sorted(listed) == names, listed

for name in names:
    client.delete_function(FunctionName=name)
try:
    client.get_function(FunctionName=name)
    raise AssertionError("the function is still there")
except client.exceptions.ResourceNotFoundException as error:
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
print("done")
