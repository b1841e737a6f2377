"""Cards that ask for a consent: for which one, and what they say once they wait no longer, the same in every chat."""

import msgspec

from handlers.confirm import DESK
from handlers.reply import Reply, Tone
from trading.control import Confirmation

ASKING = ("confirm", "approve")
"""The commands that give it."""

AGREED = ("confirmed", "approved")
"""The outcomes of which the line was run."""


def is_consent(line: str) -> bool:
    """Whether a line gives a consent, and nothing else: a phrase is typed by whoever gives it."""
    words = line.removeprefix("/").split()
    return len(words) == 2 and words[0] in ASKING


def token_of(reply: Reply) -> str:
    """The token of the confirmation that a reply asks for; empty if it asks for none."""
    return next((button.line.split()[1] for button in reply.buttons if is_consent(button.line)), "")


def ended(asked: Confirmation | None, shown: Reply | None = None) -> Reply:
    """The card of what does not wait any more: what was asked, and in place of the buttons what became of it.

    `shown` is the card as it was, where that is still known; after a restart it is not.
    """
    if asked is None:
        return Reply("This is not waiting any more.")
    by = "" if asked.closed_by == DESK else f" by {asked.closed_by}"
    done = asked.outcome in AGREED
    end = f"{asked.outcome.capitalize()}{by}{'' if done else ', nothing was sent'}."
    tone = Tone.GOOD if done else Tone.WARN
    card = shown or Reply("")
    return msgspec.structs.replace(card, text=f"{asked.summary}\n{end}", tone=tone, buttons=(), phrase=None, image=None)
