"""The sources of alerts as commands see them: what each may do, and the few things that can be done to one."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class SourceCard(NamedTuple):
    """One source, without its secret. `conditions` are what an alert must fulfil besides the secret."""

    name: str
    account: str
    role: str
    confirm: str
    max_age_s: int
    conditions: str = ""
    is_made: bool = True  # by a command; else it stands in the settings
    problem: str = ""


class Sources(Protocol):
    """Who may send alerts."""

    @property
    def problem(self) -> str:
        """Why the sources made by commands cannot be read; empty while they can."""
        ...

    def cards(self) -> Sequence[SourceCard]:
        """Every source: those of the settings first."""
        ...

    def refusals(self, name: str) -> str:
        """How often something was turned away that came in this source's name, since the start, and why last."""
        ...

    def make(self, name: str, account: str, role: str) -> str:
        """A new source; answers its address, which holds the secret.

        Raises:
            IntentError: the name is taken or cannot be used, or there is no such account.
            ConfigError: it cannot be kept.
        """
        ...

    def rotate(self, name: str) -> str:
        """A new secret; the old one is worthless at once. Answers the new address.

        Raises:
            IntentError: there is no such source, or it stands in the settings.
            ConfigError: it cannot be kept.
        """
        ...

    def remove(self, name: str) -> None:
        """The source is known no more.

        Raises:
            IntentError: there is no such source, or it stands in the settings.
            ConfigError: it cannot be kept.
        """
        ...

    def address(self, name: str) -> str:
        """Where its alerts go, with *** for the secret."""
        ...
