"""A job that runs by a schedule: it reports for which time it ran."""


def handler(event, context):
    print(f"Report for {event['time']}")
    return {"report": event["time"], "job": event.get("job", "nightly")}
