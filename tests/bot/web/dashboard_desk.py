"""A desk with its dashboard in a process of its own, for a browser to look at.

`python -m tests.bot.web.dashboard_desk FOLDER PORT` prints the address, the local token and a viewer's. On standard
input, `link` is answered by a new sign-in link, `ask` by the one that vic, a viewer, is given in chat, `revoke` by the
end of the viewer's token, and by "done": `stranger` once somebody asks to be let in, `orders N` once N more orders are
in the journal, `storm S` once 500 events a second were for S seconds. `stop` is the end of it all.
"""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

from bot.app import App
from bot.logs import LogTail
from bot.settings.loading import load
from bot.web.dashboard.mount import add_dashboard
from bot.web.server import WebServer, build_server
from handlers.actor import Role
from trading import events as e
from trading.clock import SystemClock
from trading.instruments import Side, Symbol, trap_floats
from trading.intent import Mode, OrderType, TimeInForce
from trading.journal.store import open_journal

BATCH = 500  # orders in one transaction
STEP_S = 0.02  # between two transactions of a storm, of ten events each


async def serve(folder: Path, port: int) -> None:
    """Until standard input ends or says stop."""
    trap_floats()
    settings = load(None, folder, port, {"TILLER_RISK__DUPLICATE_WINDOW_S": "0", "TILLER_PEOPLE__VIC__ROLE": "viewer"})
    async with await open_journal(settings.database.url) as store:
        app = App(settings, store, SystemClock(), LogTail())
        web = WebServer("127.0.0.1", port)
        server = build_server(app)
        add_dashboard(server, app)
        await web.start(server)
        await app.start()
        token, _ = await app.tokens.local()
        viewer = await app.tokens.issue(Role.VIEWER)
        print(web.url, token, viewer, flush=True)
        loop = asyncio.get_running_loop()
        while (asked := (await loop.run_in_executor(None, sys.stdin.readline)).strip()) not in ("", "stop"):
            print(await _answer(app, web, *asked.split()), flush=True)
        await app.stop("test")
        await web.stop()


async def _answer(app: App, web: WebServer, asked: str, amount: str = "0") -> str:
    if asked == "link":
        return f"{web.url}/login?link={app.tokens.link()}"
    if asked == "ask":
        told = await app.run("/link", app.desk.people.person("vic"), "telegram", place="telegram:1111")
        return f"{web.url}/login{told.text.partition('/login')[2].split()[0]}"
    if asked == "revoke":
        number = (await app.store.tokens.list())[-1]["id"]
        return str(await app.store.tokens.revoke(number, app.clock.now()))
    if asked == "stranger":
        await app.book.record(e.StrangerSeen("telegram:999", "Zoe"))
    elif asked == "orders":
        for _ in range(int(amount) // BATCH):
            await app.book.record(*_denied(app, BATCH))
    elif asked == "storm":
        loop = asyncio.get_running_loop()
        due = loop.time()
        for _ in range(round(float(amount) / STEP_S)):
            await app.book.record(*_denied(app, 5))
            due += STEP_S
            await asyncio.sleep(due - loop.time())
    return "done"


def _denied(app: App, count: int) -> list[e.AnyEvent]:
    """Orders that somebody asked for and the gate denied: two events each, and an alert."""
    found: list[e.AnyEvent] = []
    for number in range(count):
        name = f"t{app.book.journal.last_seq}n{number}"
        found += [
            e.OrderInitialized(
                name, name, "demo", Mode.PAPER, Symbol("BTC/USDT"), Side.BUY, OrderType.LIMIT, TimeInForce.GTC,
                Decimal("0.01"), "person:bob", "api", "/buy BTC/USDT 0.01 59000", Decimal(59000),
            ),
            e.OrderDenied(name, "MAX_ORDER_VALUE", "order value 590 USDT, limit 500"),
        ]  # fmt: skip
    return found


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
