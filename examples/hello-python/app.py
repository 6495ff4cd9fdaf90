"""A Lambda function: it gets an event, writes a line to its log, and returns what the caller is to receive."""
import platform


def handler(event, context):
    name = event.get("name", "world")
    print(f"Greeting {name}")
    return {
        "message": f"Hello, {name}!",
        "from": f"{context.function_name} on Python {platform.python_version()}",
    }
