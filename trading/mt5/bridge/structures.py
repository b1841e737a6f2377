"""What the MetaTrader5 package answers, field for field: its structures, and tables of bars and ticks.

Field names and order: the structures of package 5.0.6231. Values are what the package gives: floats, numbers, text.
"""

from collections import namedtuple
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

AccountInfo = namedtuple(
    "AccountInfo",
    "login trade_mode leverage limit_orders margin_so_mode trade_allowed trade_expert margin_mode currency_digits "
    "fifo_close balance credit profit equity margin margin_free margin_level margin_so_call margin_so_so "
    "margin_initial margin_maintenance assets liabilities commission_blocked name server currency company",
)
TerminalInfo = namedtuple(
    "TerminalInfo",
    "community_account community_connection connected dlls_allowed trade_allowed tradeapi_disabled email_enabled "
    "ftp_enabled notifications_enabled mqid build maxbars codepage ping_last community_balance retransmission company "
    "name language path data_path commondata_path",
)
SymbolInfo = namedtuple(
    "SymbolInfo",
    "custom chart_mode select visible session_deals session_buy_orders session_sell_orders volume volumehigh "
    "volumelow time digits spread spread_float ticks_bookdepth trade_calc_mode trade_mode start_time expiration_time "
    "trade_stops_level trade_freeze_level trade_exemode swap_mode swap_rollover3days margin_hedged_use_leg "
    "expiration_mode filling_mode order_mode order_gtc_mode option_mode option_right bid bidhigh bidlow ask askhigh "
    "asklow last lasthigh lastlow volume_real volumehigh_real volumelow_real option_strike point trade_tick_value "
    "trade_tick_value_profit trade_tick_value_loss trade_tick_size trade_contract_size trade_accrued_interest "
    "trade_face_value trade_liquidity_rate volume_min volume_max volume_step volume_limit swap_long swap_short "
    "margin_initial margin_maintenance session_volume session_turnover session_interest session_buy_orders_volume "
    "session_sell_orders_volume session_open session_close session_aw session_price_settlement "
    "session_price_limit_min session_price_limit_max margin_hedged price_change price_volatility price_theoretical "
    "price_greeks_delta price_greeks_theta price_greeks_gamma price_greeks_vega price_greeks_rho price_greeks_omega "
    "price_sensitivity basis category currency_base currency_profit currency_margin bank description exchange formula "
    "isin name page path",
)
Tick = namedtuple("Tick", "time bid ask last volume time_msc flags volume_real")
BookInfo = namedtuple("BookInfo", "type price volume volume_dbl")
TradeRequest = namedtuple(
    "TradeRequest",
    "action magic order symbol volume price stoplimit sl tp deviation type type_filling type_time expiration comment "
    "position position_by",
)
OrderSendResult = namedtuple(
    "OrderSendResult",
    "retcode deal order volume price bid ask comment request_id retcode_external request",
)
OrderCheckResult = namedtuple(
    "OrderCheckResult",
    "retcode balance equity profit margin margin_free margin_level comment request",
)
TradePosition = namedtuple(
    "TradePosition",
    "ticket time time_msc time_update time_update_msc type magic identifier reason volume price_open sl tp "
    "price_current swap profit symbol comment external_id",
)
TradeOrder = namedtuple(
    "TradeOrder",
    "ticket time_setup time_setup_msc time_done time_done_msc time_expiration type type_time type_filling state magic "
    "position_id position_by_id reason volume_initial volume_current price_open sl tp price_current price_stoplimit "
    "symbol comment external_id",
)
TradeDeal = namedtuple(
    "TradeDeal",
    "ticket order time time_msc type entry magic position_id reason volume price commission swap profit fee symbol "
    "comment external_id",
)


class Fields(NamedTuple):
    """The names of a table's fields."""

    names: tuple[str, ...]


class Row(tuple[Any, ...]):
    """One row of a table, by number or by field."""

    dtype: Fields

    @classmethod
    def of(cls, dtype: Fields, values: Sequence[Any]) -> "Row":
        """A row of these values."""
        row = cls(values)
        row.dtype = dtype
        return row

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.dtype.names.index(key) if isinstance(key, str) else key)


class Table:
    """Rows with named fields, read as numpy's structured arrays are: by row, by field, `table["close"]`."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.dtype = Fields(tuple(names))
        self._rows = [Row.of(self.dtype, row) for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    @overload
    def __getitem__(self, key: slice) -> "Table": ...

    def __getitem__(self, key: int | str | slice) -> "Row | list[Any] | Table":
        if isinstance(key, str):
            return [row[key] for row in self._rows]
        if isinstance(key, slice):
            return Table(self.dtype.names, self._rows[key])
        return self._rows[key]

    def tolist(self) -> list[tuple[Any, ...]]:
        """The rows as plain tuples."""
        return [tuple(row) for row in self._rows]
