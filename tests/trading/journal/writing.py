"""`python -m tests.trading.journal.writing URL`: append for ever, and say each time what was answered."""

import asyncio
import sys

from tests.trading.journal.facts import NOON, initialized, noticed, order_row
from trading.journal.store import open_journal


async def main(url: str) -> None:
    journal = await open_journal(url)
    while True:
        number = journal.last_seq
        recorded = await journal.append([initialized("o1"), noticed(number)], NOON, [order_row("o1", text=str(number))])
        print(recorded[-1].seq, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
