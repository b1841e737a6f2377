"""What is wrong with a request body: error 50035 with every problem at its path (Reference, "Error Messages")."""

from collections.abc import Collection
from typing import Any

from tests.emulators.discord.codes import Json, Refusal

Path = tuple[str | int, ...]


class Form:
    """Collects problems; `check` refuses if there are any."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def wrong(self, path: Path, code: str, message: str) -> None:
        """Note a problem."""
        place = self.errors
        for step in path:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def check(self) -> None:
        """Refuse if anything is wrong."""
        if self.errors:
            raise Refusal(400, 50035, "Invalid Form Body", self.errors)

    def required(self, path: Path) -> None:
        """Note that a field is missing."""
        self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")

    def text(self, path: Path, value: Any, most: int, least: int = 0) -> None:
        """A text of so many characters, or none if `least` is 0."""
        if value is None or (value == "" and least):
            if least:
                self.required(path)
        elif not isinstance(value, str):
            self.wrong(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
        elif len(value) > most or len(value) < least:
            self.length(path, least, most)

    def length(self, path: Path, least: int, most: int) -> None:
        """Note a text or list of the wrong length."""
        if least:
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        else:
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")

    def listed(self, path: Path, value: Any, most: int, least: int = 0) -> list[Any]:
        """A list of so many; an empty one if it is none or wrong."""
        if value is None and not least:
            return []
        if not isinstance(value, list):
            self.required(path) if value is None else self.wrong(path, "LIST_TYPE_CONVERT", "Not a list.")
            return []
        if not least <= len(value) <= most:
            self.length(path, least, most)
        return value

    def number(self, path: Path, value: Any, least: int, most: int) -> None:
        """A whole number in a range, or none."""
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value < least:
            self.wrong(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        elif value > most:
            self.wrong(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")

    def choice(self, path: Path, value: Any, allowed: Collection[Any]) -> bool:
        """One of these; returns whether it is."""
        if value in allowed:
            return True
        shown = ", ".join(str(one) for one in allowed)
        self.wrong(path, "BASE_TYPE_CHOICES", f"Value must be one of ({shown}).")
        return False

    def url(self, path: Path, value: Any, schemes: Collection[str]) -> None:
        """A URL of one of these schemes."""
        if not isinstance(value, str) or "://" not in value:
            self.wrong(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        elif value.partition("://")[0] not in schemes:
            shown = ", ".join(f"'{scheme}'" for scheme in schemes)
            message = f'Scheme "{value.partition("://")[0]}" is not supported. Scheme must be one of ({shown}).'
            self.wrong(path, "URL_TYPE_INVALID_SCHEME", message)
