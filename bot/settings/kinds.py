"""The types of settings: a parser, a way back to text, and the name the documentation uses."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, SecretStr

from bot.settings import addresses, parsers
from bot.settings.parsers import ConfirmRule, whole
from trading.instruments import plain
from trading.intent import Size
from trading.words import span


@dataclass(frozen=True)
class Kind:
    """What a type is called in the documentation."""

    text: str


Text = Annotated[str, Kind("text"), BeforeValidator(parsers.text)]
Filled = Annotated[str, Kind("text"), BeforeValidator(parsers.filled)]
Name = Annotated[str, Kind("name"), BeforeValidator(parsers.name)]
Secret = Annotated[SecretStr, Kind("secret"), BeforeValidator(parsers.secret), PlainSerializer(parsers.set_or_not)]
Flag = Annotated[bool, Kind("true or false"), BeforeValidator(parsers.flag)]
Folder = Annotated[Path, Kind("folder"), BeforeValidator(parsers.folder), PlainSerializer(str)]
MarketName = Annotated[str, Kind("simulated, replay, binance, mt5 or ccxt:NAME"), BeforeValidator(parsers.market_name)]
Timeframe = Annotated[str, Kind("timeframe"), BeforeValidator(parsers.timeframe)]
ZoneName = Annotated[str, Kind("IANA time zone"), BeforeValidator(parsers.timezone)]
Currency = Annotated[str, Kind("currency"), BeforeValidator(parsers.currency)]
Parameter = Annotated[str, Kind("text"), BeforeValidator(parsers.parameter)]

# A Percent is the number before the sign (20 is 20%), a Rate the fraction (0.001 is 0.1%).
Amount = Annotated[Decimal, Kind("amount"), BeforeValidator(parsers.positive), PlainSerializer(plain)]
AmountOrZero = Annotated[Decimal, Kind("amount"), BeforeValidator(parsers.number), PlainSerializer(plain)]
OptionalAmount = Annotated[
    Decimal | None,
    Kind("amount or empty"),
    BeforeValidator(parsers.optional_amount),
    PlainSerializer(parsers.amount_or_empty),
]
Percent = Annotated[Decimal, Kind("percent"), BeforeValidator(parsers.percent), PlainSerializer(parsers.percent_text)]
Rate = Annotated[Decimal, Kind("percent"), BeforeValidator(parsers.rate), PlainSerializer(parsers.rate_text)]
Duration = Annotated[timedelta, Kind("duration"), BeforeValidator(parsers.duration), PlainSerializer(span)]

Port = Annotated[int, Kind("port"), BeforeValidator(whole(0, 65535))]
Count = Annotated[int, Kind("whole number"), BeforeValidator(whole(1, 1_000_000))]
CountOrOff = Annotated[int, Kind("whole number or 0"), BeforeValidator(whole(0, 1_000_000))]
Number = Annotated[int, Kind("whole number"), BeforeValidator(whole(0, 2**63 - 1))]
Seconds = Annotated[int, Kind("seconds"), BeforeValidator(whole(1, 604_800))]
SecondsOrOff = Annotated[int, Kind("seconds or 0"), BeforeValidator(whole(0, 86_400))]
Milliseconds = Annotated[int, Kind("milliseconds"), BeforeValidator(whole(0, 60_000))]
UserId = Annotated[int, Kind("numeric id"), BeforeValidator(whole(1, 2**63 - 1))]
ChatId = Annotated[int, Kind("numeric id"), BeforeValidator(whole(-(2**63), 2**63 - 1))]

SizeText = Annotated[Size, Kind("size"), PlainValidator(parsers.size), PlainSerializer(str)]
OrderConfirm = Annotated[
    ConfirmRule,
    Kind("never, live, above:VALUE, always"),
    PlainValidator(parsers.confirm_rule("never", "live", "always")),
    PlainSerializer(str),
]
AlertConfirm = Annotated[
    ConfirmRule,
    Kind("never, above:VALUE, always"),
    PlainValidator(parsers.confirm_rule("never", "always")),
    PlainSerializer(str),
]

_masked = PlainSerializer(addresses.mask_password)
DatabaseUrl = Annotated[
    str, Kind("address"), BeforeValidator(addresses.url("sqlite", "postgres", "postgresql", empty=False)), _masked
]
HttpUrl = Annotated[str, Kind("address"), BeforeValidator(addresses.url("http", "https")), _masked]
SiteUrl = Annotated[str, Kind("address without a path"), BeforeValidator(addresses.site)]
SecretUrl = Annotated[
    SecretStr, Kind("secret address"), BeforeValidator(addresses.secret_url), PlainSerializer(parsers.set_or_not)
]
SocketUrl = Annotated[str, Kind("address"), BeforeValidator(addresses.url("ws", "wss")), _masked]
BridgeUrl = Annotated[str, Kind("address"), BeforeValidator(addresses.url("http", "https", "ws", "wss")), _masked]

Items = BeforeValidator(parsers.listed)
Table = BeforeValidator(parsers.table)
Network = Annotated[str, BeforeValidator(addresses.network)]
Topic = Annotated[str, BeforeValidator(parsers.topic)]
Symbols = Annotated[tuple[Filled, ...], Kind("list of symbols"), Items]
UserIds = Annotated[tuple[UserId, ...], Kind("list of numeric ids"), Items]
Networks = Annotated[tuple[Network, ...], Kind("list of addresses"), Items]
AllowedIps = Annotated[
    tuple[Network, ...], Kind('list of addresses or "tradingview"'), BeforeValidator(addresses.allowed_ips)
]
Quiet = Annotated[str, Kind("hours, 22:00-07:00, or empty"), BeforeValidator(parsers.quiet_hours)]
Alerts = Annotated[tuple[Topic, ...], Kind("kinds of alerts"), Items, PlainSerializer(",".join)]
Funds = Annotated[dict[Currency, AmountOrZero], Kind("table of currency to amount"), Table]
Rates = Annotated[dict[Currency, Amount], Kind("table of currency to amount"), Table]
Parameters = Annotated[dict[Filled, Parameter], Kind("table"), Table]
SymbolMap = Annotated[dict[Filled, Filled], Kind("table of theirs to ours"), Table]
