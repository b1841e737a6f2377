"""A file of candles is played as quotes, every price of it, and nothing before its time."""

import asyncio
import importlib.util
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import BTC, START, HandClock
from tests.loop import LoopClock, run_virtually
from tests.trading.market.builder import CandleBuilder
from trading.errors import ConfigError, IntentError
from trading.instruments import Symbol, plain
from trading.market.replay import ReplayMarket, read_bars
from trading.quotes import Candle, Quote

FIRST = datetime(2024, 3, 1, tzinfo=UTC)
HEADER = "date,open,high,low,close,volume"
RISING = "2024-03-01T00:00:00Z,100,110,95,105,4"
FALLING = "2024-03-01T00:01:00Z,105,112,90,91,8"
THIRD = "2024-03-01T00:02:00Z,91,91,91,91,0"


def write(folder: Path, *rows: str, header: str = HEADER, name: str = "candles.csv") -> Path:
    path = folder / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


async def play(path: Path, clock: HandClock, speed: str = "1") -> tuple[ReplayMarket, list[Quote]]:
    """A started market whose background task is ended, to be driven by hand."""
    market = ReplayMarket(path, clock, BTC, Decimal(speed))
    seen: list[Quote] = []
    market.subscribe(seen.append)
    await market.start()
    await market.stop()
    return market, seen


def lasts(quotes: Sequence[Quote]) -> list[str]:
    return [plain(quote.last) for quote in quotes]


def starts(candles: Sequence[Candle]) -> list[str]:
    return [f"{candle.start:%m-%d %H:%M}" for candle in candles]


# --- playing ----------------------------------------------------------------------------------


async def test_a_bar_is_shown_over_its_time_with_the_extreme_against_it_first(tmp_path: Path) -> None:
    clock = HandClock()
    market, seen = await play(write(tmp_path, RISING, FALLING), clock)
    assert market.now() == FIRST
    assert lasts(seen) == ["100"]
    for _ in range(7):
        clock.move(15)
        market.tick()
    assert lasts(seen) == ["100", "95", "110", "105", "105", "112", "90", "91"]
    assert [quote.at - START for quote in seen] == [timedelta(seconds=15 * n) for n in range(8)]
    assert [plain(quote.traded) for quote in seen] == ["1"] * 4 + ["2"] * 4
    assert market.quote(BTC.symbol) == seen[-1]
    assert (seen[0].bid, seen[0].ask) == (Decimal("99.99"), Decimal("100.01"))
    assert seen[0].bids[0].quantity == 1


async def test_a_price_is_repeated_while_it_stands_and_the_end_of_the_file_is_silent(tmp_path: Path) -> None:
    clock = HandClock()
    market, seen = await play(write(tmp_path, RISING, FALLING), clock)
    clock.move(1)
    market.tick()
    assert lasts(seen) == ["100", "100"]
    assert seen[1].at == START + timedelta(seconds=1)
    assert seen[1].traded == 0
    clock.at = START + timedelta(seconds=119)
    market.tick()
    assert lasts(seen[2:]) == ["95", "110", "105", "105", "112", "90", "91"]
    assert not market.finished
    clock.move(1)
    market.tick()
    clock.move(100)
    market.tick()
    assert len(seen) == 9
    assert market.finished
    await market.start()
    await market.stop()
    assert not market.finished
    assert lasts(seen[9:]) == ["100"]


async def test_a_hole_in_the_file_is_silent_and_a_hole_among_the_candles(tmp_path: Path) -> None:
    clock = HandClock()
    late = RISING.replace("00:00:00Z", "00:10:00Z")
    market, seen = await play(write(tmp_path, RISING, FALLING, late), clock)
    clock.at = START + timedelta(seconds=119)
    market.tick()
    assert len(seen) == 8
    for _ in range(8):
        clock.move(60)
        market.tick()
    assert len(seen) == 8  # the price of 00:01:59 gets stale
    clock.move(1)
    market.tick()
    assert lasts(seen[8:]) == ["100"]
    clock.move(60)
    assert starts(await market.candles(BTC.symbol, "1m", 9)) == ["03-01 00:00", "03-01 00:01", "03-01 00:10"]
    assert starts(await market.candles(BTC.symbol, "5m", 9)) == ["03-01 00:00"]


