"""`python -m tests.bridge.sender URL TOKEN FINGERPRINT LOG NAME`: sends one trade request after the other until killed.

What it is about to send is in its log before it is sent, and what it was answered after.
"""

import itertools
import sys
from pathlib import Path
from typing import Any

from trading.mt5.bridge.line import Address
from trading.mt5.bridge.module import BridgeModule

REQUEST = {"action": 1, "symbol": "EURUSD", "volume": 0.01, "type": 0, "type_filling": 1}


def told(answer: Any, error: tuple[int, str]) -> str:
    """An answer in one word: the order's ticket, or what went wrong."""
    return f"error{error[0]}" if answer is None else str(answer.order or f"retcode{answer.retcode}")


def main(url: str, token: str, fingerprint: str, log: Path, name: str) -> None:
    mt5: Any = BridgeModule(Address(url, token, fingerprint), timeout_s=15)
    with log.open("a", buffering=1) as written:
        for number in itertools.count():
            if mt5.account_info() is None and not mt5.initialize():
                continue
            key = f"{name}-{number}"
            written.write(f"send {key}\n")
            answer = mt5.order_send({**REQUEST, "comment": key}, key=key)
            written.write(f"told {key} {told(answer, mt5.last_error())}\n")


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]), sys.argv[5])  # type: ignore[call-arg]
