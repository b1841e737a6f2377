"""Digests at their hour: once for each date, whenever the desk was down, however the clocks are put."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.digests import Digests, due
from tests.bot.alerts.kept_desk import HERE, THERE, kept_desk
from tests.kit import HandClock
from trading import events as e
from trading.audience import Digest
from trading.instruments import Side

VIENNA = ZoneInfo("Europe/Vienna")
SOMETIME = date(2026, 1, 1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(
    st.times().map(lambda at: f"{at:%H:%M}"),
    st.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]).map(ZoneInfo),
    st.dates(SOMETIME, SOMETIME + timedelta(days=700)),
    st.lists(st.integers(1, 40 * 3600), min_size=1, max_size=30),
)
def test_every_date_is_told_once_and_only_if_somebody_was_there_in_time(
    at: str, zone: ZoneInfo, first: date, pauses: list[int]
) -> None:
    now = set_at = datetime.combine(first, time(), UTC)
    digest, told = Digest(HERE, at), dict[str, datetime]()
    looked = []
    for pause in pauses:  # the desk looks only now and then
        now += timedelta(seconds=pause)
        looked.append(now)
        planned = due(msgspec.structs.replace(digest, since=set_at), now, zone)
        if planned is not None:
            day = planned.astimezone(zone).date().isoformat()
            assert day not in told
            assert set_at < planned <= now <= planned + timedelta(hours=12)
            told[day] = now
            digest = Digest(HERE, at, told=day)
    # Each planned moment that somebody looked at within twelve hours was told.
    for back in range(-1, (now - set_at).days + 2):
        planned = datetime.combine(first + timedelta(days=back), time.fromisoformat(at), zone).astimezone(UTC)
        after = datetime.combine(first + timedelta(days=back + 1), time.fromisoformat(at), zone).astimezone(UTC)
        seen = any(planned <= look < after and look - planned <= timedelta(hours=12) for look in looked)
        assert (planned.astimezone(zone).date().isoformat() in told) == (seen and planned > set_at)


@pytest.mark.parametrize(
    ("now", "told", "set_at", "planned"),
    [
        ("2026-01-05T20:00", "2026-01-04", None, "2026-01-05T20:00"),  # 21:00 in Vienna
        ("2026-01-05T19:59:59", "2026-01-04", None, None),
        ("2026-01-06T08:00", "2026-01-04", None, "2026-01-05T20:00"),  # 12 hours late
        ("2026-01-06T08:00:01", "2026-01-04", None, None),
        ("2026-01-05T20:00", "2026-01-05", None, None),
        ("2026-01-05T21:00", "", "2026-01-05T20:30", None),  # set after its hour: tomorrow
        ("2026-01-05T21:00", "", "2026-01-05T19:30", "2026-01-05T20:00"),
        ("2026-07-05T19:00", "", None, "2026-07-05T19:00"),  # summer time
    ],
)
def test_when_a_digest_is_due(now: str, told: str, set_at: str | None, planned: str | None) -> None:
    found = due(Digest(HERE, "21:00", utc(set_at) if set_at else None, told), utc(now), VIENNA)
    assert found == (utc(planned) if planned else None)


def test_a_digest_that_was_switched_off_is_never_due() -> None:
    assert due(Digest(HERE, "", told="2026-01-01"), utc("2026-01-05T20:00"), VIENNA) is None


async def test_each_destination_is_told_its_own_also_after_a_night_without_the_desk(tmp_path: Path) -> None:
    clock = HandClock()  # noon
    async with kept_desk(tmp_path, clock) as desk:
        await desk.found()
        desk.markets["demo"].show("BTC/USDT", "60000", "60001")
        await desk.book.record(e.DigestSet(HERE, "21:00", "person:ana"), e.DigestSet("telegram:0", "21:00", "x"))
        digests = Digests(desk)  # type: ignore[arg-type]
        await digests.tell_due()
        assert desk.recorded(e.DigestTold) == []
        clock.move(9 * 3600 - 60)
        await desk.fill(Side.BUY, "0.01", "BTC/USDT", "60000")  # a minute before it is time
        clock.move(60)
        await digests.tell_due()
        await digests.tell_due()
        (told,) = desk.recorded(e.DigestTold)  # no chat of these settings is telegram:0
        assert (told.destination, told.day) == (HERE, "2026-01-05")
        assert told.text.split("\n")[0] == "Day to 2026-01-05 21:00"
        assert "1 trade, volume 600.00" in told.text
        await desk.book.record(e.DigestSet(THERE, "22:00", "person:ana"))
        clock.move(1800)
        await desk.fill(Side.SELL, "0.01", "BTC/USDT", "61000")
    clock.move(8 * 3600)  # 05:30 of the next day
    async with kept_desk(tmp_path, clock) as desk:
        digests = Digests(desk)  # type: ignore[arg-type]
        await digests.tell_due()
        (late,) = desk.recorded(e.DigestTold)
        assert (late.destination, late.day) == (THERE, "2026-01-05")
        assert late.text.split("\n")[0] == "Day to 2026-01-05 22:00, told late"
        assert "2 trades" in late.text
    clock.move(15.5 * 3600)  # 21:00: each trade is in one digest of a place
    async with kept_desk(tmp_path, clock) as desk:
        await Digests(desk).tell_due()  # type: ignore[arg-type]
        (next_day,) = desk.recorded(e.DigestTold)
        assert next_day.day == "2026-01-06"
        assert "1 trade, volume 610.00" in next_day.text
