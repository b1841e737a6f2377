"""The hash chain: each entry seals itself and, through the hash before it, every earlier one."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from trading.errors import JournalError
from trading.events import AnyEvent, Recorded, account_of, decode, encode, order_of

REMEDY = "Restore the last backup (tiller db restore) and reconcile."


class Tail(NamedTuple):
    """Where a journal ends; the first entry follows `Tail()`."""

    seq: int = 0
    hash: str = ""

    def next(self, at: str, kind: str, payload: str) -> "Tail":
        """The end once this entry is written: SHA-256 over the hash before and all that the entry says."""
        seq = self.seq + 1
        sealed = f"{self.hash}\n{seq}\n{at}\n{kind}\n{payload}"
        return Tail(seq, hashlib.sha256(sealed.encode()).hexdigest())


class Entry(NamedTuple):
    """One row of the journal; `at` is in UTC."""

    seq: int
    at: datetime
    type: str
    account: str
    order_id: str
    payload: str
    hash: str

    def recorded(self) -> Recorded:
        """The event it holds.

        Raises:
            JournalError: the payload is not an event that this version knows.
        """
        try:
            return Recorded(self.seq, self.at, decode(self.payload), self.hash)
        except (msgspec.DecodeError, UnicodeEncodeError) as why:
            raise JournalError(
                f"Journal entry {self.seq} ({self.type}) cannot be read: {why}.",
                f"It is damaged, or from a newer Tiller: update, or else: {REMEDY}",
                code="JOURNAL_UNREADABLE",
            ) from None


def link(end: Tail, events: Sequence[AnyEvent], at: datetime) -> tuple[list[Entry], Tail]:
    """The entries that record `events` after `end`, and the new end.

    Raises:
        JournalError: an event has text that is not Unicode.
    """
    entries = []
    moment = at.isoformat()
    for event in events:
        kind = type(event).__name__
        try:
            payload = encode(event).decode()
        except UnicodeEncodeError:
            raise JournalError(f"{kind} has text that is not Unicode; it was not recorded.", code="BAD_TEXT") from None
        end = end.next(moment, kind, payload)
        entries.append(Entry(end.seq, at, kind, account_of(event), order_of(event), payload, end.hash))
    return entries, end


def check(tail: Tail, entry: Entry) -> Tail:
    """The new end, if `entry` is what follows `tail`.

    Raises:
        JournalError: naming the first entry that is missing, altered, or not an event.
    """
    if entry.seq != tail.seq + 1:
        raise broken(tail.seq + 1, "is missing")
    end = tail.next(entry.at.isoformat(), entry.type, entry.payload)
    if end.hash != entry.hash:
        raise broken(entry.seq, "was altered or moved")
    event: Any = entry.recorded().event
    if (entry.type, entry.account, entry.order_id) != (type(event).__name__, account_of(event), order_of(event)):
        raise broken(entry.seq, "was altered (its index columns)")
    return end


def broken(seq: int, what: str) -> JournalError:
    """The first entry that is wrong, and in what way."""
    return JournalError(f"Journal entry {seq} {what}.", REMEDY, code="JOURNAL_BROKEN")
