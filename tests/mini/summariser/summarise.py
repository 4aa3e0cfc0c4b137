"""Prints a summary of a text file: text in, text out."""

import sys

from openai import OpenAI

client = OpenAI()


def summarise(text: str) -> str:
    answer = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": f"Summarise in three sentences:\n{text}"}],
    )
    return answer.choices[0].message.content


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(summarise(file.read()))
