"""The page of the risk rules, made from the rules themselves: docs/risk.md."""

import re
from collections.abc import Iterator

from trading.risk.checks.check import Check
from trading.risk.checks.table import in_force
from trading.risk.limits import LIMITS, Kind, Limits, shown
from trading.risk.reasons import Reason

_INTRO = """# Risk

Every order, whoever asks for it and from wherever, passes the same gate before it may leave. The gate
runs all of its checks; the first that fails is the reason, and `/why ID` lists each with its numbers.

- **Denied** is the desk's own no; **rejected** is the venue's.
- **Closing passes.** An order that only reduces a position (on spot: that sells what is held) is not
  asked about the limits, nor about the kill switch, a pause or a lock. It must only make sense: the
  venue's filters, enough held, a stop on the right side. Cancelling is never judged.
- **What open orders may still do counts.** They are taken as filled for positions, exposure and funds;
  the stop and the target of one position, or an OCO pair, count once.
- An order larger than the position it would close is judged as a new one.

## Limits

Set in `[risk]` for the desk and `[accounts.NAME.risk]` for an account, or from chat with
`/limit NAME VALUE [account=A]`. For an account the tightest of all holds: its own can only tighten the
desk's. What chat sets for the desk takes the place of the configured value. Tightening works at once;
loosening asks for a confirmation. 0 or `off` switches a limit off, which is the loosest it can be.
"""


def risk_page() -> str:
    """Markdown: how the gate works, every limit, every reason."""
    return "\n".join([_INTRO, *_limits(), "", "## Reasons", "", _REASONS, "", *_reasons(), ""])


_REASONS = """The code is stable. *Closing too* says whether an order that only closes can be denied for it.
What stands in upper case is filled in by the answer."""


def _limits() -> Iterator[str]:
    yield "| limit | unit | default | tighter is | meaning |"
    yield "|---|---|---|---|---|"
    defaults = Limits()
    for name, spec in LIMITS.items():
        unit = {Kind.MONEY: "desk currency", Kind.SECONDS: "seconds or 15m, 8h, 2d", Kind.SYMBOLS: "symbols"}.get(
            spec.kind, spec.unit
        )
        default = shown(name, getattr(defaults, name), "").strip()
        yield f"| `{name}` | {unit} | {default} | {spec.tighter} | {spec.meaning} |"


def _reasons() -> Iterator[str]:
    yield "| code | closing too | meaning | what to do |"
    yield "|---|---|---|---|"
    closing = {check.reason for check in _all_checks() if not check.entries_only}
    for reason in Reason:
        too = "yes" if reason in closing else "no"
        yield f"| `{reason}` | {too} | {reason.meaning} | {_template(reason)} |"


def _template(reason: Reason) -> str:
    """The remedy with the names of what is filled in, in upper case."""
    if reason is Reason.UNSUPPORTED:
        return "Use what the answer names instead."
    return re.sub(r"{(\w+)}", lambda name: name[1].upper(), reason.remedy.replace("{note}", ""))


def _all_checks() -> tuple[Check, ...]:
    """Every check there is: those under limits that are all on."""
    return in_force(Limits(allow=("*",), loss_streak=1))