def test_speed_plays_the_whole_file_in_less_time_and_it_never_looks_stale(tmp_path: Path) -> None:
    async def watch(clock: LoopClock) -> list[Quote]:
        market = ReplayMarket(write(tmp_path, RISING, FALLING, THIRD), clock, BTC, Decimal(6))
        assert market.speed == 6
        seen: list[Quote] = []
        market.subscribe(seen.append)
        await market.start()
        await asyncio.sleep(29.9)
        assert not market.finished
        await asyncio.sleep(0.2)
        assert market.finished
        await asyncio.sleep(60)
        await market.stop()
        return seen

    seen = run_virtually(watch)
    assert lasts([q for q in seen if q.traded]) == ["100", "95", "110", "105", "105", "112", "90", "91"]
    assert all(b.at - a.at <= timedelta(seconds=1.1) for a, b in pairwise(seen))
    assert seen[-1].at - START < timedelta(seconds=30)


CENTS = st.integers(1000, 99999).map(lambda cents: Decimal(cents) / 100)
BARS = st.lists(
    st.tuples(CENTS, CENTS, CENTS, CENTS, st.integers(0, 1000).map(lambda steps: steps * BTC.step)),
    min_size=2,
    max_size=20,
)


@settings(max_examples=40)
@given(bars=BARS, timeframe=st.sampled_from(["1m", "2m", "5m"]))
def test_candles_are_the_quotes_that_were_shown(
    bars: list[tuple[Decimal, ...]], timeframe: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = []
    for minute, (*prices, volume) in enumerate(bars):
        first, *_, last = prices
        rows.append(f"{1709251200 + 60 * minute},{first},{max(prices)},{min(prices)},{last},{volume}")
    path = write(tmp_path_factory.mktemp("replay"), *rows, header=HEADER.replace("date", "timestamp"))

    async def compare() -> None:
        clock = HandClock()
        market = ReplayMarket(path, clock, BTC)
        builder, closed = CandleBuilder(BTC.symbol, timeframe), list[Candle]()
        market.subscribe(lambda quote: closed.extend(builder.add(market.now(), quote.last, quote.traded)))
        await market.start()
        await market.stop()
        for _ in range(4 * len(bars)):
            clock.move(15)
            market.tick()
            closed += builder.close(market.now())
            assert await market.candles(BTC.symbol, timeframe, 99) == closed
        assert market.finished

    asyncio.run(compare())


# --- candles ----------------------------------------------------------------------------------


async def test_only_closed_bars_are_given_and_the_last_ones_of_them(tmp_path: Path) -> None:
    clock = HandClock()
    market, _ = await play(write(tmp_path, RISING, FALLING, THIRD), clock)
    assert await market.candles(BTC.symbol, "1m", 5) == []
    clock.move(60)
    (first,) = await market.candles(BTC.symbol, "1m", 5)
    prices = (Decimal(100), Decimal(110), Decimal(95), Decimal(105))
    assert first == Candle(BTC.symbol, "1m", FIRST, *prices, volume=Decimal(4))
    clock.move(120)
    assert starts(await market.candles(BTC.symbol, "1m", 2)) == ["03-01 00:01", "03-01 00:02"]
    assert await market.candles(BTC.symbol, "1m", 0) == []


async def test_bars_that_begin_off_the_hour_do_not_close_early(tmp_path: Path) -> None:
    rows = [f"2024-03-01T{hour:02}:30,100,101,99,100,1" for hour in range(6)]
    clock = HandClock()
    market, _ = await play(write(tmp_path, *rows), clock)
    clock.move(3600 * 3.75)  # 04:15
    assert starts(await market.candles(BTC.symbol, "1h", 9)) == ["03-01 00:30", "03-01 01:30", "03-01 02:30"]


async def test_a_bar_that_lies_across_the_grid_is_closed_at_its_own_end(tmp_path: Path) -> None:
    rows = [f"2024-03-01T{time}:00Z,100,101,99,100,1" for time in ("00:00", "00:01", "00:02", "00:03")]
    clock = HandClock()
    market, _ = await play(write(tmp_path, *rows, "2024-03-01T00:04:30Z,100,101,99,100,1"), clock)
    clock.move(60 * 5.25)
    assert starts(await market.candles(BTC.symbol, "1m", 1)) == ["03-01 00:03"]
    clock.move(15)
    assert starts(await market.candles(BTC.symbol, "1m", 1)) == ["03-01 00:04"]


async def test_other_symbols_and_timeframes_are_refused(tmp_path: Path) -> None:
    market, _ = await play(write(tmp_path, RISING, FALLING), HandClock())
    assert list(market.instruments.values()) == [BTC]
    with pytest.raises(IntentError, match=r"ETH/USDT is not replayed\. There is BTC/USDT"):
        await market.candles(Symbol("ETH/USDT"), "1m", 1)
    with pytest.raises(IntentError, match="1m candles, not 90s"):
        await market.candles(BTC.symbol, "90s", 1)


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "times"),
    [
        ("Date", ["2024-03-01 00:00", "2024-03-01 00:05"]),
        ("time", ["2024-03-01T02:00:00+02:00", "2024-03-01T00:05:00.000Z"]),
        ("timestamp", ["1709251200", "1709251500"]),
        ("timestamp", ["1709251200000", "1709251500000"]),
        ("timestamp", ["1709251200000000", "1709251500000000"]),
        ("timestamp", ["1709251200.0", "1709251500.0"]),
    ],
)
def test_times_are_read_in_the_shapes_they_come_in(tmp_path: Path, header: str, times: list[str]) -> None:
    rows = [f"{time},100,101,99,100,1" for time in times]
    bars = read_bars(write(tmp_path, *rows, header=HEADER.replace("date", header)), BTC)
    assert list(bars.starts) == [1709251200000, 1709251500000]
    assert bars.length == 300_000


