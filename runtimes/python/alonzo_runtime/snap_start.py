"""Between the init and the first invocation of a SnapStart function: its hooks, and between these the snapshot."""
import sys

from . import log
from .failures import report
from .marshal import dumps


def pass_snapshot(api, flush):
    """From here on the process may be one of many that go on from this point. Ends the process when a hook fails."""
    hooks = sys.modules.get("snapshot_restore_py")
    try:
        if hooks is not None:
            before = hooks.get_before_snapshot()
            while before:
                run(before.pop())
        flush()
        api.restore_next()
    except BaseException as error:
        api.init_error("Runtime.BeforeSnapshotError", documented(error, flush))
        sys.exit(64)
    try:
        renew_randomness()
        if hooks is not None:
            for hook in hooks.get_after_restore():
                run(hook)
    except BaseException as error:
        api.restore_error("Runtime.AfterRestoreError", documented(error, flush))
        sys.exit(65)


def run(hook):
    function, args, kwargs = hook
    function(*args, **kwargs)


def documented(error, flush):
    document = report(error, "")
    log.error(document)
    flush()
    return dumps(document)


def renew_randomness():
    """Generators that are seeded once would give every environment of the snapshot the same numbers."""
    random = sys.modules.get("random")
    if random is not None:
        random.seed()
    ssl = sys.modules.get("_ssl")
    if ssl is not None:
        import os

        ssl.RAND_add(os.urandom(48), 48.0)
