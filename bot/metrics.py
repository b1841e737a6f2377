"""What Prometheus can ask for at `/metrics`. Numbers for graphs only: nothing is decided by them."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import Enum as States
from prometheus_client.core import GaugeMetricFamily

from trading.events import TradingState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
COMMAND_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
APPEND_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0)


Weights = Callable[[], Mapping[str, Mapping[str, tuple[int, int]]]]
"""By a venue's address and an interval, such as `1m`: the weight of the requests sent in it, and its limit."""


class Metrics:
    """The desk's numbers, in a registry of its own; all names start with `tiller_`."""

    def __init__(self, version: str) -> None:
        # The library's switch is one for the process: no second series for each counter.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("tiller_build", "Which version runs.", registry=registry).info({"version": version})
        self._up = Gauge("tiller_up", "1 while commands are accepted.", registry=registry)
        self._orders = Counter("tiller_orders", "Order states reached.", ["account", "status"], registry=registry)
        self._fills = Counter("tiller_fills", "Fills.", ["account"], registry=registry)
        self._denials = Counter("tiller_denials", "Orders the risk gate denied.", ["code"], registry=registry)
        self._commands = Counter("tiller_commands", "Commands answered.", ["surface", "ok"], registry=registry)
        self._command_seconds = Histogram(
            "tiller_command_seconds", "Time to an answer.", buckets=COMMAND_SECONDS, registry=registry
        )
        self._alerts = Counter(
            "tiller_alerts", "What became of alerts from outside.", ["source", "outcome"], registry=registry
        )
        self._webhook = Counter(
            "tiller_webhook_answers", "Answers to what came to the webhooks.", ["status"], registry=registry
        )
        self._append_seconds = Histogram(
            "tiller_journal_append_seconds", "Time of a durable append.", buckets=APPEND_SECONDS, registry=registry
        )
        self._journal_seq = Gauge("tiller_journal_seq", "Last entry of the journal.", registry=registry)
        self._equity = Gauge("tiller_equity", "Account equity.", ["account", "mode"], registry=registry)
        self._open_orders = Gauge("tiller_open_orders", "Orders the venues may still act on.", registry=registry)
        self._trading_state = States(
            "tiller_trading_state", "The latch of the desk.", states=list(TradingState), registry=registry
        )
        self._notifier_lag = Gauge(
            "tiller_notifier_lag", "Journal entries not yet told.", ["destination"], registry=registry
        )

    def ready(self, accepting: bool) -> None:
        """Whether commands are accepted."""
        self._up.set(accepting)

    def order(self, account: str, status: str) -> None:
        """An order of `account` reached `status`."""
        self._orders.labels(account, status).inc()

    def fill(self, account: str) -> None:
        self._fills.labels(account).inc()

    def denial(self, code: str) -> None:
        """The risk gate denied an order; `code` is the reason's."""
        self._denials.labels(code).inc()

    def alert(self, source: str, outcome: str) -> None:
        """An alert of a source came to its end, or waits for somebody, or came again."""
        self._alerts.labels(source, outcome).inc()

    def webhook(self, status: int) -> None:
        """Something that came to the webhooks was answered with an HTTP status."""
        self._webhook.labels(str(status)).inc()

    def command(self, surface: str, ok: bool, seconds: float) -> None:
        """A command was answered."""
        self._commands.labels(surface, "true" if ok else "false").inc()
        self._command_seconds.observe(seconds)

    def follow(self, journal_seq: Callable[[], int], open_orders: Callable[[], int]) -> None:
        """Where to read, whenever somebody asks, what only grows and shrinks."""
        self._journal_seq.set_function(journal_seq)
        self._open_orders.set_function(open_orders)

    def weigh(self, weights: Weights) -> None:
        """Where to read, whenever somebody asks, how near the venues' limits on requests are."""
        self._registry.register(_Weights(weights))

    def appended(self, seconds: float) -> None:
        """The journal grew."""
        self._append_seconds.observe(seconds)

    def equity(self, account: str, mode: str, amount: Decimal) -> None:
        """Equity in the desk's currency."""
        self._equity.labels(account, mode).set(float(amount))

    def trading_state(self, state: TradingState) -> None:
        """The latch of scope `all`."""
        self._trading_state.state(state)

    def notifier_lag(self, destination: str, entries: int) -> None:
        """How many journal entries `destination` is behind."""
        self._notifier_lag.labels(destination).set(entries)

    def render(self) -> bytes:
        """The text format that Prometheus reads; its content type is `CONTENT_TYPE`."""
        return generate_latest(self._registry)


class _Weights:
    """The limits on requests, as Prometheus collects them."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def collect(self) -> Iterator[GaugeMetricFamily]:
        labels = ["address", "interval"]
        used = GaugeMetricFamily("tiller_request_weight", "Weight of the requests of this interval.", labels=labels)
        limit = GaugeMetricFamily("tiller_request_weight_limit", "Above it, the venue refuses.", labels=labels)
        for address, intervals in self._weights().items():
            for interval, (weight, most) in intervals.items():
                used.add_metric([address, interval], weight)
                limit.add_metric([address, interval], most)
        yield from (used, limit)
