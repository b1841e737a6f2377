"""The words of alerts: which names mean which field, which values mean which action. Made into docs/tradingview.md."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from trading.instruments import Side


class Action(StrEnum):
    """What an alert asks for: the desk's command of that name, or a position to be reached."""

    BUY = "buy"
    SELL = "sell"
    CLOSE = "close"
    CANCEL = "cancel"
    TARGET = "target"
    SL = "sl"
    TP = "tp"
    TRAIL = "trail"
    OCO = "oco"


class Word(NamedTuple):
    """A field: how our own format calls it first, how others do, an example, what it says."""

    names: tuple[str, ...]
    example: str
    says: str


WORDS: Mapping[str, Word] = {
    "mark": Word(("tiller",), "1", "Marks our own format: every other field must then be one of these."),
    "action": Word(
        ("action", "side", "order_action", "signal", "order", "direction", "cmd", "command"),
        "buy",
        "buy, sell, close, cancel, target, sl, tp, trail or oco. long and short are buy and sell; close_long sells, "
        "close_short buys. Without one, `position` alone is a target.",
    ),
    "symbol": Word(
        ("symbol", "ticker", "pair", "market", "instrument", "tv_instrument", "trading_pair"),
        "BINANCE:BTCUSDT",
        "What to trade: by the source's own symbols first, then in any common spelling. all for close and cancel.",
    ),
    "exchange": Word(("exchange", "tv_exchange"), "BINANCE", "Stands before the symbol in the source's own symbols."),
    "size": Word(
        ("size", "part"), "0.01", "0.01 units, $100, 5% of equity, risk=1% with sl; of a close 50% of the position."
    ),
    "units": Word(
        (*("quantity", "qty", "contracts", "order_contracts", "amount", "units", "shares", "volume", "vol"),
         *("lots", "lot", "vol_lots", "q")),
        "0.01",
        "A size in units of the instrument, or in percent of equity with a %.",
    ),
    "value": Word(
        ("usd", "size_usd", "amount_usd", "quantity_usd", "notional", "quote_quantity", "quote_order_qty"),
        "100",
        "A size in the quote currency; those that say usd only where it is a dollar.",
    ),
    "equity": Word(("equity_percent", "size_percent", "percent"), "5", "A size in percent of equity."),
    "risk": Word(("risk", "risk_percent"), "1%", "A size by what is lost at sl, in percent of equity."),
    "unit": Word(("currency_type",), "base", "What amount counts: base or quote."),
    "kind": Word(
        ("order_type", "type"), "limit", "market, limit, stop or stop_limit. Without it a price is no limit."
    ),
    "limit": Word(("limit", "limit_price"), "59000", "Limit price; a market order if left out."),
    "stop": Word(
        ("stop_price", "stop"), "61000", "Wait for this price. `stop` alone only with tiller or with type: stop."
    ),
    "sl": Word(("sl", "stop_loss", "sl_price", "stop_loss_price", "stop_loss.stop_price"), "58000", "Stop loss."),
    "tp": Word(
        ("tp", "take_profit", "tp_price", "take_profit_price", "take_profit.limit_price"), "65000", "Take profit."
    ),
    "sl_percent": Word(("sl_percent", "stop_loss_percent"), "2", "Stop loss, in percent from the price of the alert."),
    "tp_percent": Word(("tp_percent", "take_profit_percent"), "4", "Take profit, likewise."),
    "sl_type": Word(("stop_loss.type",), "stop", "Only stop."),
    "trail": Word(("trail",), "1.5%", "Trailing stop at a distance: 500 or 1.5%."),
    "tif": Word(("tif", "time_in_force"), "ioc", "gtc, ioc or fok."),
    "post": Word(("post", "post_only"), "yes", "Only as a maker."),
    "iceberg": Word(("iceberg",), "0.001", "How much of it the book shows at a time."),
    "reduce": Word(("reduce", "reduce_only"), "yes", "Only if it reduces a position."),
    "price": Word(
        ("price", "order_price", "entry", "entry_price", "signal_price", "trigger_price", "strprice"),
        "60000",
        "The alert's own price: the limit of a limit order, what percents count from; else only noted.",
    ),
    "position": Word(
        ("position", "market_position", "sentiment"),
        "long",
        "long, short or flat: of a target where to go; of an order where its strategy then is.",
    ),
    "position_units": Word(("market_position_size",), "0.01", "How large that position is, without a sign."),
    "position_signed": Word(("position_size",), "-0.01", "The same with a sign: below zero is short."),
    "prev": Word(("prev_position", "prev_market_position"), "flat", "Where its strategy was before the order."),
    "prev_units": Word(("prev_position_size", "prev_market_position_size"), "0", "How large that was."),
    "reverse": Word(("reverse",), "no", "With yes the size is the position to reach, from whichever side."),
    "close_position": Word(("close_position",), "no", "With yes the order closes the position."),
    "cancel_orders": Word(("cancel_orders",), "no", "With yes the symbol's open orders are cancelled first."),
    "leverage": Word(("leverage",), "1", "Only 1: leverage is set at the venue."),
    "product": Word(("trading_type", "market_type", "product"), "spot", "spot or futures; must be what the symbol is."),
    "account": Word(("account", "subaccount", "sub_account"), "main", "Must be the source's own, if given."),
    "id": Word(
        ("id", "event_id", "alert_id", "uuid", "nonce"), "7f3a-1", "Unique to the alert: the same id is not done twice."
    ),
    "time": Word(
        ("time", "timenow", "sent_at", "timestamp"),
        "2026-01-05T12:00:00Z",
        "When it was sent, {{timenow}}: ISO 8601 with a zone, or seconds or milliseconds since 1970.",
    ),
    "max_age": Word(("max_lag",), "30", "Seconds after which it is too old, if that is less than the source's."),
    "comment": Word(("comment", "message", "msg", "alert_message", "reason", "note", "tag"), "breakout", "For people."),
}  # fmt: skip

