"""Whose order it is stays known for as long as it matters, and is asked for again after that."""

from collections.abc import Sequence
from typing import Any

from tests.trading.executors.binance.samples import SPOT
from trading.executors.binance.recent import MOST, Recent
from trading.executors.binance.requests import Request, all_orders
from trading.executors.binance.rules import SymbolRules
from trading.executors.binance.whose import Whose
from trading.ids import order_id

NAME = SPOT.venue_symbol


def row(number: int) -> dict[str, Any]:
    return {"symbol": NAME, "orderId": number, "clientOrderId": order_id(f"key {number}")}


class Venue:
    """Has an order of ours under every number."""

    def __init__(self) -> None:
        self.asked = list[Request]()

    async def send(self, request: Request) -> Any:
        self.asked.append(request)
        if number := request.params.get("one"):
            return row(int(number))
        first = int(request.params["orderId"])
        return [row(number) for number in range(first, first + 1000)]

    def orders_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return all_orders(rules, since_ms=since_ms, from_id=from_id)

    def order_request(self, rules: SymbolRules, venue_order_id: str) -> Request:
        return Request("GET", "/api/v3/order", {"one": venue_order_id})


async def names(whose: Whose, numbers: Sequence[int]) -> list[str]:
    found = await whose.ask(SPOT, {str(number) for number in numbers})
    return [found[str(number)] for number in numbers]


async def test_what_ended_long_ago_is_forgotten_and_asked_for_again() -> None:
    venue = Venue()
    whose = Whose(lambda symbol, venue_id: "", venue)
    whose.note(row(number) for number in range(1, MOST + 2))
    assert await names(whose, [2, MOST + 1]) == [order_id("key 2"), order_id(f"key {MOST + 1}")]
    assert venue.asked == []
    assert await names(whose, [1]) == [order_id("key 1")]
    assert len(venue.asked) == 1


async def test_an_order_that_is_heard_of_again_is_kept() -> None:
    venue = Venue()
    whose = Whose(lambda symbol, venue_id: "", venue)
    for start in range(2, 2 * MOST, 1000):
        whose.note([row(1)])
        whose.note(row(number) for number in range(start, start + 1000))
    assert await names(whose, [1]) == [order_id("key 1")]
    assert venue.asked == []


async def test_more_orders_than_are_kept_can_be_asked_for_at_once() -> None:
    venue = Venue()
    whose = Whose(lambda symbol, venue_id: "", venue)
    numbers = range(1, MOST + 2001)
    assert await names(whose, numbers) == [order_id(f"key {number}") for number in numbers]
    assert len(venue.asked) == len(numbers) / 1000


def test_the_latest_are_kept() -> None:
    recent = Recent[int, str]()
    for number in range(MOST + 10):
        recent[number] = "first"
        recent[0] = "still"
    assert len(recent) == MOST
    assert recent[0] == "still"
    assert 10 not in recent
    assert recent[11] == "first"
