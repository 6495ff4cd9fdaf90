"""Events and answers as JSON, with the liberties that AWS's runtime takes: decimals are numbers, NaN is allowed.

The C module under `json` does the work: importing `json` itself would double the start of a bare Python. Where the C
module refuses, `json` is asked again, for its exact error.
"""
import sys

try:
    import _json
except ImportError:
    _json = None

# AWS answers in UTF-8 since Python 3.12, and in ASCII with escapes before.
ENSURE_ASCII = sys.version_info < (3, 12)


class ScannerSettings:
    """The members of json.JSONDecoder that the C scanner reads."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}.__getitem__
    memo = {}


def loads(body):
    text = body.decode("utf-8")
    try:
        start = len(text) - len(text.lstrip(" \t\n\r"))
        value, end = scan(text, start)
        if not text[end:].strip(" \t\n\r"):
            return value
    except Exception:
        # Malformed: fall through to the module that can say where.
        pass
    import json

    return json.loads(text)


def dumps(value):
    """UTF-8 bytes of a value. Raises TypeError, ValueError or RecursionError for what JSON cannot hold."""
    decimals = []

    def default(other):
        return replace_decimal(other, decimals)

    try:
        text = encode(value, default)
    except Exception:
        import json

        del decimals[:]
        text = json.dumps(value, ensure_ascii=ENSURE_ASCII, default=default)
    for placeholder, digits in decimals:
        text = text.replace('"%s"' % placeholder, digits)
    return text.encode("utf-8", "surrogatepass")


def encode(value, default):
    encode_string = _json.encode_basestring_ascii if ENSURE_ASCII else _json.encode_basestring
    encoder = _json.make_encoder({}, default, encode_string, None, ": ", ", ", False, False, True)
    return "".join(encoder(value, 0))


def replace_decimal(value, decimals):
    """The encoder cannot write a number digit by digit: a random name holds its place until the text is made."""
    decimal = sys.modules.get("decimal")
    if decimal is None or not isinstance(value, decimal.Decimal):
        raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
    if value.is_nan():
        return float("nan")
    import os

    placeholder = "decimal-" + os.urandom(16).hex()
    decimals.append((placeholder, str(value)))
    return placeholder


scan = _json and _json.make_scanner(ScannerSettings)