SECRETS = ("secret", "passphrase", "key", "token")
"""Where the secret may stand in a body (the HTTP interface)."""

PRIVATE = frozenset(
    (*SECRETS, "password", "passwd", "pwd", "apikey", "apisecret", "secretkey", "privatekey", "signaltoken", "license",
     "licenseid", "licence", "auth", "authorization", "signature", "hmac", "accesstoken", "botuuid", "webhooktoken")
)  # fmt: skip
"""Names whose values are never stored or shown."""

CONTAINERS = frozenset(
    ("strategy", "strategyinfo", "order", "stoploss", "takeprofit", "data", "payload", "alert", "signal")
)
"""Objects within the object whose fields count."""

LISTS = frozenset(("orders", "alerts", "signals", "trades"))

LINES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("buy", "sell", "long", "short"), ("symbol", "size", "limit")),
    "close": ("symbol", "size"),
    "cancel": ("symbol",),
    "target": ("symbol", "position", "size"),
    "sl": ("symbol", "sl"),
    "tp": ("symbol", "tp"),
    "trail": ("symbol", "trail"),
    "oco": ("symbol", "size"),
}
"""The commands that a line may begin with, and what their words are without a name."""

_BUY, _SELL = (Action.BUY, None), (Action.SELL, None)
_CLOSE_LONG, _CLOSE_SHORT = (Action.CLOSE, Side.SELL), (Action.CLOSE, Side.BUY)
ACTIONS: Mapping[str, tuple[Action, Side | None]] = {
    **{str(action): (action, None) for action in Action},
    **dict.fromkeys(("long", "enterlong", "entrylong", "openlong", "golong", "positiontypebuy", "ordertypebuy"), _BUY),
    **dict.fromkeys(
        ("short", "entershort", "entryshort", "openshort", "goshort", "positiontypesell", "ordertypesell"), _SELL
    ),
    **dict.fromkeys(("exit", "flat", "flatten", "closeposition"), (Action.CLOSE, None)),
    **dict.fromkeys(("closelong", "exitlong"), _CLOSE_LONG),
    **dict.fromkeys(("closeshort", "exitshort", "cover"), _CLOSE_SHORT),
}
"""Values of an action, with the side that a close trades on where it says so."""

KINDS = {
    name: name for name in ("market", "limit", "stop", "stoplimit")
} | {"stopmarket": "stop"}  # fmt: skip

POSITIONS = {"long": 1, "bullish": 1, "short": -1, "bearish": -1, "flat": 0, "neutral": 0}

ASSETS = frozenset(("crypto", "forex", "fx", "stock", "stocks", "cfd", "index"))
"""Values of `type` that say what kind of thing it is, and change nothing."""

PRODUCTS = {"spot": False, **dict.fromkeys(("futures", "future", "swap", "perp", "perpetual", "linear", "usdm"), True)}

_RISKY = frozenset(
    (
        *("action", "side", "buy", "sell", "long", "short", "close", "cancel", "reverse", "position", "hedge"),
        *("size", "qty", "quantity", "lot", "amount", "max", "risk", "leverage", "investment", "collateral", "layer"),
        *("stop", "sl", "tp", "profit", "loss", "trail", "trailing", "breakeven", "target", "pip", "point", "offset"),
        *("limit", "reduce", "expiry", "expire"),
    )
)
_VALUE = re.compile(r"[A-Za-z]+(?:[ _-][A-Za-z]+)*", re.ASCII)
_NO_MARKS = {code: None for code in range(128) if not chr(code).isalnum()}
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def plain_name(name: str) -> str:
    """`take_profit`, `takeProfit` and `TAKE-PROFIT` are one name. A name with other letters than ASCII is none."""
    return name.lower().translate(_NO_MARKS) if name.isascii() else ""


def plain_word(value: object) -> str:
    """A value of one or a few words as one name: `Enter Long` is `enterlong`. Anything else is empty."""
    return plain_name(value) if isinstance(value, str) and _VALUE.fullmatch(value.strip()) else ""


def _by_name() -> dict[str, str]:
    return {plain_name(name): word for word, told in WORDS.items() for name in told.names}


_NAMES = _by_name()


def word_of(path: str) -> str:
    """The field that a name, or a path of names, means; empty if it means none."""
    parent, _, name = path.rpartition(".")
    within = plain_name(parent.rpartition(".")[2])
    return _NAMES.get(within + plain_name(name) if within in ("stoploss", "takeprofit") else plain_name(name), "")


def is_risky(path: str) -> bool:
    """Whether a name that is not known sounds as if, without it, the order would not be the one that is meant."""
    parts = {part.lower() for part in _PARTS.findall(path.replace("_", " "))}
    mixed = not path.isascii() and bool(parts)  # a letter that only looks like ours
    return mixed or any({part, part.removesuffix("s")} & _RISKY for part in parts)
