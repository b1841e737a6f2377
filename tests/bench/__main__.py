"""`python -m tests.bench`: the desk's own figures, each beside a floor or a rival measured in the same run.

Prints a table and writes `bench.json`. Medians; quote the ratios rather than the times.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.bench.binance import binance
from tests.bench.bridge import bridge
from tests.bench.chats import chats
from tests.bench.history import history
from tests.bench.hot_path import to_executor
from tests.bench.parts import Row, show, with_app
from tests.bench.process import process
from tests.bench.streams import streams
from tests.bench.webhooks import webhooks
from trading.instruments import trap_floats


def main() -> int:
    trap_floats()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hot").mkdir()
        rows += asyncio.run(with_app(folder / "hot", lambda app: to_executor(app, folder)))
        rows += asyncio.run(history(folder))
        rows += asyncio.run(process(folder))
        rows += asyncio.run(binance(folder))
        rows += asyncio.run(bridge(folder))
        rows += asyncio.run(chats(folder))
        rows += asyncio.run(webhooks(folder))
        rows += asyncio.run(streams())
    show(rows)
    Path("bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(each["ok"] for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
