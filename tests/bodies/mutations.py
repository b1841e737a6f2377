"""Bodies as people send them, broken in many ways."""

import json
import random

SIDES = ("buy", "sell", "long", "short")
NAMES = ("action", "side", "order_action", "signal", "direction")
SYMBOLS = ("ETH/USDT", "ETHUSDT", "ETH-USDT", "BINANCE:ETHUSDT", "SOL/USDT", "SOLUSDT", "BTCUSDT.P", "NOPE")
SIZES = ("0.01", "0.02", "$20", "$30", "1%", "0.0123", "risk=1%", "1e-2", "-1", "0", "")
JUNK = (
    "NaN", "null", "Infinity", "{{ticker}}", "{{close}}", "\x00", "\ufeff", "\u202e", "é", "٣", '"', "\\",
    "\\u0062uy", "}", "{", "[", ",", ":", "=", ";", "\n", "true", "1e999", " " * 30, "[" * 50, '"action": "sell",',
)  # fmt: skip
SPLICES = (b"\xff", b"\xc3", b"\x00", b"\r\n", b"{}", b"[]", b'"', b"buy", b"sell", b"0", b"9" * 20)


def body(chance: random.Random, secret: str = "") -> bytes:
    """One alert: whole, or mutated up to five times, or nothing but noise."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(200))
    found = _whole(chance, secret)
    for _ in range(chance.choice((0, 0, 0, 0, 1, 1, 2, 3, 5))):
        found = _mutated(chance, found)
    return found


def _whole(chance: random.Random, secret: str) -> bytes:
    side, symbol, size = chance.choice(SIDES), chance.choice(SYMBOLS), chance.choice(SIZES)
    fields: dict[str, object] = {chance.choice(NAMES): side, "symbol": symbol, "size": size}
    fields |= {"secret": secret} if secret else {}
    fields |= {name: value for name, value in _extras(chance).items() if chance.random() < 0.15}
    match chance.randrange(6):
        case 0:
            words = f"{side} {symbol} {size}" + (f" secret={secret}" if secret else "")
            return words.encode()
        case 1:
            return ";".join(f"{name}={value}" for name, value in fields.items()).encode()
        case 2:
            return json.dumps([fields, fields] if chance.random() < 0.5 else {"orders": [fields]}).encode()
        case 3:
            items = list(fields.items())
            chance.shuffle(items)
            return json.dumps(dict(items), indent=1).encode()
        case _:
            return json.dumps(fields).encode()


def _extras(chance: random.Random) -> dict[str, object]:
    return {
        "sl": chance.choice(("900", "99999", 900, None)), "tp": "9000", "limit": chance.choice(("2900", "9999")),
        "market_position": chance.choice(("long", "short", "flat")), "market_position_size": "0.01",
        "order_type": chance.choice(("market", "limit", "stop")), "reduce_only": chance.choice((True, "no", 1)),
        "id": str(chance.randrange(10**9)), "time": chance.choice(("2026-01-05T12:00:00Z", "1767614400", "now")),
        "comment": chance.choice(JUNK), "qty": "0.02", "close_position": chance.choice((True, False)),
        "data": {"a": [1, {"b": 2}]}, "price": 3000.5, "account": chance.choice(("demo", "main")),
    }  # fmt: skip


def _mutated(chance: random.Random, text: bytes) -> bytes:
    at, to = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    match chance.randrange(8):
        case 0 if text:
            place = min(at, len(text) - 1)
            return text[:place] + bytes([text[place] ^ (1 << chance.randrange(8))]) + text[place + 1 :]
        case 1:
            return text[:at] + text[min(to, at + 8) :]
        case 2:
            return text[:to] + text[at:to] + text[to:]
        case 3:
            return text[:at] + chance.choice(JUNK).encode() + text[at:]
        case 4:
            return text[:at] + chance.choice(SPLICES) + text[at:]
        case 5:
            return text[:to]
        case 6:
            return text.swapcase() if chance.random() < 0.5 else text.replace(b":", b" : ")
        case _:
            return text.replace(chance.choice((b'"', b"0", b"e", b"=", b"/")), chance.choice(SPLICES), 1)
