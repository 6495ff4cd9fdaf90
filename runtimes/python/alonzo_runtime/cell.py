"""A runtime that was started ahead waits here until it is told for which function it is to go on.

From then on it is as if it had been started for that function.
"""
import os
import sys
import time

from .marshal import loads


def become_functions(descriptor):
    text = read_all(descriptor)
    os.close(descriptor)
    if not text:
        # It was given up.
        sys.exit(0)
    command = loads(text)
    environment = command["environment"]
    for name in list(os.environ):
        if name not in environment:
            del os.environ[name]
    os.environ.update(environment)
    time.tzset()
    # Not the same directory as before under this name: the code has been mounted over it.
    os.chdir(command["workingDirectory"])


def read_all(descriptor):
    chunks = []
    while True:
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
