"""One true example of every answer, for the API's description; a test holds them against real answers."""

from typing import Any

from pydantic import BaseModel

Shape = dict[str, Any]


class Error(BaseModel):
    """What went wrong, and what to do about it."""

    error: str
    text: str
    remedy: str


MEANING = {
    401: "No valid token",
    403: "The token's role is not enough",
    404: "There is no such thing",
    409: "It cannot be done in its present state",
    413: "The body is over 64 KiB",
    422: "The request makes no sense",
    429: "Too many calls",
    503: "Not accepting yet",
}


def answers(example: Any, *also: int) -> dict[int | str, Shape]:
    """The responses of a route: the example, and the errors it may answer."""
    statuses = sorted({401, 403, 422, 429, *also})
    errors: dict[int | str, Shape] = {each: {"model": Error, "description": MEANING[each]} for each in statuses}
    return {200: {"content": {"application/json": {"example": example}}}, **errors}


ORDER: Shape = {
    "id": "hqdbw4kdayhxk3ya", "account": "demo", "mode": "paper", "symbol": "BTC/USDT", "side": "BUY",
    "type": "MARKET", "time_in_force": "GTC", "quantity": "0.01", "limit_price": None, "stop_price": None,
    "status": "FILLED", "filled_quantity": "0.01", "average_price": "61512.3",
    "fees": [{"amount": "0.615123", "currency": "USDT"}], "source": "api", "actor": "token:2",
    "venue_order_id": "O1", "created_at": "2026-01-05T12:00:00.123456Z", "updated_at": "2026-01-05T12:00:00.234567Z",
    "reason": "", "leg": "entry", "parent_id": None, "in_doubt": False, "waits_for_entry": False,
}  # fmt: skip
FILL: Shape = {
    "id": "demo:paper:BTC/USDT:T1", "order_id": "hqdbw4kdayhxk3ya", "account": "demo", "mode": "paper",
    "symbol": "BTC/USDT", "side": "BUY", "quantity": "0.01", "price": "61512.3", "realized": "-0.615123",
    "fee": {"amount": "0.615123", "currency": "USDT"}, "at": "2026-01-05T12:00:00.223456Z",
}  # fmt: skip
POSITION: Shape = {
    "account": "demo", "mode": "paper", "symbol": "BTC/USDT", "quantity": "0.01", "average_price": "61512.3",
    "mark_price": "61498.1", "realized_pnl": "-0.615123", "unrealized_pnl": "-0.142", "currency": "USDT",
}  # fmt: skip
REPLY: Shape = {
    "ok": True, "text": "PAPER demo: BUY 0.01 BTC/USDT MARKET\nFilled 0.01 at 61,512.3, fee 0.6151 USDT.",
    "tone": "good", "table": None, "buttons": [], "image": None, "order_id": "hqdbw4kdayhxk3ya", "phrase": None,
    "error": None,
}  # fmt: skip
CANCELED: Shape = {**REPLY, "text": "PAPER demo: BUY 0.01 BTC/USDT LIMIT 59,000: Canceled: asked by token:2."}
SYNCED: Shape = {**REPLY, "text": "PAPER demo: 2 open orders checked, no differences", "order_id": None}
TESTED: Shape = {
    **REPLY, "order_id": None,
    "text": "pine: trader on PAPER demo; the body does not have its secret: the address must, or a signature.\n"
            "Read as command lines, 1 order.\n\n/buy BTC/USDT 0.01\nPAPER demo: BUY 0.01 BTC/USDT MARKET\n...\n"
            "Would send: paper: BUY 0.01 BTC/USDT MARKET GTC id=iu5epqigzlw7k2ed\nNothing was sent.",
}  # fmt: skip
ACCOUNT: Shape = {
    "account": "demo", "mode": "paper", "venue": "paper", "market": "simulated", "state": "ACTIVE",
    "equity": "9999.24", "cash": "9384.27", "unrealized_pnl": "-0.142", "day_pnl": "-0.76", "room_today": "499.24",
    "positions": 1, "open_orders": 0, "unpriced": [], "label": "PAPER demo",
}  # fmt: skip
STATUS: Shape = {
    "version": "0.1.0", "state": "ACTIVE", "ready": True, "reason": None, "currency": "USDT", "timezone": "UTC",
    "accounts": [ACCOUNT], "latches": [], "in_doubt": [], "differences": 0, "last_seq": 42,
}  # fmt: skip
BALANCE: Shape = {"account": "demo", "mode": "paper", "currency": "USDT", "amount": "9384.27", "value": "9384.27"}
SAMPLE: Shape = {
    "account": "demo", "mode": "paper", "at": "2026-01-05T12:00:00Z", "equity": "10000", "cash": "10000",
    "unrealized": "0",
}  # fmt: skip
SIGNAL: Shape = {
    "id": "trend:BTC/USDT:2026-01-05T12:00:00+00:00", "strategy": "trend", "account": "demo", "symbol": "BTC/USDT",
    "side": "BUY", "bar_close": "2026-01-05T12:00:00Z", "price": "61512.3", "order_id": "hqdbw4kdayhxk3ya",
    "outcome": "filled", "at": "2026-01-05T12:00:00.2Z",
}  # fmt: skip
STRATEGY: Shape = {
    "name": "trend", "class": "sma_cross", "account": "demo", "symbols": ["BTC/USDT"], "timeframe": "1m",
    "params": {"fast": "20", "slow": "50"}, "running": True,
}  # fmt: skip
RISK: Shape = {
    "account": "demo", "mode": "paper", "room_today": "499.24",
    "usage": [{"name": "max_daily_loss", "used": "0.76", "limit": "500"}],
}  # fmt: skip
ALERT: Shape = {
    "id": "w5d7mx3kq2apzr4c", "source": "pine", "account": "demo", "at": "2026-01-05T12:00:00.123456Z",
    "sent_at": "2026-01-05T12:00:00Z", "text": "buy BTC/USDT 0.01", "outcome": "executed",
    "reason": "PAPER demo: BUY 0.01 BTC/USDT MARKET. Filled 0.01 at 61,512.3, fee 0.6151 USDT.",
    "order_ids": ["hqdbw4kdayhxk3ya"], "resent": False,
}  # fmt: skip
EVENT: Shape = {
    "seq": 42, "at": "2026-01-05T12:00:00.234567Z", "type": "OrderAccepted", "order_id": "hqdbw4kdayhxk3ya",
    "payload": {"order_id": "hqdbw4kdayhxk3ya", "venue_order_id": "O1"},
}  # fmt: skip
READY: Shape = {"ready": True, "reason": None}
COMPLETION: Shape = {"text": "BTC/USDT", "display": "BTC/USDT", "help": "demo", "start": 5}
LINK: Shape = {"path": "/login?link=CODE", "url": "https://desk.example.com/login?link=CODE"}


def restored(description: Shape) -> Shape:
    """The API's description with the examples as they stand here: it is made without what is null in them."""
    for route in (route for path in description["paths"].values() for route in path.values()):
        for media in (media for answer in route["responses"].values() for media in answer.get("content", {}).values()):
            if "example" in media:
                media["example"] = _whole(media["example"])
    return description


def _whole(found: Any) -> Any:
    if isinstance(found, list):
        return [_whole(each) for each in found]
    known = (ORDER, REPLY, CANCELED, SYNCED, TESTED, STATUS, READY)
    return next((each for each in known if _without_null(each) == found), found)


def _without_null(example: Shape) -> Shape:
    return {name: value for name, value in example.items() if value is not None}
