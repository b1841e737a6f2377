"""What is told of an account and of a request, for people. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from trading.executors.mt5.levels import signed
from trading.executors.mt5.marks import comment_of, magic_of
from trading.executors.mt5.rules import is_stop
from trading.instruments import ZERO, Symbol, plain
from trading.intent import TimeInForce
from trading.mt5.constants import Constants as mt5
from trading.mt5.link import Link
from trading.mt5.listing import SymbolRules
from trading.order import Order

_KINDS = {
    mt5.ACCOUNT_TRADE_MODE_DEMO: "demo",
    mt5.ACCOUNT_TRADE_MODE_CONTEST: "contest",
    mt5.ACCOUNT_TRADE_MODE_REAL: "REAL",
}


def is_real(account: Any) -> bool:
    """Whether an account's money is real; what kind is not known is taken for real money."""
    return _kind(account) == "REAL"


def _kind(account: Any) -> str:
    return _KINDS.get(account.trade_mode, "REAL")


def found(link: Link) -> list[str]:
    """What the terminal says of an account, a line each."""
    account, info = link.account, link.info
    if account is None:
        return [link.problem]
    mode = "hedging" if link.is_hedging else "netting"
    lines = [
        f"{_kind(account)} account {account.login} at {account.server} ({account.company}), {mode}, "
        f"{account.balance:.{account.currency_digits}f} {account.currency}, leverage 1:{account.leverage}"
    ]
    if info.tradeapi_disabled:
        lines.append("orders from programs are OFF: allow the Python API in Tools > Options > Expert Advisors")
    elif not info.trade_allowed:
        lines.append("algo trading is OFF: press the Algo Trading button in the terminal's toolbar")
    elif not (account.trade_allowed and account.trade_expert):
        lines.append("algo trading is OFF at the broker for this account: ask the broker")
    else:
        lines.append("algo trading is on")
    lines.append(f"the broker's clock is {link.time.text}")
    lines.append(f"symbols: {', '.join(_named(link.rules.values())) or 'none in the Market Watch'}")
    lines += [_missing(name, like) for name, like in link.missing.items()]
    return lines


def _named(rules: Iterable[SymbolRules]) -> list[str]:
    return [each.symbol if each.symbol == each.name else f"{each.symbol} ({each.name})" for each in rules]


def _missing(name: str, like: list[str]) -> str:
    return f"the broker does not list {name}" + (f": did you mean {' or '.join(like)}?" if like else "")


def request(order: Order, rules: SymbolRules | None) -> str:
    """What is sent for an order, in one line."""
    name = rules.name if rules else order.symbol
    if order.is_waiting_exit:
        kind = "stop" if is_stop(order) else "target"
        price = order.stop_price or order.limit_price
        at = f"trailing {order.trail}" if order.trail is not None else f"at {plain(price or ZERO)}"
        return f"mt5: the {kind} of the {name} position, {order.side} {plain(order.quantity)} lots {order.type} {at}"
    parts = [f"mt5: {order.side} {plain(order.quantity)} lots {name} {order.type}"]
    parts += [f"{plain(order.limit_price)}"] if order.limit_price is not None else []
    parts += [f"stop={plain(order.stop_price)}"] if order.stop_price is not None else []
    parts += [order.time_in_force] if order.time_in_force is not TimeInForce.GTC else []
    parts += [f"trail={order.trail}"] if order.trail is not None else []
    parts += [f"sl={plain(order.stop_loss)}"] if order.stop_loss is not None else []
    parts += [f"tp={plain(order.take_profit)}"] if order.take_profit is not None else []
    parts += ["reduce-only"] if order.reduce_only else []
    return " ".join([*parts, f"magic={magic_of(order.id)}", f"comment={comment_of(order.id)}"])


def net(positions: Iterable[Any], link: Link) -> Mapping[Symbol, Decimal]:
    """Lots held by symbol, both sides of a hedging account together."""
    held: dict[Symbol, Decimal] = {}
    for position in positions:
        rules = link.by_name.get(position.symbol)
        symbol = rules.symbol if rules else Symbol(position.symbol)
        held[symbol] = held.get(symbol, ZERO) + signed(position)
    return {symbol: amount for symbol, amount in held.items() if amount}
