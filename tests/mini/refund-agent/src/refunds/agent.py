"""Pays complaints back, every night."""

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.prebuilt import create_react_agent

from refunds import shop

TASK = "Read the complaints of today and pay back those that are right."


@tool
def find_order(number: str) -> dict:
    """Finds an order."""
    return shop.order(number)


@tool
def send_refund(charge: str, cents: int) -> str:
    """Pays money back to a customer."""
    return shop.pay_back(charge, cents)


def main() -> None:
    model = ChatOpenAI(model="gpt-4o-2024-08-06")
    with SqliteSaver.from_conn_string("refunds.db") as saver:
        agent = create_react_agent(model, tools=[find_order, send_refund], checkpointer=saver)
        agent.invoke({"messages": [("user", TASK)]}, {"configurable": {"thread_id": "nightly"}})


if __name__ == "__main__":
    main()
