"""A start that is refused tells no secret, and the first token is still told by the first start that succeeds."""

import re
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.process import Bot, Tiller, one_line, tiller

SECRET = re.compile(r"tlr_|link=")
UNKNOWN_STRATEGY = (
    '[accounts.demo]\n[strategies.x]\nclass = "nosuch"\naccount = "demo"\nsymbols = ["BTC/USDT"]\ntimeframe = "1m"\n'
)


def token_free(folder: Path, cli: Tiller) -> bool:
    """No token was made, neither in the file nor in the database."""
    return not (folder / "token").exists() and "no tokens yet" in cli("token", "--data-dir", folder)[1]


def test_a_port_that_is_taken(tmp_path: Path, cli: Tiller) -> None:
    folder = tmp_path / "data"
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        code, out, err = cli("run", "--data-dir", folder, "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "cannot be used" in one_line(err)
    assert not SECRET.search(out + err)
    assert token_free(folder, cli)
    with Bot(folder) as bot:
        assert bot.screen.count(bot.token) == 1


def test_a_strategy_that_there_is_not(tmp_path: Path, cli: Tiller) -> None:
    config, folder = tmp_path / "desk.toml", tmp_path / "data"
    config.write_text(UNKNOWN_STRATEGY)
    code, out, err = cli("run", "--config", config, "--data-dir", folder, "--port", "0")
    assert code == 2
    assert "'nosuch' is not a strategy" in one_line(err)
    assert not SECRET.search(out + err)
    assert token_free(folder, cli)


@pytest.mark.parametrize("spoilt", ["DELETE FROM events WHERE seq = 3", "UPDATE events SET hash = 'x' WHERE seq = 2"])
def test_a_journal_that_is_damaged(tmp_path: Path, spoilt: str) -> None:
    """The web server runs by the time the journal is read: nothing of the way in may be told before."""
    folder = tmp_path / "data"
    with Bot(folder) as bot:
        bot.stop()
    (folder / "token").unlink()
    with closing(sqlite3.connect(folder / "tiller.db")) as database:
        database.execute(spoilt)
        database.commit()
    done = tiller(folder, "run", "--port", "0")
    assert done.returncode == 1
    assert "tiller db restore" in done.stderr
    assert not SECRET.search(done.stdout + done.stderr)
    assert not (folder / "token").exists()
