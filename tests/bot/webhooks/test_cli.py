"""`tiller webhook`: sources from the shell, with the bot up or down."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bot.process import Bot, Tiller, one_line


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with Bot(tmp_path_factory.mktemp("desk") / "data") as running:
        yield running


def path_of(text: str) -> str:
    found = re.search(r"https://YOUR-HOST(/webhooks/\S+)", text)
    assert found, text
    return found[1]


def test_a_source_made_beside_a_running_bot_is_known_to_it_at_once(bot: Bot, cli: Tiller) -> None:
    where = ("--data-dir", bot.folder)
    code, out, err = cli("webhook", "new", "pine", *where)
    assert (code, err) == (0, "")
    path = path_of(out)
    messages = [json.loads(text) for text in re.findall(r"^\{.*?^\}", out, re.DOTALL | re.MULTILINE)]
    assert [message["action"] for message in messages] == ["buy", "target"]
    assert httpx.post(f"{bot.url}{path}", content="buy BTC/USDT 0.001").json()["accepted"] is True
    code, rotated, _ = cli("webhook", "rotate", "pine", *where)
    assert code == 0
    assert httpx.post(f"{bot.url}{path}", content="buy BTC/USDT 0.002").status_code == 401
    assert httpx.post(f"{bot.url}{path_of(rotated)}", content="buy BTC/USDT 0.002").status_code == 200
    secrets = [path.rpartition("/")[2], path_of(rotated).rpartition("/")[2]]
    code, listed, _ = cli("webhook", "list", *where)
    assert listed.startswith("pine ")
    exported = cli("journal", "export", *where)[1]
    for secret in secrets:
        assert secret not in listed + exported + bot.errors() + (bot.folder / "token").read_text()
    assert cli("webhook", "remove", "pine", *where)[0] == 0
    assert httpx.post(f"{bot.url}{path_of(rotated)}", content="buy BTC/USDT 0.003").status_code == 401


def test_a_refusal_says_what_to_type_in_the_shell(bot: Bot, cli: Tiller) -> None:
    where = ("--data-dir", bot.folder)
    assert cli("webhook", "new", "twice", *where)[0] == 0
    code, _, err = cli("webhook", "new", "twice", *where)
    assert code == 1
    assert "tiller webhook rotate twice" in one_line(err)
    code, _, err = cli("webhook", "rotate", "nope", *where)
    assert code == 1
    assert "tiller webhook list" in one_line(err)


def test_a_message_is_tried_with_the_bot_up(bot: Bot, cli: Tiller, tmp_path: Path) -> None:
    where = ("--data-dir", bot.folder)
    cli("webhook", "new", "trial", *where)
    message = tmp_path / "message"
    message.write_text('{"ticker": "BINANCE:ETHUSDT", "side": "buy", "contracts": "0.01234567"}')
    code, out, _ = cli("webhook", "test", "trial", "--body", message, *where)
    assert code == 0
    for said in ("trial: trader on PAPER demo", "/buy ETH/USDT 0.01234567", "BUY 0.0123 ETH/USDT", "Would send: paper"):
        assert said in out
    assert "pass  MAX_ORDER_VALUE" in out
    message.write_text("buy {{ticker}} 1")
    code, out, _ = cli("webhook", "test", "trial", "--body", message, *where)
    assert code == 1
    assert "{{ticker}}" in out
    assert cli("webhook", "test", "nope", "--body", message, *where)[0] == 1
    assert "cannot be read" in one_line(cli("webhook", "test", "trial", "--body", tmp_path / "none", *where)[2])


def test_a_message_is_tried_with_the_bot_down(cli: Tiller, tmp_path: Path) -> None:
    folder, message = tmp_path / "data", tmp_path / "message"
    where = {"TILLER_WEB__PORT": "1"}
    assert cli("webhook", "new", "pine", "--data-dir", folder)[0] == 0
    message.write_text("buy ETH/USDT $50 sl=900")
    code, _, err = cli("webhook", "test", "pine", "--body", message, "--data-dir", folder, **where)
    assert code == 1
    one_line(err)  # there is no journal yet
    cli("db", "upgrade", "--data-dir", folder)
    code, out, _ = cli("webhook", "test", "pine", "--body", message, "--data-dir", folder, **where)
    assert "No Tiller runs" in out
    assert "BUY " in out
    assert "Nothing was sent." in out


@pytest.mark.parametrize(
    ("words", "code"),
    [("new A!", 1), ("new p --account x", 1), ("new p --role boss", 2), ("new p --confirm x", 1), ("rotate p", 1)],
)
def test_wrong_words_are_one_line(words: str, code: int, cli: Tiller, tmp_path: Path) -> None:
    found, out, err = cli("webhook", *words.split(), "--data-dir", tmp_path / "data")
    assert (found, out) == (code, "")
    one_line(err)
