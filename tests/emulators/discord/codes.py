"""Refusals: the JSON error codes of "Opcodes and Status Codes", with the HTTP status each comes with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Refusal(Exception):
    """A request that is turned down."""

    status: int
    code: int
    message: str
    errors: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Json = field(default_factory=dict)

    @property
    def body(self) -> Json:
        found: Json = {"message": self.message, "code": self.code, **self.more}
        if self.errors is not None:
            found["errors"] = self.errors
        return found


CODES: dict[int, tuple[int, str]] = {
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30032: (400, "Maximum number of application commands reached (100)."),
    30034: (429, "Max number of daily application command creates has been reached (200)"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50033: (400, "Invalid Recipient(s)"),
    50035: (400, "Invalid Form Body"),
    50041: (400, "Invalid API version provided"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160004: (400, "A thread has already been created for this message"),
}


def refusal(code: int, **more: Any) -> Refusal:
    """The refusal of a known code; `more` is added to its body."""
    status, message = CODES[code]
    return Refusal(status, code, message, more=more)


def plain(status: int, reason: str) -> Refusal:
    """A refusal without a code of its own: `401: Unauthorized`."""
    return Refusal(status, 0, f"{status}: {reason}")
