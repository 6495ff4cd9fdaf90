"""The function's log: AWS's line formats for errors and for `logging`, which is set up only when somebody imports it."""
import os
import sys
import time

from .marshal import dumps

# Type words of the telemetry framing; the level stands in the low bits of the first.
FRAME_TEXT, FRAME_JSON = 0xA55A0003, 0xA55A0002
LEVELS = {"TRACE": 1, "DEBUG": 2, "INFO": 3, "WARN": 4, "WARNING": 4, "ERROR": 5, "FATAL": 6, "CRITICAL": 6}


class Current:
    """The invocation that lines are written for, and how they are to look."""

    request_id = None
    tenant_id = None
    json = False
    level = None
    telemetry = None


current = Current()


def prepare():
    current.json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    current.level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    descriptor = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    if descriptor:
        current.telemetry = os.fdopen(int(descriptor), "wb", 0)
    sys.meta_path.insert(0, LoggingFinder())


def write(text, level="INFO", as_json=False):
    """One record. Framed it keeps its line breaks; on stdout the caller has seen to them."""
    if current.telemetry is None:
        sys.stdout.write(text)
        return
    body = text.encode("utf-8", "backslashreplace")
    kind = (FRAME_JSON if as_json else FRAME_TEXT) | (LEVELS.get(level, 0) << 2)
    stamp = int(time.time() * 1000000)
    current.telemetry.write(kind.to_bytes(4, "big") + len(body).to_bytes(4, "big") + stamp.to_bytes(8, "big") + body)


def timestamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def error(document):
    """An error that ends an invocation or the init, as AWS's runtime shows it."""
    if current.json:
        line = {"timestamp": timestamp(time.time()), "log_level": "ERROR"}
        line.update(document)
        write(dumps(line).decode("utf-8", "replace") + "\n", "ERROR", True)
        return
    lines = ["[ERROR] %s: %s" % (document["errorType"], document["errorMessage"]), "Traceback (most recent call last):"]
    for entry in document["stackTrace"]:
        for line in entry.splitlines():
            indent = len(line) - len(line.lstrip(" "))
            lines.append("\u00a0" * indent + line[indent:])
    # A carriage return keeps the record in one line where line breaks end records.
    write(("\n" if current.telemetry else "\r").join(lines) + "\n", "ERROR")


class LoggingFinder:
    """Sets the root logger up at the moment `logging` is imported: a third of a bare start would go into importing it."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        execute = spec.loader.exec_module

        def execute_and_configure(module):
            execute(module)
            if hasattr(module, "StreamHandler"):
                from .logging_setup import configure

                configure(module, current, write)

        spec.loader.exec_module = execute_and_configure
        return spec
