"""From the handler setting (`package/module.function`) to the function it names."""
import sys

from .failures import Failure


def load_handler(setting):
    try:
        module_path, function_name = setting.rsplit(".", 1)
    except ValueError as error:
        raise Failure("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (setting, error)) from None
    module = load_module(module_path)
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = "Handler '%s' missing on module '%s'" % (function_name, module_path)
        raise Failure("Runtime.HandlerNotFound", message) from None


def load_module(module_path):
    name = module_path.replace("/", ".")
    if name.split(".")[0] in sys.builtin_module_names:
        message = "Cannot use built-in module %s as a handler module" % module_path
        raise Failure("Runtime.BuiltInModuleConflict", message)
    try:
        __import__(name)
        return sys.modules[name]
    except ImportError as error:
        message = "Unable to import module '%s': %s" % (module_path, error)
        raise Failure("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        message = "Syntax error in module '%s': %s" % (module_path, error)
        where = '  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)
        raise Failure("Runtime.UserCodeSyntaxError", message, [where]) from None
    except ValueError as error:
        # `__import__("")` and names that begin with a dot.
        if name and not name.startswith("."):
            raise
        raise Failure("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (module_path, error)) from None
