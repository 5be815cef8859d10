"""A refund desk with its books in one file: what a payment provider would keep."""

import json
from pathlib import Path
from typing import TypedDict

ORDERS = {"A-1001": ("Lamp", 49.0), "A-1002": ("Desk", 310.0)}
BOOKS = Path(".flowrun/refunds.jsonl")
"""Relative to the current directory."""


class Order(TypedDict):
    """One order."""

    order: str
    article: str
    paid: float


def find_order(order: str) -> Order:
    """Find an order.

    Args:
        order: The order's number, e.g. A-1001
    """
    if order not in ORDERS:
        raise LookupError(f"no order `{order}`; there is {', '.join(ORDERS)}")
    article, paid = ORDERS[order]
    return {"order": order, "article": article, "paid": paid}


def refund(order: str, amount: float, idempotency_key: str) -> str:
    """Pay money back to the customer.

    A second call under a key finds the first.

    Args:
        order: The order's number
        amount: US dollars
        idempotency_key: Filled in by flowrun, the same for every try of one call; no model sees it
    """
    paid = find_order(order)["paid"]
    if not 0 < amount <= paid:
        raise ValueError(f"expected an amount up to {paid:.2f} US dollars, found {amount:.2f}")
    BOOKS.parent.mkdir(exist_ok=True)
    lines = BOOKS.read_text("utf-8").splitlines() if BOOKS.exists() else []
    if not any(json.loads(line)["key"] == idempotency_key for line in lines):
        entry = {"key": idempotency_key, "order": order, "amount": amount}
        with BOOKS.open("a", encoding="utf-8") as books:
            books.write(json.dumps(entry) + "\n")
    return f"{amount:.2f} US dollars are on their way for order {order}"
