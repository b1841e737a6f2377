"""What the read commands and routes ask: plain dicts of column and value, newest first.

Amounts are Decimal, times UTC; `fees` are a list of Money. `limit` counts rows.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from tortoise.expressions import Q

from trading.errors import IntentError
from trading.instruments import Money
from trading.journal.models import CursorRow, EquityRow, EventRow, FillRow, OrderRow, SignalRow, TokenRow
from trading.journal.orm import Orm
from trading.journal.thinning import Account, thinned
from trading.journal.values import utc

Columns = dict[str, Any]

_fees = msgspec.json.Decoder(list[Money])
_SHOWN = 5  # order ids named when a prefix is not enough


class Queries:
    """Reads of one journal's projections. Each raises JournalError when the database cannot be read."""

    def __init__(self, orm: Orm) -> None:
        self._orm = orm

    async def orders(
        self,
        *,
        statuses: Collection[str] = (),
        symbol: str = "",
        account: str = "",
        limit: int = 100,
        before: str = "",
    ) -> list[Columns]:
        """Orders in any of `statuses`, or all; `before` is the id of the last one seen, to page on.

        Raises:
            IntentError: `before` is not an order.
        """
        wanted = Q(**_given(symbol=symbol, account=account, status__in=[str(status) for status in statuses]))
        if before:
            last = await self.order(before)
            at, last_id = last["created_at"], last["id"]
            wanted &= Q(created_at__lt=at) | Q(created_at=at, id__lt=last_id)
        with self._orm.active():
            found = await OrderRow.filter(wanted).order_by("-created_at", "-id").limit(limit).values()
        return [_with_fees(columns) for columns in found]

    async def order(self, order_id: str) -> Columns:
        """The order with this id, or the only one whose id begins so.

        Raises:
            IntentError: there is none, or more than one.
        """
        with self._orm.active():
            found = await OrderRow.filter(id=order_id).values()
            if not found and order_id:
                begins = OrderRow.filter(id__startswith=order_id).order_by("-created_at")
                found = await begins.limit(_SHOWN + 1).values()
        if len(found) == 1:
            return _with_fees(found[0])
        shown = order_id[:24]
        if not found:
            raise IntentError(f"There is no order {shown!r}.", "/orders lists them.", code="NO_SUCH_ORDER")
        ids = ", ".join(columns["id"] for columns in found[:_SHOWN])
        more = " and more" if len(found) > _SHOWN else ""
        raise IntentError(
            f"Several orders begin with {shown!r}: {ids}{more}.", "Write more of the id.", code="AMBIGUOUS"
        )

    async def fills(
        self,
        *,
        account: str = "",
        mode: str = "",
        order_id: str = "",
        since: datetime | None = None,
        limit: int = 100,
    ) -> list[Columns]:
        """Trades, by when the venue made them; `since` is inclusive."""
        wanted = _given(account=account, mode=str(mode), order_id=order_id, traded_at__gte=_moment(since))
        with self._orm.active():
            return await FillRow.filter(**wanted).order_by("-traded_at", "-seq").limit(limit).values()

    async def equity(
        self, *, account: str = "", mode: str = "", since: datetime | None = None, limit: int = 0
    ) -> list[Columns]:
        """Every equity sample, oldest first; the last `limit` of them if not 0."""
        wanted = _given(account=account, mode=str(mode), at__gte=_moment(since))
        with self._orm.active():
            newest = EquityRow.filter(**wanted).order_by("-at", "-id")
            found = await (newest.limit(limit) if limit else newest).values()
        return found[::-1]

    async def curve(
        self, accounts: Sequence[Account], *, since: datetime | None = None, cuts: Collection[datetime] = ()
    ) -> list[Columns]:
        """About a thousand samples of the equity of these accounts, oldest first: `account`, `mode`, `at`, `equity`.

        Their deepest falls are those of all samples, in money and in percent, for each account that is asked for by
        itself, and for several in their sum. At the `cuts`, which are the moments of payments, the samples before and
        after are there; each adds up to four.
        """
        asked = [(name, str(mode)) for name, mode in accounts]
        with self._orm.active():
            found = await thinned(self._orm, asked, _moment(since), cuts)
        return [sample._asdict() for sample in found]

    async def signals(self, *, strategy: str = "", limit: int = 100) -> list[Columns]:
        """What strategies wanted, and what became of it."""
        with self._orm.active():
            return await SignalRow.filter(**_given(strategy=strategy)).order_by("-at", "-id").limit(limit).values()

    async def events(self, after: int = 0, *, limit: int = 100, order_id: str = "", kind: str = "") -> list[Columns]:
        """The journal from `after` (exclusive), oldest first; `payload` is the event as parsed JSON."""
        wanted = _given(order_id=order_id, type=kind)
        with self._orm.active():
            found = await EventRow.filter(seq__gt=after, **wanted).order_by("seq").limit(limit).values()
        return [_read(columns) for columns in found]

    async def cursors(self) -> dict[str, int]:
        """Up to which entry each destination has been told."""
        with self._orm.active():
            return {row["destination"]: row["seq"] for row in await CursorRow.all().values()}

    async def latest(self, kind: str, *, limit: int = 100) -> list[Columns]:
        """The last events of one type, newest first."""
        with self._orm.active():
            found = await EventRow.filter(type=kind).order_by("-seq").limit(limit).values()
        return [_read(columns) for columns in found]


class Tokens:
    """API tokens, known by their hash. Each method raises JournalError when the database cannot be used."""

    def __init__(self, orm: Orm) -> None:
        self._orm = orm

    async def add(self, name: str, role: str, hash: str, at: datetime) -> int:
        """Keep a token; answers its number."""
        with self._orm.active():
            return int((await TokenRow.create(name=name, role=role, hash=hash, created_at=utc(at))).id)

    async def find(self, hash: str) -> Columns | None:
        """The token with this hash, unless it was revoked."""
        with self._orm.active():
            found = await TokenRow.filter(hash=hash, revoked_at__isnull=True).values()
        return found[0] if found else None

    async def list(self) -> list[Columns]:
        """All that were ever made, oldest first, without their hashes."""
        with self._orm.active():
            return await TokenRow.all().order_by("id").values("id", "name", "role", "created_at", "revoked_at")

    async def revoke(self, number: int, at: datetime) -> bool:
        """Refuse it from now on; whether there was one to revoke."""
        with self._orm.active():
            return bool(await TokenRow.filter(id=number, revoked_at__isnull=True).update(revoked_at=utc(at)))


def _read(columns: Columns) -> Columns:
    return {**columns, "payload": msgspec.json.decode(columns["payload"])}


def _given(**filters: Any) -> dict[str, Any]:
    """The filters that were given a value."""
    return {name: value for name, value in filters.items() if value}


def _moment(since: datetime | None) -> datetime | None:
    """In UTC, which is also what a time without a zone is taken for: these come from people."""
    return since and utc(since if since.tzinfo else since.replace(tzinfo=UTC))


def _with_fees(columns: Columns) -> Columns:
    return {**columns, "fees": _fees.decode(columns["fees"])}
