"""Strategies: which run, what they wanted, starting and stopping them."""

from typing import Annotated

from handlers.actor import Role
from handlers.context import Context
from handlers.figures import moment, price
from handlers.reply import Button, Reply, Table
from handlers.spec import Arg, command
from handlers.values import StrategyName


@command(group="strategies")
async def strategies(ctx: Context) -> Reply:
    """List the strategies and whether they run."""
    rows, buttons = [], []
    for name in ctx.desk.strategies:
        config, running = ctx.desk.runner.config(name), ctx.desk.runner.running(name)
        params = ", ".join(f"{key}={value}" for key, value in config.params.items())
        state = "running" if running else "stopped"
        rows.append(
            (name, f"{config.class_name}({params})", config.account, ", ".join(config.symbols), config.timeframe, state)
        )
        buttons.append(
            Button(f"Stop {name}", f"/stop_strategy {name}")
            if running
            else Button(f"Start {name}", f"/start_strategy {name}")
        )
    table = Table.of(
        ("Name", "What", "Account", "Symbols", "Bars", "State"), rows, ("Name", "Symbols", "Bars", "State")
    )
    return Reply("", table=table, buttons=tuple(buttons[:5])) if rows else Reply("No strategies are configured.")


@command(role=Role.TRADER, group="strategies")
async def start_strategy(ctx: Context, name: Annotated[StrategyName, Arg("Which strategy")]) -> Reply:
    """Let a strategy trade."""
    await ctx.desk.runner.start(name, ctx.actor.id)
    state = ctx.book.state(name, ctx.desk.runner.config(name).account)
    note = "" if state == "ACTIVE" else f" But it is {state}: entries wait for /resume."
    return Reply.good(f"{name} runs.{note}")


@command(role=Role.TRADER, group="strategies")
async def stop_strategy(ctx: Context, name: Annotated[StrategyName, Arg("Which strategy")]) -> Reply:
    """Stop a strategy; its positions and orders stay."""
    await ctx.desk.runner.stop(name, ctx.actor.id)
    return Reply.good(f"{name} is stopped. Its positions stay: /positions, /close.")


@command(group="strategies")
async def signals(
    ctx: Context,
    name: Annotated[StrategyName | None, Arg("Only this strategy")] = None,
) -> Reply:
    """List what the strategies wanted last, and what became of it."""
    found = await ctx.desk.history.signals(strategy=name or "", limit=15)
    rows = [
        (
            moment(s["bar_close"], ctx.desk.timezone),
            s["strategy"],
            f"{s['side']} {s['symbol']}",
            price(s["price"]),
            s["outcome"],
        )
        for s in found
    ]
    table = Table.of(
        ("Bar close", "Strategy", "Signal", "Price", "Outcome"), rows, ("Bar close", "Signal", "Price", "Outcome")
    )
    return Reply("", table=table) if rows else Reply("No signals yet.")
