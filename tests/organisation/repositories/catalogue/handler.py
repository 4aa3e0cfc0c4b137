"""Proposes a text for a product; an editor takes it over or does not."""

import json

import boto3

BEDROCK = boto3.client("bedrock-runtime")


def handle(event, context):
    answer = BEDROCK.converse(
        modelId="anthropic.claude-3-haiku-20240307-v1:0",
        messages=[{"role": "user", "content": [{"text": f"Describe this product: {event['product']}"}]}],
    )
    text = answer["output"]["message"]["content"][0]["text"]
    return {"statusCode": 200, "body": json.dumps({"proposal": text})}
