"""Addresses: of databases, sites and machines; a password within one is never shown."""

import re
from collections.abc import Callable
from ipaddress import IPv6Address, ip_network
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.settings import parsers

TRADINGVIEW_IPS = ("52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7")
"""The addresses TradingView publishes for its webhooks."""

_URL_PASSWORD = re.compile(r"(://[^/\s:@]{0,200}:)(\S{1,400})@")


def url(*schemes: str, empty: bool = True) -> Callable[[object], str]:
    """A parser of addresses that start with one of `schemes`."""

    def parse(value: object) -> str:
        address = parsers.text(value).strip()
        scheme, _, rest = address.partition("://")
        if scheme == "sqlite" and scheme in schemes and rest:
            return address  # the rest is a path: spaces and colons are its own affair
        if (address or not empty) and not (rest and scheme in schemes and " " not in address):
            raise ValueError(f"is not an address that starts with {' or '.join(s + '://' for s in schemes)}")
        try:
            _ = urlsplit(address).port
        except ValueError:
            raise ValueError("is not an address: its host or port is malformed") from None
        return address

    return parse


_web = url("http", "https")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_USUAL_PORTS = {"http": 80, "https": 443}


def secret_url(value: object) -> SecretStr:
    """The address of a site that is a secret as a whole: whoever has it may use it."""
    return SecretStr(_web(value.get_secret_value() if isinstance(value, SecretStr) else value))


def site(value: object) -> str:
    """Where a site begins, as browsers write it: `https://desk.example.com`, `http://10.0.0.7:8420`; or empty."""
    address = parsers.text(value).strip().lower().removesuffix("/")
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        name, port = parts.hostname or "", parts.port
        begins = f"{parts.scheme}://{f'[{IPv6Address(name)}]' if ':' in name else name}"
        known = parts.scheme in _USUAL_PORTS and (":" in name or _NAME.fullmatch(name))
        fine = known and address == (f"{begins}:{port}" if port else begins)  # with more, that would be lost
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("is not an address such as https://desk.example.com: a scheme and a host, without a path")
    return begins if port == _USUAL_PORTS[parts.scheme] else address


def password_in(address: str) -> str:
    """The password within an address, as written there, or empty text."""
    match = _URL_PASSWORD.search(address)
    return match[2] if match else ""


def mask_password(address: str) -> str:
    """An address without its password: `postgres://user:***@host/name`."""
    return _URL_PASSWORD.sub(r"\1***@", address)


def network(value: object) -> str:
    address = parsers.text(value)
    try:
        ip_network(address, strict=False)
    except ValueError:
        raise ValueError("is not an address or network such as 10.0.0.1 or 10.0.0.0/8") from None
    return address


def allowed_ips(value: object) -> object:
    return TRADINGVIEW_IPS if value == "tradingview" else parsers.listed(value)
