"""Everything that can go wrong while trading, sorted by who must act.

::

    TradingError
      ConfigError            the operator must edit the settings; the desk refuses to start
      JournalError           the journal cannot be read or written; nothing may be acted on
      IntentError            the request makes no sense; whoever asked must ask differently
      VenueError
        VenueRefused         the venue said no: final
        VenueUnreachable     it never left, or was turned away at the door: may be sent again
        OutcomeUnknown       it may have arrived: never send again, reconcile finds out
"""


class TradingError(Exception):
    """One readable line, a stable `code`, and a `remedy`: what to do next."""

    code = "ERROR"

    def __init__(self, text: str, remedy: str = "", *, code: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.text} {self.remedy}".strip()


class ConfigError(TradingError):
    """The settings are wrong; exit code 2."""

    code = "CONFIG"


class JournalError(TradingError):
    """The journal is broken, from a newer version, or cannot be written."""

    code = "JOURNAL"


class IntentError(TradingError):
    """The request cannot be understood or cannot be done; nothing was changed."""

    code = "BAD_REQUEST"


class VenueError(TradingError):
    """Something between us and a venue; the subclass says what we then know."""

    code = "VENUE"


class VenueRefused(VenueError):
    """The venue looked at it and said no. Final."""

    code = "VENUE_REFUSED"


class VenueUnreachable(VenueError):
    """It never reached the venue's books. It may be sent again."""

    code = "VENUE_UNREACHABLE"


class OutcomeUnknown(VenueError):
    """It may have been executed. It is never sent again: reconcile finds out."""

    code = "OUTCOME_UNKNOWN"
