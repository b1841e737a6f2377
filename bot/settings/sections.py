"""The sections: every key, its kind, its default and its meaning. Example and documentation are made from here."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from bot.settings import kinds, parsers
from bot.settings.section import Section

DEFAULT_DATABASE = "sqlite://data/tiller.db"


class DatabaseSettings(Section):
    """Where the journal is kept."""

    url: kinds.DatabaseUrl = Field(
        default=DEFAULT_DATABASE,
        description="sqlite://FILE or postgres://USER@HOST/NAME; left as it is, it is under data_dir.",
    )


class WebSettings(Section):
    """The web console, the API and the webhooks."""

    host: kinds.Filled = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 is every one.")
    port: kinds.Port = Field(default=8420, description="Port to listen on; 0 takes a free one.")
    url: kinds.SiteUrl = Field(
        default="",
        description="The address under which people reach the desk, such as https://desk.example.com: links and the "
        "addresses of webhooks begin with it; empty: only this machine's own are known.",
    )
    trusted_proxies: kinds.Networks = Field(
        default=(), description="Only from these addresses is X-Forwarded-For believed."
    )


class LogSettings(Section):
    """What is written about the bot's own work."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is written."
    )
    file: kinds.Flag = Field(default=False, description="Also keep rotating files in data_dir/logs.")


class MarketSettings(Section):
    """The simulated and the replay market."""

    seed: kinds.Number = Field(default=1, description="simulated: the same seed is the same prices.")
    speed: kinds.Amount = Field(
        default=parsers.positive(1), description="Market time per real time; 60 is a minute a second."
    )
    interval_s: kinds.Amount = Field(default=parsers.positive(1), description="simulated: seconds between two prices.")
    file: kinds.Text = Field(default="", description="replay: file of candles, CSV or Parquet.")
    symbols: kinds.Symbols = Field(
        default=(), description="replay: the symbol of the file; elsewhere: what to follow besides what is traded."
    )


class TelegramChat(Section):
    """One chat."""

    id: kinds.ChatId = Field(description="The chat; groups are negative.", examples=[-1001])
    topic: kinds.Number = Field(default=0, description="Topic within a group; 0 is none.")
    alerts: kinds.Alerts = Field(
        default=("all",), description="What is told there: all, or kinds such as fills,errors."
    )
    quiet: kinds.Quiet = Field(default="", description="Hours without a sound: 22:00-07:00; critical alerts sound.")


class TelegramSettings(Section):
    """Telegram; off without a token."""

    token: kinds.Secret = Field(default=SecretStr(""), description="The bot's token, from @BotFather.")
    base_url: kinds.HttpUrl = Field(
        default="https://api.telegram.org", description="Address of the Bot API (proxy, emulator)."
    )
    chats: Annotated[tuple[TelegramChat, ...], kinds.Kind("list of tables"), kinds.Items] = Field(
        default=(),
        description="Chats that are told things and may ask: id, topic (0 is none), alerts (all, or fills,errors), "
        "quiet (22:00-07:00).",
        examples=[[{"id": -1001, "topic": 0, "alerts": "all"}]],
    )
    webhook_url: kinds.HttpUrl = Field(
        default="", description="Our address as Telegram reaches it, for webhook mode; empty: we ask Telegram."
    )


class DiscordChannel(Section):
    """One channel."""

    id: kinds.UserId = Field(description="The channel.", examples=[2])
    alerts: kinds.Alerts = Field(
        default=("all",), description="What is told there: all, or kinds such as fills,errors."
    )
    quiet: kinds.Quiet = Field(default="", description="Hours without a sound: 22:00-07:00; critical alerts sound.")


