"""kill -9 while it writes: what was answered is there, and the chain holds."""

import asyncio
import sys
from asyncio.subprocess import PIPE

from tests.trading.journal.conftest import Place
from tests.trading.journal.facts import NOON, noticed
from trading.errors import JournalError
from trading.journal.store import open_journal

ANSWERS = (3, 40)  # after how many acknowledged appends the process is killed


async def kill_while_writing(place: Place, answers: int) -> int:
    """The last sequence number that the process was told of before it died."""
    command = (sys.executable, "-m", "tests.trading.journal.writing", place.url)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    seen = 0
    while seen < answers and await process.stdout.readline():
        seen += 1
    process.kill()
    rest = (await process.stdout.read()).decode()
    await process.wait()
    await place.forget_sessions()
    assert seen == answers
    whole = [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    return answers + len(whole)


async def test_everything_acknowledged_survives(place: Place) -> None:
    told = 0
    for answers in ANSWERS:
        told += 2 * await kill_while_writing(place, answers)
        async with await open_journal(place.url) as journal:
            total = await journal.verify_chain()
            assert total >= told
            assert total % 2 == 0, "a transaction is whole or not there"
            notices = [getattr(entry.event, "notice_id", "") async for entry in journal.read()]
            orders = {key: values["text"] async for key, values in journal.rows("orders")}
            # Each append wrote its number into an event and, in the same transaction, into the row.
            assert orders == {"o1": notices[-1]}
            told = total


async def test_a_killed_process_is_no_second_writer(place: Place) -> None:
    command = (sys.executable, "-m", "tests.trading.journal.writing", place.url)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        await open_journal(place.url)
    except JournalError as why:
        refusal = why.text
    process.kill()
    await process.wait()
    await place.forget_sessions()
    assert "nother Tiller is using this database" in refusal
    async with await open_journal(place.url) as journal:
        await journal.append([noticed(1)], NOON, [])
