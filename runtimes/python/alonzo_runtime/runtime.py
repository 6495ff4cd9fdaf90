"""Loads the handler and runs one invocation after another."""
import os
import sys

from . import log
from .context import LambdaContext
from .failures import Failure, report
from .loader import load_handler
from .marshal import dumps, loads


def run(api):
    """Serve until the process is killed, or until an init error was reported."""
    log.prepare()
    try:
        handler = load_handler(os.environ.get("_HANDLER", ""))
    except Exception as error:
        report_init_error(api, error)
        sys.exit(1)
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        from .snap_start import pass_snapshot

        pass_snapshot(api, flush)
    headers, body = api.next()
    while True:
        headers, body = invoke(api, handler, headers, body)


def report_init_error(api, error):
    document = report(error, "")
    log.error(document)
    flush()
    api.init_error(document["errorType"], dumps(document))


def invoke(api, handler, headers, body):
    """Answer one invocation and wait for the next, whose headers and body are returned."""
    request_id = headers["lambda-runtime-aws-request-id"]
    log.current.request_id = request_id
    log.current.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    trace = headers.get("lambda-runtime-trace-id")
    if trace is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        event = parse(body)
        result = handler(event, LambdaContext(headers))
        answer = render(result)
    except Exception as error:
        document = report(error, request_id)
        log.error(document)
        flush()
        return api.fail(request_id, document["errorType"], dumps(document))
    flush()
    return api.respond(request_id, answer)


def parse(body):
    try:
        return loads(body)
    except Exception as error:
        raise Failure("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None


def render(result):
    try:
        return dumps(result)
    except Exception as error:
        raise Failure("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None


def flush():
    """Whatever was printed belongs to this invocation: it leaves before the answer does."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            # The function may have closed or replaced the stream; its answer still counts.
            continue
