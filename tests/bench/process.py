"""The real process: its start, its memory, its idle cost."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.bench.parts import Row, row
from tests.crash.bot import Bot, ready


async def process(folder: Path) -> list[Row]:
    """Start to ready, and idle cost, of the real process."""
    times, floors = [], []
    for number in range(3):
        place = folder / f"run{number}"
        place.mkdir()
        floors.append(await asyncio.to_thread(import_floor))
        began = time.perf_counter()
        bot = Bot(place)
        async with bot.client() as client:
            await ready(client)
        times.append(time.perf_counter() - began)
        if number < 2:
            bot.kill()
    await asyncio.sleep(5)
    before, at = cpu(bot.process.pid), time.perf_counter()
    await asyncio.sleep(20)
    share = (cpu(bot.process.pid) - before) / (time.perf_counter() - at) * 100
    memory = resident(bot.process.pid)
    async with bot.client() as client:
        calls = await round_trips(client)
    bot.kill()
    start = statistics.median(times)
    return [
        row("start to ready", start, "s", statistics.median(floors), "under 3 s", start < 3),
        row("idle memory", memory, "MB", None, "under 150 MB", memory < 150),
        row("idle processor", share, "% of a core", None, "under 2%", share < 2),
        row("/status over HTTP", calls * 1e3, "ms", None, "", True),
    ]


def import_floor() -> float:
    """Seconds that Python needs for the libraries alone."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi, uvicorn, tortoise, apscheduler, nicegui"], check=True)
    return time.perf_counter() - began


async def round_trips(client: httpx.AsyncClient) -> float:
    times = []
    for _ in range(60):
        began = time.perf_counter()
        await client.post("/api/v1/commands", json={"line": "/status"})
        times.append(time.perf_counter() - began)
        await asyncio.sleep(0.025)
    return statistics.median(times)


def cpu(pid: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
