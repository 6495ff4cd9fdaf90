"""The root logger as AWS sets it up: one handler, text or JSON, that knows the current request."""
import time

from .marshal import dumps

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
DATE_FORMAT = "%Y-%m-%dT%H:%M:%S"
LEVEL_NAMES = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}

STANDARD_MEMBERS = frozenset(
    "name msg args levelname levelno pathname filename module exc_info exc_text stack_info lineno funcName created "
    "msecs relativeCreated thread threadName processName process taskName aws_request_id message asctime".split()
)


def configure(logging, current, write):
    """Called while `logging` is being imported, as soon as its body has run."""

    class LambdaLoggerHandler(logging.Handler):
        def emit(self, record):
            write(self.format(record), record.levelname, current.json)

    class LambdaLoggerFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = current.request_id or ""
            record.tenant_id = current.tenant_id
            return True

    class JsonFormatter(logging.Formatter):
        def format(self, record):
            line = {
                "timestamp": time.strftime(DATE_FORMAT + "Z", time.gmtime(record.created)),
                "level": record.levelname,
                "message": record.getMessage(),
                "logger": record.name,
            }
            line.update(error_members(record, self.formatException))
            if record.aws_request_id:
                line["requestId"] = record.aws_request_id
            if record.tenant_id is not None:
                line["tenantId"] = record.tenant_id
            for name, value in record.__dict__.items():
                if name not in STANDARD_MEMBERS and name != "tenant_id":
                    line[name] = value
            return render(line) + "\n"

    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    handler.setFormatter(JsonFormatter() if current.json else logging.Formatter(TEXT_FORMAT, DATE_FORMAT))
    handler.addFilter(LambdaLoggerFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    if current.json:
        level = current.level or "INFO"
        root.setLevel(LEVEL_NAMES.get(level, level))


def error_members(record, format_exception):
    if not record.exc_info or record.exc_info[0] is None:
        return {}
    return {
        "stackTrace": format_exception(record.exc_info).split("\n"),
        "errorType": record.exc_info[0].__name__,
        "errorMessage": str(record.exc_info[1]),
        "location": "%s:%s:%s" % (record.pathname, record.funcName, record.lineno),
    }


def render(line):
    try:
        return dumps(line).decode("utf-8", "replace")
    except (TypeError, ValueError):
        return dumps({name: value if isinstance(value, (str, list)) else repr(value) for name, value in line.items()}).decode(
            "utf-8", "replace"
        )
