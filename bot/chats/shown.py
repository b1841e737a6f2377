"""Replies as the API sends them, back as what they are, and as plain text."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from bot.client import Client
from handlers.reply import Reply, as_text


def reply_of(shape: Mapping[str, Any]) -> Reply:
    """A reply of the API; a picture stays where it is, and its address is told."""
    picture = f"\n[picture: {shape['image']}]" if shape["image"] else ""
    return msgspec.convert({**shape, "text": f"{shape['text']}{picture}", "image": None}, Reply)


async def ask(client: Client, lines: Iterable[str], say: Callable[[str], None], width: int, *, as_json: bool) -> bool:
    """Run lines one by one and show each reply; answers whether all of them were done.

    Raises:
        TradingError: the bot cannot be reached; what came before was done.
    """
    done = True
    async with client:
        for line in filter(None, map(str.strip, lines)):
            shape = await client.run(line)
            say(json.dumps(shape, ensure_ascii=False) if as_json else as_text(reply_of(shape), width))
            done &= shape["ok"]
    return done
