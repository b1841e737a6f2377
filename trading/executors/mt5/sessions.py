"""When a market that is closed opens again, as of its own past."""

from datetime import datetime, timedelta

from trading.errors import VenueRefused
from trading.mt5.brokertime import FURTHEST, UNIX
from trading.mt5.figures import is_silent
from trading.mt5.hours import Hours
from trading.mt5.link import Link
from trading.mt5.listing import SymbolRules

UNKNOWN = "When it opens is not known: its past weeks do not tell."


def check_open(rules: SymbolRules, link: Link) -> None:
    """Nothing, unless no price has come for a while and none ever comes at this time of the week.

    Raises:
        VenueRefused: MARKET_CLOSED, with the next opening.
    """
    hours, tick, now = link.figures.hours.get(rules.name), link.ticks.get(rules.name), link.clock.now()
    if hours is None or tick is None or not link.time.is_measured or not is_silent(tick, link.time, now):
        return
    if hours.is_pause(link.time.broker_s(now)):
        text = f"The market of {rules.symbol} is closed. {opening(rules.name, link)}"
        raise VenueRefused(text, "Ask again then.", code="MARKET_CLOSED")


def since(name: str, link: Link) -> str:
    """Since when a market is closed that has had a price, and when it opens, in two sentences."""
    at = _clock(link.ticks[name].time_msc // 1000, link, "%A %H:%M")
    return f"The last price came on {at}. {opening(name, link)}"


def opening(name: str, link: Link) -> str:
    """When a market that is closed opens, in a sentence."""
    hours, tick = link.figures.hours.get(name), link.ticks.get(name)
    if hours is None or tick is None:
        return UNKNOWN
    if link.time.is_measured:
        at = hours.opening_after(link.time.broker_s(link.clock.now()))
        if at is None:
            return "When it opens is not known: at this time of the week it was open before. Is it a holiday?"
    else:
        at = _unmeasured(hours, tick.time_msc // 1000, link.clock.now())
    return UNKNOWN if at is None else f"Its next opening is {_clock(at, link, '%a %H:%M')}, as of its past weeks."


def _unmeasured(hours: Hours, last_s: int, now: datetime) -> int | None:
    """The end of the pause that the last price was followed by, where now may be in it.

    As at a start on a weekend, when nobody knows how far the broker's time is from UTC.
    """
    pause = hours.pause_after(last_s)
    end = None if pause is None else hours.opening_after(pause)
    if pause is None or end is None:
        return None
    begins, ends = (UNIX + timedelta(seconds=each) for each in (pause, end))
    return end if begins - FURTHEST <= now <= ends + FURTHEST else None


def _clock(at_s: int, link: Link, form: str) -> str:
    """A time of the broker's in UTC; as it stands while nobody knows how far it is from that."""
    if link.time.is_measured:
        return f"{link.time.utc(at_s * 1000):{form}} UTC"
    return f"{UNIX + timedelta(seconds=at_s):{form}} by the broker's clock"
