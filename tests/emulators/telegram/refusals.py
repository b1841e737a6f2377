"""How the server says no: `{"ok": false, "error_code", "description", "parameters"}`.

The texts are those of the public server (github.com/tdlib/telegram-bot-api and its library), which writes the first
letter of a sentence small after "Bad Request: " and leaves codes such as BUTTON_DATA_INVALID alone.
"""

from typing import Any


class Refusal(Exception):
    """An answer with `ok: false`; `parameters` are `retry_after` or `migrate_to_chat_id`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(f"{code} {description}")
        self.code, self.description, self.parameters = code, description, parameters

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        told: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        return {**told, "parameters": self.parameters} if self.parameters else told


def _sentence(prefix: str, text: str) -> str:
    code = len(text) > 1 and (text[1] == "_" or "A" <= text[1] <= "Z")
    return f"{prefix}: {text if code else text[:1].lower() + text[1:]}"


def bad(text: str, **parameters: int) -> Refusal:
    """400 Bad Request."""
    return Refusal(400, _sentence("Bad Request", text), **parameters)


def forbidden(text: str) -> Refusal:
    """403 Forbidden."""
    return Refusal(403, _sentence("Forbidden", text))


def conflict(text: str) -> Refusal:
    """409 Conflict."""
    return Refusal(409, f"Conflict: {text}")


def too_many(seconds: int) -> Refusal:
    """429 Too Many Requests."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def unauthorized() -> Refusal:
    """401: a token that is wrong or was revoked."""
    return Refusal(401, "Unauthorized")


def no_such_method() -> Refusal:
    """404: a method that the server does not have."""
    return Refusal(404, "Not Found: method not found")
