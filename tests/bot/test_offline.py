"""With the bot down: the journal proves itself, the brake holds, backups come back, nothing is changed by mistake."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from tests.bot.process import Bot, Tiller, environment, one_line, tiller


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a bot that traded and was then killed, without a chance to tidy up."""
    folder = tmp_path_factory.mktemp("left") / "data"
    lines = ["/buy BTC/USDT 0.002 sl=50000 tp=70000", "/buy ETH/USDT $50 2000", "/buy BTC/USDT $999999"]
    with Bot(folder) as bot:
        tiller(folder, "chat", typed="\n".join(lines))
        ((denied,),) = ask(folder, "SELECT id FROM orders WHERE status = 'DENIED'")
        tries = (tiller(folder, "why", denied).stdout for _ in range(20))
        (folder / "why.txt").write_text(next(told for told in tries if "Told to:" in told))
        bot.process.kill()
    (folder / "address").unlink()
    return folder


@pytest.fixture
def folder(left: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(left, tmp_path / "data"))


def ask(folder: Path, question: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(folder / "tiller.db")) as database:
        return database.execute(question).fetchall()


def journal(folder: Path) -> list[tuple[str, ...]]:
    """Every entry as it is stored."""
    return ask(folder, "SELECT seq, type, payload, hash FROM events ORDER BY seq")


def types(folder: Path) -> list[str]:
    return [kind for (kind,) in ask(folder, "SELECT type FROM events ORDER BY seq")]


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "tiller.db")) as database, database:
        assert database.execute(statement).rowcount == 1


# --- the journal -----------------------------------------------------------------------------


def test_verify_counts_and_changes_nothing(folder: Path, cli: Tiller) -> None:
    before = journal(folder)
    said = f"{len(before)} events, chain unbroken, projections equal\n"
    assert cli("journal", "verify", "--data-dir", folder) == (0, said, "")
    assert journal(folder) == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE events SET payload = replace(payload, 'BTC', 'ETH') WHERE seq = {n}", "entry {n} was altered"),
        ("DELETE FROM events WHERE seq = {n}", "entry {n} is missing"),
        ("UPDATE events SET payload = 'x' WHERE seq = {n}", "entry {n} was altered"),
        ("UPDATE fills SET price = '1'", "fills .*: price is 1, the journal says"),
        ("UPDATE orders SET status = 'CANCELED' WHERE status = 'DENIED'", "orders .*: status is CANCELED.* DENIED"),
        ("UPDATE balances SET amount = '1' WHERE currency = 'USDT' AND mode = 'paper'", "balances .*: amount is 1, "),
        ("DELETE FROM positions", "positions .*: is in the journal, but not stored"),
        ("INSERT INTO balances (id, account, mode, currency, amount) VALUES ('x', 'demo', 'paper', 'EUR', '5')",
         "balances x: is stored, but not in the journal"),
    ],
)  # fmt: skip
def test_verify_names_what_was_tampered_with(statement: str, said: str, folder: Path, cli: Tiller) -> None:
    number = 1 + types(folder).index("OrderInitialized")
    change(folder, statement.format(n=number))
    code, out, err = cli("journal", "verify", "--data-dir", folder)
    assert (code, out) == (1, "")
    assert re.search(said.format(n=number), one_line(err))
    assert "restore" in err


def test_a_broken_journal_does_not_start(folder: Path, cli: Tiller) -> None:
    number = 1 + types(folder).index("OrderFilled")
    change(folder, f"UPDATE events SET payload = 'x' WHERE seq = {number}")
    before = journal(folder)
    code, _, err = cli("run", "--port", "0", "--data-dir", folder)
    *logged, said = err.splitlines(keepends=True)
    assert code == 1
    assert f"entry {number}" in one_line(said)
    assert "Traceback" not in err
    assert [line for line in logged if '"level": "error"' in line] == []
    assert journal(folder) == before


def test_export_is_every_event_as_a_line(folder: Path, cli: Tiller) -> None:
    code, out, err = cli("journal", "export", "--data-dir", folder)
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [(line["seq"], line["type"], line["hash"]) for line in lines] == ask(
        folder, "SELECT seq, type, hash FROM events ORDER BY seq"
    )
    target = folder / "all.jsonl"
    assert cli("journal", "export", "--to", target, "--data-dir", folder)[0] == 0
    assert target.read_text() == out
    code, _, err = cli("journal", "export", "--to", target, "--data-dir", folder)
    assert code == 1
    assert "is there already" in one_line(err)
    assert target.read_text() == out


def test_tail_tells_the_last_events_in_words(folder: Path, cli: Tiller) -> None:
    code, out, _ = cli("journal", "tail", "-n", "3", "--data-dir", folder)
    assert code == 0
    assert [int(line.split()[0]) for line in out.splitlines()] == [n for (n,) in ask(
        folder, "SELECT seq FROM (SELECT seq FROM events ORDER BY seq DESC LIMIT 3) ORDER BY seq"
    )]  # fmt: skip
    _, everything, _ = cli("journal", "tail", "-n", "1000", "--data-dir", folder)
    assert "OrderDenied: Denied. MAX_ORDER_VALUE" in everything
    assert "check FAILED  MAX_ORDER_VALUE" in everything
    assert "check passed" not in everything
    assert "{" not in everything, "not in words"
    assert "AccountOpened: PAPER demo opened at paper with 10,000 USDT" in everything


