"""Entry of the managed Python runtimes: /var/runtime/bootstrap.py, alike for Python 3.8 to 3.15.

It is started without `site`, so that nothing installed on the host is part of the runtime, and it imports little:
every module here is paid for by each cold start.
"""
import builtins
import os
import sys

import _sitebuiltins

from alonzo_runtime.api import RuntimeApi
from alonzo_runtime.runtime import run


def set_path(layers):
    """The function's code, then its layers, then the language (contract/01 section 5)."""
    packages = "%s/python/lib/python%d.%d/site-packages" % (layers, *sys.version_info[:2])
    sys.path[0:0] = [os.environ.get("LAMBDA_TASK_ROOT", "/var/task"), packages, layers + "/python"]


def main():
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"], os.environ.get("ALONZO_RUNTIME_API_SOCKET"))
    if "ALONZO_CELL" in os.environ:
        from alonzo_runtime.cell import become_functions

        become_functions(int(os.environ["ALONZO_CELL"]))
    settings = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ALONZO_")}
    set_path(settings.get("ALONZO_LAYERS_DIRECTORY", "/opt"))
    run(api)


main()
