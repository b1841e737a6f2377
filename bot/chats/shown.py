"""Replies and alerts as the API sends them, back as what they are."""

from collections.abc import Mapping
from typing import Any

import msgspec

from handlers.reply import Reply


def reply_of(shape: Mapping[str, Any]) -> Reply:
    """A reply of the API; a picture stays where it is, and its address is told."""
    picture = f"\n[picture: {shape['image']}]" if shape["image"] else ""
    return msgspec.convert({**shape, "text": f"{shape['text']}{picture}", "image": None}, Reply)