def test_why_tells_the_same_with_the_bot_down(folder: Path, cli: Tiller) -> None:
    ((denied,),) = ask(folder, "SELECT id FROM orders WHERE status = 'DENIED'")
    told = (folder / "why.txt").read_text()
    assert "FAILED  MAX_ORDER_VALUE" in told
    assert cli("why", denied[:6], "--data-dir", folder) == (0, told, "")
    code, out, err = cli("why", "nonsense", "--data-dir", folder)
    assert (code, err) == (1, "")
    assert "nonsense" in out


def test_nothing_to_read_yet(tmp_path: Path, cli: Tiller) -> None:
    for words in (["journal", "verify"], ["journal", "export"], ["why", "abc"], ["db", "backup", "x"]):
        code, out, err = cli(*words, "--data-dir", tmp_path / "none")
        assert (code, out) == (1, "")
        assert "tiller run" in one_line(err)
    assert list(tmp_path.iterdir()) == []


# --- the brake -------------------------------------------------------------------------------


def test_a_kill_while_it_is_down_is_done_at_the_next_start(folder: Path, cli: Tiller) -> None:
    code, out, err = cli("kill", "--flatten", "--data-dir", folder)
    assert (code, err) == (0, "")
    assert "HALTED" in out
    assert "next start" in out
    assert types(folder)[-2:] == ["TradingStateChanged", "KillStarted"]
    with Bot(folder) as bot:
        assert bot.token not in bot.screen  # it was shown at the first start
        assert cli("chat", "-c", "/buy BTC/USDT $50", "--data-dir", folder)[0] == 1
        until_told(folder, "KillFinished")
    assert types(folder).count("KillStarted") == 1  # the KILL file is that same kill
    assert ask(folder, "SELECT id FROM orders WHERE status IN ('SUBMITTED', 'ACCEPTED', 'PARTIALLY_FILLED')") == []
    assert ask(folder, "SELECT quantity FROM positions") == [("0",)]
    code, out, err = cli("resume", "--data-dir", folder)
    assert (code, err) == (0, "")
    assert "The desk was HALTED by local:shell at " in out
    assert "(KILL file)" in out
    assert not (folder / "KILL").exists()
    assert cli("resume", "--data-dir", folder)[:2] == (0, "The desk was not halted or paused.\n")
    with Bot(folder):
        assert cli("chat", "-c", "/buy BTC/USDT $50", "--data-dir", folder)[0] == 0


def until_told(folder: Path, kind: str) -> None:
    """Follow the journal until something happens."""
    command = [sys.executable, "-m", "bot", "journal", "tail", "-f", "-n", "50", "--data-dir", str(folder)]
    clean = environment(folder.parent)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder.parent, env=clean) as following:
        assert following.stdout is not None
        assert any(kind in line for line in following.stdout)
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 0


def test_a_kill_before_the_first_start(tmp_path: Path, cli: Tiller) -> None:
    code, out, err = cli("kill", "--data-dir", tmp_path / "data")
    assert (code, out) == (2, "")
    assert "nothing was halted" in one_line(err)
    assert not (tmp_path / "data").exists(), "a wrong folder is not made into a desk"
    (tmp_path / "data").mkdir()
    assert cli("kill", "--data-dir", tmp_path / "data")[0] == 0
    assert (tmp_path / "data" / "KILL").read_text() == "kill\n"
    assert types(tmp_path / "data") == ["TradingStateChanged", "KillStarted"]


def test_a_kill_from_a_shell_that_has_none_of_the_bots_secrets(folder: Path, cli: Tiller) -> None:
    settings = folder.parent / "broker.toml"
    settings.write_text('[accounts.broker]\nvenue = "mt5"\ntransport = "bridge"\nbridge_url = "ws://127.0.0.1:1"\n')
    code, out, err = cli("kill", "--flatten", "--data-dir", folder, "--config", settings)
    assert (code, err) == (1, "")
    assert (folder / "KILL").read_text() == "flatten\n"
    assert "[accounts.broker] bridge_token is empty." in out
    assert "It is halted by the file at the next start." in out
    (folder / "KILL").unlink()
    with Bot(folder):  # with a bot there it is the bot that knows them
        code, out, err = cli("kill", "--data-dir", folder, "--config", settings)
        assert (code, err) == (0, "")
        assert "The desk is HALTED." in out
        assert cli("resume", "--data-dir", folder, "--config", settings)[0] == 0


def test_a_kill_that_the_settings_prevent_says_what_halts_it_all_the_same(folder: Path, cli: Tiller) -> None:
    (folder.parent / "wrong.toml").write_text("data_dri = 'x'")
    code, out, err = cli("kill", "--data-dir", folder, "--config", folder.parent / "wrong.toml")
    assert (code, out) == (2, "")
    assert "did you mean data_dir?" in err
    assert "Nothing was halted. A file named KILL in the bot's data directory halts it too" in err
    assert not (folder / "KILL").exists()
    (folder / "KILL").touch()
    with Bot(folder) as bot:
        assert tiller(folder, "chat", "-c", "status").stdout.startswith("HALTED")
        assert bot.stop() == 0


