"""Takes complaints from the queue, one after the other."""

import boto3

from agent import answer

QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/complaints"


def main() -> None:
    sqs = boto3.client("sqs")
    while True:
        messages = sqs.receive_message(QueueUrl=QUEUE, WaitTimeSeconds=20).get("Messages", [])
        for message in messages:
            answer(message["Body"])
            sqs.delete_message(QueueUrl=QUEUE, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main()
