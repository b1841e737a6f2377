"""Accounts brought to life: market, venue, reconcile; what cannot be reached is tried again, alone.

An account's two modes are two venues: a live one that does not let us in does not keep paper from trading.
"""

import asyncio

from bot.desk import LiveDesk
from handlers.accounts import in_use
from trading import events as e
from trading.errors import VenueError
from trading.ids import derive
from trading.intent import AccountId
from trading.ports import Executor, Market

AGAIN_S = (2, 5, 15, 60)  # between attempts; the last one for ever


class Connections:
    """Starts markets and executors, each once, and says which accounts may trade."""

    def __init__(self, desk: LiveDesk) -> None:
        self.desk = desk
        self._running: list[Market | Executor] = []

    async def connect(self, name: str) -> list[str]:
        """Bring up what of one account is not; answers what to say of it. `desk.unready` has why it may not trade."""
        accounts = [a for a in self.desk.executors if a.name == name and self.desk.unready.get(a)]
        try:
            await self._start(self.desk.markets[name])
        except VenueError as why:
            self.desk.unready.update(dict.fromkeys(accounts, f"{name} is not connected: {why}"))
            return [f"{name} is not connected, it is tried again: {why}"]
        return [line for account in accounts if (line := await self._bring_up(account))]

    async def _bring_up(self, account: AccountId) -> str:
        try:
            await self._start(self.desk.executors[account])
        except VenueError as why:
            self.desk.unready[account] = f"{account} is not connected: {why}"
            return f"{account} is not connected, it is tried again: {why}"
        return await self._reconcile(account)

    async def _start(self, part: Market | Executor) -> None:
        if not any(part is running for running in self._running):
            await part.start()
            self._running.append(part)

    async def _reconcile(self, account: AccountId) -> str:
        outcome = await self.desk.reconciler.reconcile(account, thorough=True)
        self.desk.unready[account] = outcome.problem
        matters = account in in_use(self.desk.book, [account.name])
        return outcome.text if outcome.problem or outcome.fills or outcome.drifts or matters else ""

    def waiting(self) -> list[AccountId]:
        """The accounts that are not connected or not reconciled, in a mode."""
        return [account for account, why in self.desk.unready.items() if why]

    async def keep_trying(self) -> None:
        """Try the waiting accounts again until all may trade, and say so."""
        failed = 0
        while waiting := self.waiting():
            await asyncio.sleep(AGAIN_S[min(failed, len(AGAIN_S) - 1)])
            failed += 1
            for name in sorted({account.name for account in waiting}):
                lines = await self.connect(name)
                if up := [each for each in waiting if each.name == name and each not in self.waiting()]:
                    text = "; ".join([f"{' and '.join(map(str, up))} connected", *lines])
                    notice = e.Noticed(derive("connected", name, str(failed)), "info", "connection", text)
                    await self.desk.book.record(notice)

    async def stop(self) -> None:
        """Stop what was started, the last first: executors before their markets."""
        while self._running:
            await self._running.pop().stop()
