"""Works on orders from a queue. Those that cannot be worked on are named: the others are not tried again."""
import json


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            if not order["amount"] > 0:
                raise ValueError(f"order {order['order']} has the amount {order['amount']}")
            print(f"order {order['order']}: {order['amount']}")
        except (KeyError, TypeError, ValueError) as error:
            print(f"message {record['messageId']}: {error}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
