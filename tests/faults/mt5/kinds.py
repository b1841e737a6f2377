"""The faults of the campaign: every return code and error, what else a terminal does wrong, and cuts of the bridge."""

from random import Random
from typing import Any, NamedTuple

from tests.emulators.mt5.codes import COMMENTS, DONE, ERRORS, NEVER_SENT, UNCERTAIN
from tests.emulators.mt5.faults import Faults
from tests.faults.mt5.bridged import Bridged

CUTS = ("before", "during", "after")
DOWN_S = {"": (0.0, 0.0), "_short": (0.2, 12.0), "_long": (16.0, 50.0)}  # the client gives up after 30 s


class Fault(NamedTuple):
    """One by the emulator's name, or `cut` with when and how long in the bridge's line."""

    name: str
    detail: dict[str, Any]

    @property
    def is_cut(self) -> bool:
        return self.name == "cut"

    def arm(self, faults: Faults, bridged: Bridged | None, operation: str, chance: Random) -> None:
        """Let it strike the next such request, and sometimes those after it."""
        times = chance.choice((1, 1, 1, 2, 3))
        if bridged is not None and self.is_cut:
            bridged.arm(self.detail["when"], operation, chance.uniform(*self.detail["down_s"]), times)
        else:
            faults.arm(self.name, on=f"order_send:{operation}", times=times, **self.detail)


def _codes() -> dict[str, Fault]:
    found: dict[str, Fault] = {}
    for code in sorted(set(COMMENTS) - DONE):
        found[f"{code}"] = Fault(f"retcode_{code}", {})
        if code in UNCERTAIN:
            found[f"{code}_executed"] = Fault(f"retcode_{code}", {"executed": True})
            found[f"{code}_late"] = Fault(f"retcode_{code}", {"executed": True, "after": 8})
    for code in sorted(set(ERRORS) - {1}):
        found[f"{code}"] = Fault(f"error_{code}", {})
        if code not in NEVER_SENT:
            found[f"{code}_executed"] = Fault(f"error_{code}", {"executed": True})
    return found


FAULTS: dict[str, Fault] = {
    **_codes(),
    "lost": Fault("lost", {}),
    "none": Fault("none", {}),
    "none_executed": Fault("none", {"executed": True}),
    "part": Fault("retcode_10010", {"part": "0.5"}),
    "placed": Fault("retcode_10008", {"after": 5}),
    "placed_rejected": Fault("retcode_10008", {"after": 5, "outcome": "rejected"}),
    "comment": Fault("comment", {"text": "by broker"}),
    "comment_cut": Fault("comment", {"cut": 5}),
    "bare": Fault("bare", {}),
    "lag": Fault("lag", {"seconds": 12}),
    "lag_all": Fault("lag", {"what": ["positions", "orders", "history"], "seconds": 6}),
    "slip": Fault("slip", {"points": 7}),
    **{
        f"cut_{when}{how}": Fault("cut", {"when": when, "down_s": down_s})
        for when in CUTS
        for how, down_s in DOWN_S.items()
    },
}
