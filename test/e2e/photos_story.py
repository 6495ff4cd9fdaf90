"""
boto3, unmodified, told an endpoint and nothing else of Alonzo: photos go into a bucket, their thumbnails come into another. Run by
s3-thumbnail.test.ts, which has deployed examples/s3-thumbnail, with the path of a photo.
"""
import concurrent.futures
import sys

import boto3

s3 = boto3.client("s3")
PHOTO = sys.argv[1]
KEYS = [f"py/{name}.jpg" for name in ("one", "zwei & drei", "四")]


def story(key):
    s3.upload_file(PHOTO, "photos", key, ExtraArgs={"ContentType": "image/jpeg"})
    where = {"Bucket": "photos-thumbnails", "Key": key}
    s3.get_waiter("object_exists").wait(**where, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    thumbnail = s3.get_object(**where)
    content = thumbnail["Body"].read()
    assert thumbnail["ContentType"] == "image/jpeg", thumbnail
    assert content[:3] == b"\xff\xd8\xff" and len(content) < 10_000, len(content)


with concurrent.futures.ThreadPoolExecutor() as pool:
    list(pool.map(story, KEYS))
s3.upload_file(PHOTO, "photos", "py/no photo.txt")
kept = {item["Key"] for item in s3.list_objects_v2(Bucket="photos-thumbnails", Prefix="py/")["Contents"]}
assert kept == set(KEYS), kept
