"""Tasks that are kept running: what health says of one that failed."""

import asyncio
from typing import Any

from bot.supervise import STEADY_S, Supervisor
from tests.loop import run_virtually


def test_a_failure_is_shown_until_the_task_has_been_steady_again() -> None:
    async def play(clock: Any) -> list[dict[str, str]]:
        told: list[str] = []
        runs = 0

        async def mishap(where: str, why: Exception) -> None:
            told.append(where)

        async def once() -> None:
            nonlocal runs
            runs += 1
            if runs == 1:
                raise OSError("gone")
            await asyncio.Event().wait()

        async def always() -> None:
            raise OSError("gone")

        supervisor = Supervisor(mishap)
        supervisor.start("once", once)
        supervisor.start("always", always)
        await asyncio.sleep(2)
        shown = [supervisor.health()]
        await asyncio.sleep(STEADY_S)
        shown.append(supervisor.health())
        await supervisor.stop()
        assert told.count("once") == 1
        return shown

    failed = "OSError: gone"
    assert run_virtually(play) == [{"once": failed, "always": failed}, {"once": "", "always": failed}]
