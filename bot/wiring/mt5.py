"""The MetaTrader 5 terminals of the settings: one link for each account, which its prices and its orders share."""

from collections.abc import Callable
from typing import Any

from bot.settings.accounts import AccountSettings
from bot.settings.models import Settings
from trading.clock import Clock
from trading.errors import ConfigError
from trading.mt5.bridge.line import Address
from trading.mt5.bridge.module import BridgeModule
from trading.mt5.link import Link, Login
from trading.mt5.native import native


def link_of(settings: Settings, name: str, clock: Clock, wanted: tuple[str, ...]) -> Link:
    """The link of an account to its terminal, which is not connected yet.

    Raises:
        ConfigError: the MetaTrader5 package is not on this machine, or is wanted by more accounts than it can serve;
            the bridge's token is missing. A command beside the bot, the brake first, does without that one: it may
            be known to the bot's own environment only.
    """
    account = settings.accounts[name]
    if account.transport == "bridge" and not account.bridge_token.get_secret_value():
        remedy = "`tiller bridge` says where it keeps it."
        raise ConfigError(f"[accounts.{name}] bridge_token is empty.", remedy)
    login = Login(
        account.login,
        account.password.get_secret_value(),
        account.server,
        # Prices of a real account do no harm to an account that trades on paper.
        may_be_real=account.environment == "live" or account.venue != "mt5",
    )
    return Link(_package(settings, account), login, clock, wanted)


def _package(settings: Settings, account: AccountSettings) -> Callable[[], Any]:
    if account.transport == "bridge":
        address = Address(
            account.bridge_url, account.bridge_token.get_secret_value(), account.bridge_fingerprint, account.bridge_ca
        )
        return lambda: BridgeModule(address)
    users = [each for each, one in settings.accounts.items() if "mt5" in (one.venue, one.market) and _is_native(one)]
    if len(users) > 1:
        raise ConfigError(
            f"The MetaTrader5 package serves one terminal in a process, and {' and '.join(users)} want it.",
            'Set transport = "bridge" for the others, each with a `tiller bridge` beside its terminal.',
        )
    native()  # to say so now if there is none
    return native


def _is_native(account: AccountSettings) -> bool:
    return account.transport == "native"
