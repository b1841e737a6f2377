"""`tiller bridge`: what runs beside an MT5 terminal."""

from pydantic import Field, SecretStr

from bot.settings import kinds
from bot.settings.section import Section
from trading.mt5.bridge.messages import PORT


class BridgeSettings(Section):
    """`tiller bridge`, beside an MT5 terminal; a bot elsewhere uses it by transport = "bridge"."""

    host: kinds.Filled = Field(
        default="127.0.0.1", description="Address to listen on; any but loopback is encrypted, always."
    )
    port: kinds.Port = Field(default=PORT, description="Port to listen on; 0 takes a free one.")
    token: kinds.Secret = Field(
        default=SecretStr(""), description="What a bot must show; empty: one is made and kept in data_dir/bridge.token."
    )
    certificate: kinds.Text = Field(
        default="", description="PEM file of the certificate; empty: one is made, which the bot pins by fingerprint."
    )
    key: kinds.Text = Field(default="", description="PEM file of the certificate's private key.")
    terminal: kinds.Text = Field(
        default="", description="Path of terminal64.exe, if MetaTrader5 does not find it by itself."
    )
