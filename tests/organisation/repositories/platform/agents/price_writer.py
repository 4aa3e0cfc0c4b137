"""Reads and writes prices for the agent that watches them."""

import boto3

PRICES = boto3.resource("dynamodb").Table("prices")


def handle(event, context):
    given = {parameter["name"]: parameter["value"] for parameter in event.get("parameters", [])}
    if event["function"] == "set_price":
        PRICES.put_item(Item={"product": given["product"], "cents": int(given["cents"])})
        body = "done"
    else:
        body = str(PRICES.scan()["Items"])
    return {
        "messageVersion": "1.0",
        "response": {
            "actionGroup": event["actionGroup"],
            "function": event["function"],
            "functionResponse": {"responseBody": {"TEXT": {"body": body}}},
        },
    }
