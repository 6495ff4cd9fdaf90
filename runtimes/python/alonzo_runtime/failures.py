"""From an exception to the error document that the caller gets (contract/02 section 5)."""
import os

RUNTIME_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failure(Exception):
    """An error of the runtime itself, with the error type and the stack trace that the caller is to see."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


def report(error, request_id):
    if isinstance(error, Failure):
        error_type, stack_trace = error.error_type, error.stack_trace
    else:
        error_type, stack_trace = type(error).__name__, format_stack(error.__traceback__)
    return {
        "errorMessage": describe(error),
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": stack_trace,
    }


def describe(error):
    try:
        return str(error)
    except Exception:
        return "<unprintable %s object>" % type(error).__name__


def format_stack(trace):
    """The frames of the function: those of the runtime and of the import system before them are left out."""
    import traceback

    frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(trace)]
    while frames and (frames[0][0].startswith(RUNTIME_DIRECTORY) or frames[0][0].startswith("<frozen importlib")):
        frames.pop(0)
    return traceback.format_list(frames)
