"""Entry of the managed Python runtimes: /var/runtime/bootstrap.py, alike for Python 3.8 to 3.15.

It is started without `site`, so that nothing installed on the host is part of the runtime, and it imports little:
every module here is paid for by each cold start.
"""
import builtins
import os
import sys

import _sitebuiltins

from alonzo_runtime.runtime import run


def set_path(layers):
    """The function's code, then its layers, then the language (contract/01 section 5)."""
    packages = "%s/python/lib/python%d.%d/site-packages" % (layers, *sys.version_info[:2])
    sys.path[0:0] = [os.environ.get("LAMBDA_TASK_ROOT", "/var/task"), packages, layers + "/python"]


def main():
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    settings = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ALONZO_")}
    set_path(settings.get("ALONZO_LAYERS_DIRECTORY", "/opt"))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    run(settings.get("ALONZO_RUNTIME_API_SOCKET"))


main()
