"""What cards that asked for a consent say once they wait no longer, the same in every chat."""

import msgspec

from handlers.confirm import AGREED, DESK
from handlers.reply import Reply, Tone
from trading.control import Confirmation


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
