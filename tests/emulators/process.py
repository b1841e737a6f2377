"""An emulator as a process of its own, worked through its control endpoint."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]
Control = Callable[..., Awaitable[Any]]
Worked = tuple[aiohttp.ClientSession, dict[str, str], Control]


@asynccontextmanager
async def emulated(module: str, *arguments: str) -> AsyncIterator[Worked]:
    """A client, the addresses that the process printed, and `control(do, **detail)`; it ends as it should."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        addresses = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as session:

            async def control(do: str, **detail: Any) -> Any:
                async with session.post(addresses["control_url"], json={"do": do, **detail}) as answer:
                    body = await answer.json()
                    return body.get("result", body.get("error"))

            yield session, addresses, control
    finally:
        process.terminate()
        assert await process.wait() == 0
