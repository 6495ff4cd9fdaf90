"""boto3, unmodified, told an endpoint and nothing else of Alonzo: files, presigned URLs of both versions, lists."""
import os
import sys
import tempfile
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

s3 = boto3.client("s3")
s3.create_bucket(Bucket="photos")
MB = 1024 * 1024
content = os.urandom(11 * MB + 1)


def files():
    with tempfile.TemporaryDirectory() as directory:
        sent, got = os.path.join(directory, "sent"), os.path.join(directory, "got")
        with open(sent, "wb") as file:
            file.write(content)
        parts = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB, max_concurrency=3)
        s3.upload_file(sent, "photos", "in/ä b+c.jpg", ExtraArgs={"Metadata": {"who": "me"}}, Config=parts)
        s3.download_file("photos", "in/ä b+c.jpg", got, Config=parts)
        with open(got, "rb") as file:
            assert file.read() == content
    head = s3.head_object(Bucket="photos", Key="in/ä b+c.jpg", ChecksumMode="ENABLED")
    assert head["ETag"].endswith('-3"') and head["ContentLength"] == len(content), head
    assert head["Metadata"] == {"who": "me"} and head["ChecksumCRC32"].endswith("-3"), head
    assert head["ChecksumType"] == "COMPOSITE", head
    small = s3.put_object(Bucket="photos", Key="in/small", Body=b"small")
    assert small["ChecksumCRC32"] and small["ChecksumType"] == "FULL_OBJECT", small


def fetch(method, url, body=None, **headers):
    """Status, headers and body of the answer, whatever it is."""
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def urls(version, client, mark):
    def url(operation, expires=60, **more):
        made = client.generate_presigned_url(operation, Params={"Bucket": "photos", "Key": f"ü {version}", **more}, ExpiresIn=expires)
        assert mark in made, made
        return made

    put = url("put_object", ContentType="image/jpeg", Metadata={"who": version})
    status, _, body = fetch("PUT", put, b"by url", Content_Type="image/jpeg", x_amz_meta_who=version)
    assert status == 200, body
    status, headers, body = fetch("GET", url("get_object", ResponseContentType="text/plain"))
    assert (status, headers["Content-Type"], headers["x-amz-meta-who"], body) == (200, "text/plain", version, b"by url")
    status, headers, body = fetch("HEAD", url("head_object"))
    assert (status, headers["Content-Length"], headers["Content-Type"], body) == (200, "6", "image/jpeg", b"")
    status, _, body = fetch("GET", url("get_object").replace(version, "other"))
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in body, body
    if version == "v2":
        status, _, body = fetch("GET", url("get_object", expires=-1))
        assert status == 403 and b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in body, body
    status, _, body = fetch("GET", client.generate_presigned_url("list_objects_v2", Params={"Bucket": "photos"}))
    assert status == 200 and b"<KeyCount>" in body, body


def lists():
    bucket = boto3.resource("s3").Bucket("photos")
    for number in range(5):
        bucket.put_object(Key=f"many/{number}", Body=b"")
    s3.copy({"Bucket": "photos", "Key": "many/0"}, "photos", "many/copy")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="photos", Prefix="many/", PaginationConfig={"PageSize": 2})
    keys = [[item["Key"] for item in page["Contents"]] for page in pages]
    assert keys == [["many/0", "many/1"], ["many/2", "many/3"], ["many/4", "many/copy"]], keys
    bucket.objects.all().delete()
    bucket.delete()
    assert s3.list_buckets()["Buckets"] == []


files()
urls("v2", s3, "AWSAccessKeyId=")
urls("v4", boto3.client("s3", config=Config(signature_version="s3v4")), "X-Amz-Signature=")
lists()
print(f"boto3 {boto3.__version__}", file=sys.stderr)
