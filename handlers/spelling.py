"""Which symbol is meant, in any common spelling: `BTC/USDT`, `btcusdt`, `BINANCE:BTCUSDT`, `BTCUSDT.P`."""

import difflib
import functools
import re
from collections.abc import Iterable, Mapping, Sequence

from handlers.context import Context
from handlers.literals import cut
from trading.errors import IntentError
from trading.instruments import Instrument, Settlement, Symbol


def nearest(word: str, known: Iterable[str], wanted: int = 3) -> list[str]:
    """The known names most like `word`, best first; letter case does not count."""
    names = {name.lower(): name for name in known}
    word = word[:32].lower()
    starts = [name for name in names if len(word) >= 2 and name.startswith(word)]
    close = difflib.get_close_matches(word, names, n=wanted, cutoff=0.6)
    return [names[name] for name in dict.fromkeys([*close, *sorted(starts)])][:wanted]


@functools.lru_cache(maxsize=16384)
def _collapse(text: str) -> str:
    """`BTC/USDT`, `btc-usdt` and `BTC_USDT` are all `BTCUSDT`."""
    return "".join(c for c in text.upper() if c.isalnum())


def spelt(text: str, instruments: Mapping[Symbol, Instrument]) -> list[Symbol]:
    """The instruments that `text` is a spelling of: exact before case-blind before punctuation-blind."""
    if text in instruments:
        return [Symbol(text)]
    if text.upper() in instruments:
        return [Symbol(text.upper())]
    stem, dot, suffix = text.upper().rpartition(".")
    if dot and suffix in ("P", "PERP"):
        wanted = _collapse(stem)
        return [
            symbol
            for symbol, i in instruments.items()
            if i.settlement is Settlement.LINEAR and _collapse(i.base + i.quote) == wanted
        ]
    wanted = _collapse(text)
    return [symbol for symbol in instruments if wanted and _collapse(symbol) == wanted]


_EXCHANGE = re.compile(r"\A[A-Za-z0-9_]{1,20}:", re.ASCII)  # BINANCE:BTCUSDT; but BTC/USDT:USDT is a symbol


def symbol_of(text: str, ctx: Context, accounts: Sequence[str]) -> Symbol:
    """The symbol that is meant, on the first of these accounts that trades one so called.

    Raises:
        IntentError: none does, or it could be several; names what is like it. Or one has not said yet what it trades.
    """
    bare = _EXCHANGE.sub("", text)
    for account in accounts:
        instruments = ctx.desk.instruments(account)
        for spelling in dict.fromkeys((text, bare)):
            found = spelt(spelling, instruments)
            if len(found) == 1:
                return found[0]
            if found:
                raise IntentError(f"{cut(text)} could be {' or '.join(found[:4])}.", "Write one.", code="BAD_SYMBOL")
    for account in accounts:
        if not ctx.desk.instruments(account) and (why := ctx.desk.unready.get(ctx.account(account))):
            raise IntentError(why, "It is tried again by itself; /health shows how it stands.", code="NOT_READY")
    raise IntentError(*_no_symbol(text, bare, ctx, accounts), code="BAD_SYMBOL")


def _no_symbol(text: str, bare: str, ctx: Context, accounts: Sequence[str]) -> tuple[str, str]:
    """What to say of a symbol that none of the accounts trades."""
    where = accounts[0] if len(accounts) == 1 else "the desk"
    for other in ctx.desk.accounts:
        if other not in accounts and spelt(bare, ctx.desk.instruments(other)):
            return f"{cut(text)} is not traded on {where}.", f"It is on {other}: add account={other}."
    known = [symbol for account in accounts for symbol in ctx.desk.instruments(account)]
    stem, dot, suffix = bare.rpartition(".")
    if dot and suffix.upper() in ("P", "PERP"):
        spot = [symbol for symbol in known if _collapse(symbol) == _collapse(stem)]
        remedy = f"Write {spot[0]} for spot." if spot else "Write a symbol such as BTC/USDT."
        return f"{cut(text)} is a perpetual future, which {where} does not trade.", remedy
    near = _alike(bare, {s: i for account in accounts for s, i in ctx.desk.instruments(account).items()})
    remedy = f"Did you mean {' or '.join(near)}?" if near else "See /instruments."
    return f"{cut(text)} is not a symbol of {where}.", remedy


def _alike(text: str, instruments: Mapping[Symbol, Instrument]) -> list[Symbol]:
    """The symbols most like `text`; what both are quoted in does not count: XRP/USDT is not nearly EUR/USDT."""
    word = _collapse(text)
    quotes = {_collapse(instrument.quote) for instrument in instruments.values()}
    quote = max((quote for quote in quotes if quote and word.endswith(quote)), key=len, default="")
    if not quote and (begun := [s for s, i in instruments.items() if word.startswith(_collapse(i.base))]):
        return begun[:3]
    names = {
        _collapse(instrument.base if quote else symbol): symbol
        for symbol, instrument in instruments.items()
        if _collapse(instrument.quote) == quote or not quote
    }
    return [names[name] for name in nearest(word.removesuffix(quote), names)]
