"""Replies as the API sends them, back as what they are, and as plain text."""

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from bot.client import Client
from handlers.reply import Reply, as_text
from trading.errors import TradingError

SUFFIXES = (".png", ".jpg")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def reply_of(shape: Mapping[str, Any]) -> Reply:
    """A reply of the API; where its picture can be seen is told."""
    picture = f"\n[picture: {shape['image']}]" if shape["image"] else ""
    return msgspec.convert({**shape, "text": f"{shape['text']}{picture}", "image": None}, Reply)


async def fetched(client: Client, shape: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reply with its picture as a file that any viewer on this machine opens: its address needs a token.

    If it cannot be had, the reply stays as it is.
    """
    if not shape["image"]:
        return shape
    try:
        content = await client.picture(shape["image"])
        return {**shape, "image": str(_kept(shape["image"], content))}
    except (TradingError, OSError):
        return shape


async def ask(client: Client, lines: Iterable[str], say: Callable[[str], None], width: int, *, as_json: bool) -> bool:
    """Run lines one by one and show each reply; answers whether all of them were done.

    Raises:
        TradingError: the bot cannot be reached; what came before was done.
    """
    done = True
    async with client:
        for line in filter(None, map(str.strip, lines)):
            shape = await client.run(line)
            if as_json:
                image = shape["image"] and f"{client.url}{shape['image']}"
                say(json.dumps({**shape, "image": image}, ensure_ascii=False))
            else:
                say(as_text(reply_of(await fetched(client, shape)), width))
            done &= shape["ok"]
    return done


@cache
def _folder() -> Path:
    """Where this process keeps pictures: a temporary folder that only its user can read."""
    return Path(tempfile.mkdtemp(prefix="tiller-"))


def _kept(address: str, content: bytes) -> Path:
    """The picture as a file, under the last part of its address as far as that is the name of a picture."""
    name = _UNSAFE.sub("-", address.rpartition("/")[2]).lstrip(".-")[-60:]
    file = _folder() / (name if name.endswith(SUFFIXES) else f"{name or 'picture'}.png")
    file.write_bytes(content)
    return file
