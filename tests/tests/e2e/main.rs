//! The binary from outside: exit codes, documents, whole reports, hostile input, and the commands of the documentation.

mod api;
mod assess;
mod assessment;
mod aws;
mod boms;
mod cache;
mod chart;
mod cluster;
mod codes;
mod configuration;
mod diffs;
mod docs;
mod documents;
mod equipment;
mod evidence;
mod explain;
mod forges;
mod golden;
mod graphs;
mod hostile;
mod installed;
mod joins;
mod journeys;
mod known_register;
mod load;
mod lookalikes;
mod manners;
mod models;
mod notices;
mod organisation;
mod origins;
mod pages;
mod pull_requests;
mod reach;
mod registers;
mod reports;
mod repositories;
mod review;
mod runs;
mod secrets;
mod sign_in;
mod stores;

/// A program that calls a model: proof that the scan went on past whatever else is in the folder.
const WITNESS: &str = "\
from openai import OpenAI


def ask(text: str) -> str:
    return OpenAI().responses.create(model=\"gpt-4o\", input=text).output_text
";

/// An agent that asks a person before it cancels an order.
const GATED: &str = "\
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain.tools import tool
import requests


@tool
def cancel_order(order: str) -> str:
    \"\"\"Cancels an order.\"\"\"
    requests.post(\"https://shop.example/cancel\", json={\"order\": order})
    return \"done\"


agent = create_agent(
    \"openai:gpt-4o\",
    tools=[cancel_order],
    middleware=[HumanInTheLoopMiddleware(interrupt_on={\"cancel_order\": True})],
)


def main(question: str) -> None:
    agent.invoke({\"messages\": [question]})
";

/// An agent with a tool that deletes, and nobody who is asked.
const AGENT: &str = "\
import requests
from langchain.agents import create_agent
from langchain.tools import tool


@tool
def cancel_order(number: str) -> str:
    \"\"\"Cancels an order.\"\"\"
    return requests.delete(f\"https://shop.example/orders/{number}\").text


agent = create_agent(\"openai:gpt-4o\", tools=[cancel_order])
";
