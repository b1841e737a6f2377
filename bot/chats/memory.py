"""What a chat still knows after a restart: which message is whose card, which commands Discord has registered.

One small file, written whole. Losing it costs a registration, and fills that stand beside their
order's card instead of below it: nothing of the desk's own is in it.
"""

import os
from pathlib import Path

import msgspec
import structlog

from bot.chats.base import MessageRef, Place

MOST_CARDS = 1000
MOST_ASKED = 100

log = structlog.get_logger("tiller.chats")


class _Kept(msgspec.Struct):
    commands: dict[str, str] = {}
    orders: dict[str, int] = {}
    asked: dict[str, list[MessageRef]] = {}


class Memory:
    """Reads its file once and writes it at every change; a file that cannot be read counts as empty."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept = _read(file)

    # --- commands ----------------------------------------------------------------------------

    def registered(self, scope: str) -> str:
        """The fingerprint of the commands that were registered for a scope; empty if none were."""
        return self._kept.commands.get(scope, "")

    def register(self, scope: str, fingerprint: str) -> None:
        """Note what is registered for a scope now."""
        self._kept.commands[scope] = fingerprint
        self._write()

    # --- cards -------------------------------------------------------------------------------

    def card(self, order_id: str, place: Place) -> MessageRef | None:
        """The message below which news of an order are said in a place."""
        number = self._kept.orders.get(f"{order_id} {place}")
        return None if number is None else MessageRef(place, number)

    def keep_card(self, order_id: str, ref: MessageRef) -> None:
        """This message is the order's card in its place; the oldest cards are forgotten."""
        orders = self._kept.orders
        key = f"{order_id} {ref.place}"
        if orders.pop(key, None) is None and len(orders) >= MOST_CARDS:
            del orders[next(iter(orders))]
        orders[key] = ref.message
        self._write()

    def asked(self) -> dict[str, list[MessageRef]]:
        """The messages with buttons of confirmations that have not been closed, by token."""
        return {token: list(refs) for token, refs in self._kept.asked.items()}

    def ask(self, token: str, ref: MessageRef) -> None:
        """This message has the buttons of a confirmation."""
        asked = self._kept.asked
        if token not in asked and len(asked) >= MOST_ASKED:
            del asked[next(iter(asked))]
        asked.setdefault(token, []).append(ref)
        self._write()

    def closed(self, token: str) -> None:
        """A confirmation's messages need no more care."""
        if self._kept.asked.pop(token, None) is not None:
            self._write()

    def _write(self) -> None:
        """A file that is full or read-only costs what is told at the top, and nothing else."""
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(self._kept))
            os.replace(fresh, self._file)
        except OSError as why:
            log.warning("the chat's memory was not written", file=self._file.name, why=why.strerror)


def _read(file: Path) -> _Kept:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return _Kept()
