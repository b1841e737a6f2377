"""Accounts: where orders go and where prices come from."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, model_validator

from bot.settings import kinds, parsers
from bot.settings.risk import AccountRisk
from bot.settings.section import Section


class AccountSettings(Section):
    """One account at a venue. Funds and fees are those of its paper mode."""

    venue: Literal["paper", "binance", "mt5"] = Field(default="paper", description="Where its live orders go.")
    market: kinds.MarketName = Field(
        default="simulated",
        description="Where its prices come from; left out, the venue's own. ccxt:kraken is Kraken's, and so on.",
    )
    funds: kinds.Funds = Field(
        default={"USDT": parsers.positive(10000)}, description="paper: what the account starts with."
    )
    maker_fee: kinds.Rate = Field(
        default=parsers.rate("0.1%"), description="paper: fee of a fill that waited in the book."
    )
    taker_fee: kinds.Rate = Field(
        default=parsers.rate("0.1%"), description="paper: fee of a fill that took from the book."
    )
    fee_currency: Literal["quote", "received", "BNB"] = Field(
        default="quote", description="paper: what fees are paid in; received is as on Binance."
    )
    leverage: kinds.AmountOrZero = Field(
        default=Decimal(0),
        description="paper: how much contracts may be worth as a multiple of equity; 0 is as a new account has it: 20,"
        " and on prices of mt5 what the terminal's account has.",
    )
    latency_ms: kinds.Milliseconds = Field(default=0, description="paper: how long an order is on its way.")
    environment: Literal["live", "demo", "testnet"] = Field(
        default="demo",
        description="binance: which of its exchanges; mt5: demo takes no account of real money.",
    )
    products: Annotated[tuple[Literal["spot", "usdm"], ...], kinds.Kind("list of spot and usdm"), kinds.Items] = Field(
        default=("spot",),
        description="binance: what is traded there, spot or usdm; with both, only what both can do.",
    )
    api_key: kinds.Secret = Field(default=SecretStr(""), description="binance: the key, without the right to withdraw.")
    api_secret: kinds.Secret = Field(default=SecretStr(""), description="binance: the secret of the key.")
    allow_withdrawals: kinds.Flag = Field(
        default=False, description="binance: use a key that may withdraw; without it such a key is refused."
    )
    rest_url: kinds.HttpUrl = Field(default="", description="binance: another address for REST (proxy, emulator).")
    ws_api_url: kinds.SocketUrl = Field(default="", description="binance: another address for the WebSocket API.")
    stream_url: kinds.SocketUrl = Field(default="", description="binance: another address for the market streams.")
    transport: Literal["native", "bridge"] = Field(
        default="native", description="mt5: the terminal on this Windows machine, or a bridge beside it."
    )
    bridge_url: kinds.BridgeUrl = Field(default="", description="mt5: address of `tiller bridge`: wss://HOST:8421.")
    bridge_token: kinds.Secret = Field(default=SecretStr(""), description="mt5: the token of the bridge.")
    bridge_fingerprint: kinds.Text = Field(
        default="", description="mt5: SHA-256 of the bridge's certificate, as `tiller bridge` prints it."
    )
    bridge_ca: kinds.Text = Field(
        default="", description="mt5: instead of the fingerprint, a PEM file of who may sign the bridge's certificate."
    )
    login: kinds.Number = Field(default=0, description="mt5: the account's number.")
    password: kinds.Secret = Field(default=SecretStr(""), description="mt5: the account's password.")
    server: kinds.Text = Field(default="", description="mt5: the broker's server.")
    risk: AccountRisk = Field(default=AccountRisk(), description="Limits of this account beside the desk's.")

    @model_validator(mode="before")
    @classmethod
    def _own_market(cls, given: Any) -> Any:
        """A venue with prices of its own is its account's market."""
        if isinstance(given, dict) and "market" not in given and given.get("venue") in ("binance", "mt5"):
            return {**given, "market": given["venue"]}
        return given