def test_eight_digits_are_a_date(tmp_path: Path) -> None:
    rows = [f"2024030{day},100,101,99,100,1" for day in (1, 2)]
    assert read_bars(write(tmp_path, *rows), BTC).length == 86_400_000


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_may_come_in_any_order_and_with_others(tmp_path: Path, delimiter: str) -> None:
    text = ["\ufeffvolume,close,low,high,open,trades,Time", "1e-5,1.5E2,149.994,151.006,150,7,2024-03-01", ""]
    text.append("0,150,149,151,150,7,2024-03-02")
    path = tmp_path / "other.csv"
    path.write_text("\r\n".join(text).replace(",", delimiter), encoding="utf-8")
    bars = read_bars(path, BTC)
    assert [bars.prices[name][0] for name in ("open", "high", "low", "close")] == [15000, 15101, 14999, 15000]
    assert list(bars.volumes) == [1, 0]  # steps of 0.00001


BAD = [
    ("2024-03-01T00:01:00Z,105,112,90,abc,8", "close is not a number: 'abc'"),
    ("2024-03-01T00:01:00Z,105,112,90,NaN,8", "close is not a number: 'NaN'"),
    ("2024-03-01T00:01:00Z,105,112,90,91", "volume is not a number: ''"),
    ("2024-03-01T00:01:00Z,105,104,90,91,8", "low and high do not enclose open and close"),
    ("2024-03-01T00:01:00Z,105,112,0,91,8", "or a price is not above 0"),
    ("2024-03-01T00:01:00Z,105,112,90,91,-8", "its volume is below 0"),
    ("2024-03-01T00:01:00Z,105,112,0.01,91,8", "too small for ticks of 0.01"),
    ("2024-03-01T00:01:00Z,105,1e40,90,91,8", "a number is out of range"),
    ("yesterday,105,112,90,91,8", "'yesterday' is not a time"),
    ("2024-03-01T00:00:00Z,105,112,90,91,8", "its time is not after the row before"),
]


@pytest.mark.parametrize(("row", "why"), BAD)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, row: str, why: str) -> None:
    path = write(tmp_path, RISING, row, THIRD)
    with pytest.raises(ConfigError) as refused:
        read_bars(path, BTC)
    assert f"{path}, line 3: " in refused.value.text
    assert why in refused.value.text
    assert refused.value.remedy


def test_a_row_within_the_bar_before_is_named(tmp_path: Path) -> None:
    rows = [f"2024-03-01T00:0{minute}:00Z,100,101,99,100,1" for minute in (0, 1, 2)]
    path = write(tmp_path, *rows, "2024-03-01T00:02:30Z,100,101,99,100,1")
    with pytest.raises(ConfigError, match="line 5: it begins before the 1m candle above has ended"):
        read_bars(path, BTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: the header lacks date, time or timestamp, open, high, low, close, volume"),
        ("date,open,high,low,close\n", "line 1: the header lacks volume"),
        (f"{HEADER}\n{RISING}\n", "has fewer than two candles"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "candles.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=why):
        read_bars(path, BTC)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_bars(tmp_path / "absent.csv", BTC)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.csv, line 1: "):
        read_bars(tmp_path / "binary.csv", BTC)


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_its_reader_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"needs pyarrow.*pip install pyarrow"):
        read_bars(tmp_path / "candles.parquet", BTC)
