"""A desk with its console in a process of its own, for a browser to look at: `python -m tests.bot.web.console_desk`.

Prints the address, the local token and a viewer's. On standard input, `link` is answered by a new sign-in link,
`revoke` by the end of the viewer's token, and `stop` by the end of it all.
"""

import asyncio
import sys
from pathlib import Path

from bot.app import App
from bot.logs import LogTail
from bot.settings.loading import load
from bot.web.console.mount import add_console
from bot.web.server import WebServer, build_server
from handlers.actor import Role
from trading.clock import SystemClock
from trading.instruments import trap_floats
from trading.journal.store import open_journal


async def serve(folder: Path, port: int) -> None:
    """Until standard input ends or says stop."""
    trap_floats()
    settings = load(None, folder, port, {"TILLER_RISK__DUPLICATE_WINDOW_S": "0"})
    async with await open_journal(settings.database.url) as store:
        app = App(settings, store, SystemClock(), LogTail())
        web = WebServer("127.0.0.1", port)
        server = build_server(app)
        add_console(server, app)
        await web.start(server)
        await app.start()
        token, _ = await app.tokens.local()
        viewer = await app.tokens.issue(Role.VIEWER)
        print(web.url, token, viewer, flush=True)
        loop = asyncio.get_running_loop()
        while (asked := (await loop.run_in_executor(None, sys.stdin.readline)).strip()) not in ("", "stop"):
            if asked == "link":
                print(f"{web.url}/login?link={app.tokens.link()}", flush=True)
            elif asked == "revoke":
                number = (await app.store.tokens.list())[-1]["id"]
                print(await app.store.tokens.revoke(number, app.clock.now()), flush=True)
        await app.stop("test")
        await web.stop()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
