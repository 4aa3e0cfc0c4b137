"""Answers complaints about orders, and pays back what has to be paid back."""

import os

import boto3
import requests
from agents import Agent, Runner, function_tool

ORDERS = boto3.resource("dynamodb").Table("orders")
MAIL = boto3.client("ses")


@function_tool
def find_order(number: str) -> dict:
    """Finds an order by its number."""
    return ORDERS.get_item(Key={"number": number})["Item"]


@function_tool
def pay_refund(number: str, cents: int) -> str:
    """Pays money back to whoever paid for an order."""
    answer = requests.post(
        "https://payments.larkspur.example/refunds",
        json={"order": number, "cents": cents},
        headers={"Authorization": os.environ["PAYMENTS_TOKEN"]},
        timeout=10,
    )
    ORDERS.update_item(
        Key={"number": number},
        UpdateExpression="SET refunded = :cents",
        ExpressionAttributeValues={":cents": cents},
    )
    return answer.text


@function_tool
def write_to_customer(address: str, text: str) -> str:
    """Sends a mail to a customer."""
    return MAIL.send_email(
        Source="help@larkspur.example",
        Destination={"ToAddresses": [address]},
        Message={"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": text}}},
    )["MessageId"]


agent = Agent(
    name="refunds",
    instructions="Read the complaint, look at the order, and pay back what the terms allow.",
    tools=[find_order, pay_refund, write_to_customer],
)


def answer(complaint: str) -> str:
    return Runner.run_sync(agent, complaint, max_turns=12).final_output