def test_a_bot_that_holds_the_journal_but_does_not_answer_finds_the_file(folder: Path, cli: Tiller) -> None:
    before = journal(folder)
    with FileLock(folder / "tiller.db.lock"):
        code, out, err = cli("kill", "--data-dir", folder, TILLER_WEB__PORT="1")
        assert (code, err) == (1, "")
        assert "does not answer" in out
        assert (folder / "KILL").exists()
        code, out, err = cli("resume", "--data-dir", folder, TILLER_WEB__PORT="1")
        assert (code, out) == (1, "")
        assert "in use" in one_line(err) or "is using" in err
    assert (folder / "KILL").exists()
    assert journal(folder) == before


@pytest.mark.parametrize("left_behind", [False, True])
def test_another_desk_at_its_address_is_not_taken_for_it(
    folder: Path, tmp_path: Path, cli: Tiller, left_behind: bool
) -> None:
    with Bot(tmp_path / "other") as other:
        if left_behind:  # by a bot that was killed, whose port another one has now
            (folder / "address").write_text(other.url)
        port = {"TILLER_WEB__PORT": other.url.rpartition(":")[2]}
        code, _, err = cli("chat", "-c", "status", "--data-dir", folder, **port)
        assert (code, f"No Tiller of {folder} answers" in one_line(err)) == (1, True)
        code, out, err = cli("kill", "--data-dir", folder, **port)
        assert (code, err) == (0, "")
        assert "the desk is HALTED in its journal" in out
        assert tiller(other.folder, "chat", "-c", "status").stdout.startswith("ACTIVE")
        code, out, err = cli("resume", "--data-dir", folder, **port)
        assert (code, err) == (0, "")
        assert "Released. No Tiller runs now" in out


# --- the database ----------------------------------------------------------------------------


def test_a_backup_comes_back_and_what_was_there_is_kept(folder: Path, cli: Tiller) -> None:
    saved = folder / "saved.db"
    assert cli("db", "backup", saved, "--data-dir", folder)[0] == 0
    code, _, err = cli("db", "backup", saved, "--data-dir", folder)
    assert code == 1
    assert "is there already" in one_line(err)
    then = journal(folder)
    assert cli("kill", "--data-dir", folder)[0] == 0
    now = journal(folder)
    code, out, err = cli("db", "restore", saved, "--data-dir", folder)
    assert (code, out) == (1, "")
    assert "2 events more than the backup" in one_line(err)
    assert "--force" in err
    assert journal(folder) == now
    code, out, err = cli("db", "restore", saved, "--force", "--data-dir", folder)
    assert (code, err) == (0, "")
    assert journal(folder) == then
    kept = Path(out.split()[-1].rstrip("."))
    with closing(sqlite3.connect(kept)) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone() == (len(now),)
    assert cli("journal", "verify", "--data-dir", folder)[0] == 0


def test_nothing_is_restored_under_a_running_bot_or_from_something_else(folder: Path, cli: Tiller) -> None:
    before = journal(folder)
    saved = folder / "saved.db"
    assert cli("db", "backup", saved, "--data-dir", folder)[0] == 0
    with FileLock(folder / "tiller.db.lock"):
        for words in (["db", "restore", saved, "--force"], ["db", "upgrade"]):
            code, out, err = cli(*words, "--data-dir", folder)
            assert (code, out) == (1, "")
            assert "Another Tiller is using this database" in one_line(err)
    (folder / "other").write_text("not a database")
    code, out, err = cli("db", "restore", folder / "other", "--force", "--data-dir", folder)
    assert (code, out) == (1, "")
    one_line(err)
    assert journal(folder) == before


def test_a_newer_database_is_left_alone(folder: Path, cli: Tiller) -> None:
    columns = "app, name, applied_at"
    change(
        folder,
        f"INSERT INTO tortoise_migrations ({columns}) SELECT app, '9999_later', applied_at "
        "FROM tortoise_migrations LIMIT 1",
    )
    before = journal(folder)
    for words in (["run", "--port", "0"], ["db", "upgrade"], ["journal", "verify"], ["token", "--new"]):
        code, out, err = cli(*words, "--data-dir", folder)
        assert (code, out) == (1, "")
        assert "made by a newer Tiller" in one_line(err)
    assert journal(folder) == before
    code, out, _ = cli("check", "--data-dir", folder, TILLER_WEB__PORT="0")
    assert code == 1
    assert "FAIL  database" in out


def test_a_file_that_is_no_database(tmp_path: Path, cli: Tiller) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tiller.db").write_text("these are not the bytes of a database, but they are mine")
    for words in (["run", "--port", "0"], ["journal", "verify"], ["token"]):
        code, out, err = cli(*words, "--data-dir", tmp_path / "data")
        assert (code, out) == (1, "")
        one_line(err)
    assert (tmp_path / "data" / "tiller.db").read_text().endswith("they are mine")