class DiscordSettings(Section):
    """Discord; off without a token."""

    token: kinds.Secret = Field(default=SecretStr(""), description="The bot's token.")
    api_url: kinds.HttpUrl = Field(default="", description="Another address for REST (proxy, emulator).")
    gateway_url: kinds.SocketUrl = Field(default="", description="Another address for the gateway.")
    guilds: kinds.UserIds = Field(default=(), description="Servers whose members may ask.", examples=[[1]])
    channels: Annotated[tuple[DiscordChannel, ...], kinds.Kind("list of tables"), kinds.Items] = Field(
        default=(),
        description="Channels that are told things and may ask: id, alerts (all, or fills,errors), "
        "quiet (22:00-07:00).",
        examples=[[{"id": 2, "alerts": "fills,errors"}]],
    )


class AlertSettings(Section):
    """What happens to alerts besides the chats, and how others see that the desk is alive."""

    repeat_s: kinds.SecondsOrOff = Field(
        default=300, description="A critical alert that nobody acknowledges is told again after this; 0 never."
    )
    heartbeat_file: kinds.Text = Field(
        default="", description="A file that is touched while all is well; a desk halted by a person is well."
    )
    heartbeat_url: kinds.SecretUrl = Field(
        default=SecretStr(""), description="An address that is asked (GET) while all is well; kept as a secret."
    )
    heartbeat_s: kinds.Seconds = Field(default=60, description="How often.")


class PersonSettings(Section):
    """One person, known by numeric ids and never by a name that can be changed."""

    role: Literal["viewer", "trader", "admin"] = Field(description="What this person may do.", examples=["admin"])
    telegram: kinds.UserId | None = Field(
        default=None, description="Telegram user id; /whoami tells it.", examples=[1111]
    )
    discord: kinds.UserId | None = Field(default=None, description="Discord user id.", examples=[2222])


class WebhookSettings(Section):
    """One source of alerts, such as TradingView."""

    secret: kinds.Secret = Field(
        default=SecretStr(""),
        description="In the path, in the body or as the HMAC key; without one every alert is refused.",
    )
    account: kinds.Name = Field(description="The account it trades.", examples=["main"])
    role: Literal["viewer", "trader", "admin"] = Field(default="trader", description="What it may do.")
    confirm: kinds.AlertConfirm = Field(
        default=parsers.ConfirmRule("never"), description="Which of its orders a person must confirm."
    )
    max_age_s: kinds.Seconds = Field(default=60, description="Age at which an alert is too old to act on.")
    allow_ips: kinds.AllowedIps = Field(
        default=(), description="Only from these addresses; empty is any, tradingview is its four published ones."
    )
    client_certificate: kinds.Text = Field(
        default="",
        description="What a trusted proxy must have been shown: tradingview, or a SHA-256 fingerprint; empty: nothing.",
    )
    symbols: kinds.SymbolMap = Field(
        default={}, description="Their symbols in our words.", examples=[{"BINANCE:BTCUSDT": "BTC/USDT"}]
    )
    size: kinds.Text = Field(default="", description="Size of a buy or sell that gives none; empty: it is refused.")


class StrategySettings(Section):
    """One strategy at work."""

    class_: kinds.Filled = Field(alias="class", description="Which strategy.", examples=["sma_cross"])
    account: kinds.Name = Field(description="The account it trades.", examples=["demo"])
    symbols: kinds.Symbols = Field(min_length=1, description="What it trades.", examples=[["BTC/USDT"]])
    timeframe: kinds.Timeframe = Field(description="The candles it looks at.", examples=["1m"])
    params: kinds.Parameters = Field(default={}, description="Its own parameters.", examples=[{"fast": 20, "slow": 50}])
    size: kinds.SizeText = Field(default=parsers.size("5%"), description="How much an entry is: 0.01, $100, 5%.")
    autostart: kinds.Flag = Field(default=True, description="Run from the start; otherwise after /start_strategy.")


class ConfirmSettings(Section):
    """What needs a second look before it is done."""

    orders: kinds.OrderConfirm = Field(
        default=parsers.ConfirmRule("live"), description="Which orders the person who sends them must confirm."
    )
    approve_above: kinds.OptionalAmount = Field(
        default=None, description="From this value a second person must approve.", examples=["5000"]
    )
    expires_s: kinds.Seconds = Field(default=120, description="How long a confirmation waits.")
