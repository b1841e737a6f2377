"""All settings as one frozen tree, and what may be shown of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, SecretStr, model_validator

from bot.settings import addresses, kinds, parsers
from bot.settings.accounts import AccountSettings
from bot.settings.bridge import BridgeSettings
from bot.settings.risk import RiskSettings
from bot.settings.section import Section
from bot.settings.sections import (
    DEFAULT_DATABASE,
    AlertSettings,
    ConfirmSettings,
    DatabaseSettings,
    DiscordSettings,
    LogSettings,
    MarketSettings,
    PersonSettings,
    StrategySettings,
    TelegramSettings,
    WebhookSettings,
    WebSettings,
)
from bot.settings.written import toml_text

DEFAULT_FOLDER = Path("data")
_SAMPLE = StrategySettings.model_validate(
    {
        "class": "sma_cross",
        "account": "demo",
        "symbols": ["BTC/USDT"],
        "timeframe": "1m",
        "params": {"fast": 20, "slow": 50},
    }
)


class Settings(Section):
    """Everything the operator decides."""

    data_dir: kinds.Folder = Field(
        default=DEFAULT_FOLDER, description="Folder of the database, tokens, candles and logs."
    )
    timezone: kinds.ZoneName = Field(default="UTC", description="Whose midnight ends a day: limits, digests.")
    currency: kinds.Currency = Field(default="USDT", description="What totals and limits are counted in.")
    rates: kinds.Rates = Field(
        default={},
        description="What 1 of another currency counts as in `currency` where no market says.",
        examples=[{"USD": parsers.positive(1)}],
    )
    database: DatabaseSettings = DatabaseSettings()
    web: WebSettings = WebSettings()
    logs: LogSettings = LogSettings()
    market: MarketSettings = MarketSettings()
    accounts: dict[kinds.Name, AccountSettings] = Field(default={"demo": AccountSettings()})
    telegram: TelegramSettings = TelegramSettings()
    discord: DiscordSettings = DiscordSettings()
    alerts: AlertSettings = AlertSettings()
    people: dict[kinds.Name, PersonSettings] = Field(default={})
    webhooks: dict[kinds.Name, WebhookSettings] = Field(default={})
    strategies: dict[kinds.Name, StrategySettings] = Field(default={"trend": _SAMPLE})
    confirm: ConfirmSettings = ConfirmSettings()
    risk: RiskSettings = RiskSettings()
    bridge: BridgeSettings = BridgeSettings()

    @model_validator(mode="before")
    @classmethod
    def _database_in_its_folder(cls, given: Any) -> Any:
        """The default database is in data_dir, wherever that is."""
        if not isinstance(given, dict) or "data_dir" not in given:
            return given
        database = given.get("database", {})
        if not isinstance(database, dict) or database.get("url", DEFAULT_DATABASE) != DEFAULT_DATABASE:
            return given
        try:
            place = parsers.folder(given["data_dir"]) / "tiller.db"
        except ValueError:
            return given  # the check of data_dir itself will say what is wrong with it
        return {**given, "database": {**database, "url": f"sqlite://{place.as_posix()}"}}

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        return ZoneInfo(self.timezone)

    def shown(self) -> dict[str, str]:
        """Every setting as `section.key` and text; of a secret only whether it is set."""
        return dict(_flat("", self.model_dump(by_alias=True)))

    def secrets(self) -> frozenset[str]:
        """Every secret value, passwords within addresses too: what logs must never show."""
        return frozenset(_secrets(self))

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Where two settings do not go together: the path of the one, and what is wrong with it."""
        if not self.accounts:
            yield ("accounts",), "has no account: a desk needs one"
        if self.currency in self.rates:
            yield ("rates", self.currency), "is the currency that totals are counted in: its rate is always 1"
        for name, account in self.accounts.items():
            if account.market == "replay" and not self.market.file:
                yield ("accounts", name, "market"), "is replay, but [market] file names no candles"
            if account.market == "replay" and not self.market.symbols:
                yield (
                    ("accounts", name, "market"),
                    "is replay, but [market] symbols does not name the symbol of the file",
                )
            if account.venue == "mt5" and account.transport == "bridge" and not account.bridge_url:
                yield ("accounts", name, "bridge_url"), "is empty, but transport is bridge"
        if bool(self.bridge.certificate) != bool(self.bridge.key):
            yield ("bridge", "certificate"), "and key belong together: set both or neither"
        users: list[tuple[str, Mapping[str, StrategySettings | WebhookSettings]]] = [
            ("strategies", self.strategies),
            ("webhooks", self.webhooks),
        ]
        for section, named in users:
            for name, user in named.items():
                if user.account not in self.accounts:
                    yield (section, name, "account"), f"is none of the accounts: {', '.join(self.accounts) or 'none'}"
        yield from self._shared_ids()

    def _shared_ids(self) -> Iterator[tuple[tuple[str, ...], str]]:
        seen: dict[tuple[str, int], str] = {}
        for name, person in self.people.items():
            for platform, user in (("telegram", person.telegram), ("discord", person.discord)):
                if user is not None and (first := seen.setdefault((platform, user), name)) != name:
                    yield ("people", name, platform), f"is the id of {first} too: one person, one id"


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else key, inner)
    else:
        yield path, "not set" if value is None else value if isinstance(value, str) else toml_text(value)


def _secrets(value: object) -> Iterator[str]:
    match value:
        case SecretStr() if value.get_secret_value():
            yield value.get_secret_value()
        case BaseModel():
            for _, inner in value:
                yield from _secrets(inner)
        case dict():
            for inner in value.values():
                yield from _secrets(inner)
        case tuple():
            for inner in value:
                yield from _secrets(inner)
        case str() if password := addresses.password_in(value):
            yield password
            yield unquote(password)
