#!/usr/bin/python3 -S
"""A custom runtime that says to the Runtime API whatever its event tells it, and then answers what came of it."""
import http.client
import json
import os
import socket
import textwrap
import threading
import time

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")


def open_line():
    return socket.create_connection((HOST, int(PORT)), timeout=5)


def first_line(line):
    """Status of the next answer, or that there is none."""
    try:
        text = b""
        while b"\r\n" not in text:
            piece = line.recv(65536)
            if not piece:
                return "closed"
            text += piece
        return text.split(b" ")[1].decode()
    except OSError as error:
        return "silent" if isinstance(error, TimeoutError) else "closed"


def say(text):
    with open_line() as line:
        try:
            line.sendall(text)
        except OSError:
            return "closed"
        return first_line(line)


def ask(method, path, body=None, headers={}, where=(HOST, PORT)):
    connection = http.client.HTTPConnection(*where, timeout=5)
    try:
        connection.request(method, path, body, headers)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException):
        return "closed"
    finally:
        connection.close()


def get(path, headers={}, where=(HOST, PORT)):
    return ask("GET", path, None, headers, where)


def post(path, body, headers={}):
    return ask("POST", path, body, headers)


def put(path, body, headers={}):
    return ask("PUT", path, body, headers)


def next_invocation():
    """Its own connections may still be too many for one more."""
    for _ in range(100):
        try:
            waiting = http.client.HTTPConnection(HOST, PORT)
            waiting.request("GET", "/2018-06-01/runtime/invocation/next")
            told = waiting.getresponse()
            if told.status == 200:
                return told.getheader("Lambda-Runtime-Aws-Request-Id"), json.loads(told.read())
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise SystemExit("no next invocation")


while True:
    names = {}
    request_id, event = next_invocation()
    own = "/2018-06-01/runtime/invocation/" + request_id
    names = dict(globals())
    exec(textwrap.dedent(event["says"]), names)
    # The attack may have answered already.
    for _ in range(100):
        if names["result"] is None or post(own + "/response", json.dumps(names["result"]).encode()) == "202":
            break
        time.sleep(0.05)
