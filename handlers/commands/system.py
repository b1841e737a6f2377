"""The process itself: health, logs, version, audit, settings."""

from typing import Annotated

from handlers.actor import Role
from handlers.context import Context
from handlers.figures import moment
from handlers.literals import at_most
from handlers.reply import Reply, Table, Tone
from handlers.spec import Arg, Choice, command
from handlers.values import did_you_mean
from trading.errors import IntentError


@command(group="system")
async def health(ctx: Context) -> Reply:
    """Show whether each part works."""
    checks = ctx.desk.health()
    bad = [name for name, (fine, _) in checks.items() if not fine]
    rows = [(name, "ok" if fine else "NOT OK", text) for name, (fine, text) in checks.items()]
    text = f"Not well: {', '.join(bad)}" if bad else "All parts work."
    table = Table.of(("Part", "State", "About"), rows)
    return Reply(text, table=table, tone=Tone.BAD if bad else Tone.GOOD)


@command(role=Role.ADMIN, group="system", private=True)
async def logs(ctx: Context, count: Annotated[int, Arg("How many lines")] = 20) -> Reply:
    """Show the last log lines; secrets are left out."""
    return Reply("\n".join(ctx.desk.log_lines(at_most(count, 200))) or "Nothing was logged yet.", private=True)


@command(group="system")
async def version(ctx: Context) -> Reply:
    """Show which Tiller this is."""
    return Reply(f"Tiller {ctx.desk.version}")


@command(role=Role.ADMIN, group="system", private=True)
async def audit(ctx: Context, count: Annotated[int, Arg("How many entries")] = 20) -> Reply:
    """Show who ran what, and what was refused."""
    rows = []
    for entry in await ctx.desk.history.latest("CommandRun", limit=at_most(count, 200)):
        run = entry["payload"]
        result = "ok" if run["ok"] else run.get("code", "refused")
        rows.append((moment(entry["at"], ctx.desk.timezone), run["actor"], run["surface"], run["line"], result))
    return Reply(
        "",
        table=Table.of(("When", "Who", "From", "Line", "Result"), rows, ("When", "Who", "Line", "Result")),
        private=True,
    )


def _keys(ctx: Context) -> list[Choice]:
    return [Choice(key, value) for key, value in ctx.desk.settings.items()]


@command(role=Role.ADMIN, group="system", private=True)
async def config(
    ctx: Context, key: Annotated[str | None, Arg("A setting or a section", complete=_keys, example="risk")] = None
) -> Reply:
    """Show the settings; secrets only as set or not set."""
    found = {k: v for k, v in ctx.desk.settings.items() if key is None or k == key or k.startswith(f"{key}.")}
    if not found:
        remedy = did_you_mean(key or "", ctx.desk.settings, "See docs/settings.md.")
        raise IntentError(f"There is no setting {(key or '')[:40]!r}.", remedy, code="NO_SETTING")
    return Reply("", table=Table.of(("Setting", "Value"), found.items()), private=True)
