"""What the rows of panels are made of: text with a tone, and what a press of a row sends."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from handlers.figures import signed

Shape = dict[str, Any]


def cell(text: str, tone: str = "", note: str = "") -> Shape:
    """Text; `tone` is good, bad, warn or muted; `note` stands small beside it."""
    return {"text": text, "tone": tone, "note": note}


def profit(value: Decimal | None, currency: str = "") -> Shape:
    """Money with its sign and colour; a dash where it cannot be counted."""
    tone = "" if not value else "good" if value > 0 else "bad"
    return cell(signed(value, currency), tone)


def row(key: str, cells: Iterable[Any], actions: Iterable[Shape] = ()) -> Shape:
    """One row of a table: texts or toned cells, and its buttons."""
    return {"key": key, "cells": [cell(c) if isinstance(c, str) else c for c in cells], "actions": list(actions)}


def action(label: str, line: str, form: Iterable[Shape] = (), tail: str = "") -> Shape:
    """A button that sends `line`; with a form it asks for its fields first and puts them before `tail`."""
    return {"label": label, "line": line, "form": list(form), "tail": tail}


def field(name: str, label: str, value: str, choices: Iterable[str] = ()) -> Shape:
    """Of a form: written as `name=value` if it was changed; without a name as the value itself, always."""
    return {"name": name, "label": label, "value": value, "choices": list(choices)}
