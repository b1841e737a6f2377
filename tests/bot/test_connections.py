"""An exchange that does not answer at the start keeps nobody else from trading, and is tried again."""

from pathlib import Path

from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.running import running
from trading.intent import AccountId, Mode

TOML = """
[accounts.demo]
venue = "paper"
[accounts.watch]
venue = "paper"
market = "binance"
rest_url = "{url}"
[market]
symbols = ["BTC/USDT"]
"""


async def test_an_exchange_that_is_down_at_the_start_is_connected_when_it_answers(tmp_path: Path) -> None:
    async with Binance(1_700_000_000_000) as exchange:
        Spot(exchange).show("BTCUSDT", [["61500.01000000", "5.00000000"]], [["61500.03000000", "5.00000000"]])
        await exchange.close()
        async with running(tmp_path, toml=TOML.format(url=exchange.url)) as desk:
            assert "watch is not connected" in "\n".join(desk.app.card(0))
            assert (await desk.say("/buy BTC/USDT 0.001")).ok
            refused = await desk.say("/buy BTC/USDT 0.001 account=watch")
            assert not refused.ok
            await exchange.open()
            paper = AccountId("watch", Mode.PAPER)
            await desk.until(lambda: not desk.app.desk.unready[paper], 30)
            bought = await desk.say("/buy BTC/USDT 0.001 account=watch")
            assert bought.ok, bought.text
            assert "61,500.03" in bought.text
