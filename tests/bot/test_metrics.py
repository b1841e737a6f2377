"""What Prometheus is told, read back with the library's own parser."""

from decimal import Decimal

from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Metrics
from trading.events import TradingState


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return samples(metrics).get((name, frozenset(labels.items())))


def test_what_happens_is_counted() -> None:
    metrics = Metrics("1.2.3")
    metrics.order("demo", "FILLED")
    metrics.order("demo", "FILLED")
    metrics.order("demo", "DENIED")
    metrics.fill("demo")
    metrics.denial("PRICE_BAND")
    metrics.command("web", True, 0.02)
    metrics.command("web", False, 0.3)
    metrics.appended(0.0002)

    assert value(metrics, "tiller_orders_total", account="demo", status="FILLED") == 2
    assert value(metrics, "tiller_orders_total", account="demo", status="DENIED") == 1
    assert value(metrics, "tiller_fills_total", account="demo") == 1
    assert value(metrics, "tiller_denials_total", code="PRICE_BAND") == 1
    assert value(metrics, "tiller_commands_total", surface="web", ok="true") == 1
    assert value(metrics, "tiller_commands_total", surface="web", ok="false") == 1
    assert value(metrics, "tiller_command_seconds_count") == 2
    assert value(metrics, "tiller_command_seconds_bucket", le="0.025") == 1
    assert value(metrics, "tiller_journal_append_seconds_bucket", le="0.0001") == 0
    assert value(metrics, "tiller_journal_append_seconds_bucket", le="0.00025") == 1


def test_how_things_stand_is_shown() -> None:
    metrics = Metrics("1.2.3")

    assert value(metrics, "tiller_up") == 0
    metrics.ready(True)
    metrics.equity("demo", "paper", Decimal("10000.25"))
    metrics.trading_state(TradingState.HALTED)
    metrics.notifier_lag("telegram:-1001", 4)
    metrics.follow(lambda: 7, lambda: 3)
    metrics.weigh(lambda: {"https://api.binance.com": {"1m": (1200, 6000)}})

    assert value(metrics, "tiller_up") == 1
    assert value(metrics, "tiller_build_info", version="1.2.3") == 1
    assert value(metrics, "tiller_equity", account="demo", mode="paper") == 10000.25
    assert value(metrics, "tiller_open_orders") == 3
    assert value(metrics, "tiller_journal_seq") == 7
    binance = {"address": "https://api.binance.com", "interval": "1m"}
    assert value(metrics, "tiller_request_weight", **binance) == 1200
    assert value(metrics, "tiller_request_weight_limit", **binance) == 6000
    assert value(metrics, "tiller_trading_state", tiller_trading_state="HALTED") == 1
    assert value(metrics, "tiller_trading_state", tiller_trading_state="ACTIVE") == 0
    assert value(metrics, "tiller_notifier_lag", destination="telegram:-1001") == 4


def test_two_desks_in_one_process_do_not_share_numbers() -> None:
    first, second = Metrics("1"), Metrics("1")
    first.fill("demo")

    assert value(first, "tiller_fills_total", account="demo") == 1
    assert value(second, "tiller_fills_total", account="demo") is None


def test_counters_have_one_series_each() -> None:
    metrics = Metrics("1")
    metrics.fill("demo")

    assert not [name for name, _ in samples(metrics) if name.endswith("_created")]
