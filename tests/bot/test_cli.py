"""The command line beside a running bot: what it prints, and how it exits."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.bot.process import Bot, Tiller, environment, one_line, tiller


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with Bot(tmp_path_factory.mktemp("desk") / "data") as running:
        yield running


def free_port() -> int:
    with closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


# --- the first screen ------------------------------------------------------------------------


def test_the_first_screen_says_what_runs_and_how_to_get_in(bot: Bot) -> None:
    first, *lines = bot.screen.splitlines()
    assert re.fullmatch(r"Tiller \d+\.\d+\.\d+", first)
    shown = "\n".join(lines)
    assert "demo: PAPER, venue paper, simulated prices" in shown
    assert "trend: sma_cross on BTC/USDT 1m, account demo" in shown
    assert str(bot.folder / "tiller.db") in shown
    assert shown.count(bot.token) == 1
    assert str(bot.folder / "token") in shown
    assert "Telegram" in shown
    link = re.search(r"http://\S+/login\?link=([A-Za-z0-9_-]+)$", shown, re.MULTILINE)
    assert link
    assert [httpx.get(link[0]).status_code for _ in range(2)] == [303, 403]


def test_a_fresh_link_signs_in_once(bot: Bot, cli: Tiller) -> None:
    code, link, _ = cli("link", "--data-dir", bot.folder)
    assert code == 0
    assert link.startswith(f"{bot.url}/login?link=")
    assert [httpx.get(link.strip()).status_code for _ in range(2)] == [303, 403]


# --- chat ------------------------------------------------------------------------------------


def test_a_command_is_answered_and_a_refusal_is_1(bot: Bot, cli: Tiller) -> None:
    code, out, err = cli("chat", "-c", "/buy BTC/USDT 0.001", "--data-dir", bot.folder)
    assert (code, err) == (0, "")
    assert "Filled 0.001" in out
    code, out, err = cli("--data-dir", bot.folder, "chat", "-c", "/buy BTC/USDT 1000")
    assert (code, err) == (1, "")
    assert "max_order_value" in out.lower() or "1,000" in out
    assert cli("chat", "--data-dir", bot.folder, "-c", "nonsense")[0] == 1


def test_a_picture_is_a_file_that_only_its_owner_can_open(bot: Bot, cli: Tiller) -> None:
    code, out, err = cli("chat", "-c", "/chart BTC/USDT 1m", "--data-dir", bot.folder)
    assert (code, err) == (0, "")
    shown = re.search(r"^\[picture: (.+/BTC-USDT-1m\.png)\]$", out, re.MULTILINE)
    assert shown
    file = Path(shown[1])
    assert file.read_bytes().startswith(b"\x89PNG")
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert re.search(r"^Start +Open +High", out, re.MULTILINE)  # and figures for who sees no pictures
    shape = json.loads(cli("chat", "-c", "/chart BTC/USDT 1m", "--json", "--data-dir", bot.folder)[1])
    asked = httpx.get(shape["image"], headers={"Authorization": f"Bearer {bot.token}"}, trust_env=False)
    assert asked.headers["content-type"] == "image/png"
    assert httpx.get(shape["image"], trust_env=False).status_code == 401


def test_json_is_the_reply_of_the_api(bot: Bot, cli: Tiller) -> None:
    code, out, _ = cli("chat", "--json", "-c", "accounts", "--data-dir", bot.folder)
    reply = json.loads(out)
    assert code == 0
    assert reply["ok"] is True
    assert reply["table"]["columns"][0] == "Account"
    assert set(reply) == {"ok", "text", "tone", "table", "buttons", "image", "order_id", "phrase", "error"}


def test_lines_may_come_from_a_pipe(bot: Bot) -> None:
    done = tiller(bot.folder, "chat", typed="version\n\nbuyy\nprice BTC/USDT\n")
    assert done.returncode == 1  # one of them was refused
    assert done.stdout.startswith("Tiller ")
    assert "BTC/USDT" in done.stdout


def test_a_bot_may_be_named_by_the_environment(bot: Bot, cli: Tiller) -> None:
    where = {"TILLER_URL": bot.url, "TILLER_TOKEN": bot.token}
    assert cli("chat", "-c", "whoami", **where)[0] == 0
    code, out, err = cli("chat", "-c", "whoami", TILLER_URL=bot.url, TILLER_TOKEN="tlr_wrong")
    assert (code, out) == (2, "")
    assert "does not know this token" in one_line(err)
    assert "tlr_wrong" not in err
    assert cli("chat", "-c", "whoami", TILLER_URL="not an address", TILLER_TOKEN="x")[0] == 2
    code, _, err = cli("chat", "-c", "whoami", TILLER_URL="https://desk.example")
    assert code == 2
    assert "TILLER_TOKEN" in one_line(err)  # our own token is not for another machine
    code, _, err = cli("chat", "-c", "whoami", "--data-dir", "none", TILLER_URL=bot.url)
    assert (code, "There is no token for" in one_line(err)) == (2, True)


def test_nothing_runs_there(tmp_path: Path, cli: Tiller) -> None:
    port = free_port()
    for words in (["chat", "-c", "status"], ["link"]):
        code, out, err = cli(*words, "--data-dir", tmp_path / "none", TILLER_WEB__PORT=str(port))
        assert (code, out) == (1, "")
        there = f"No Tiller of {tmp_path / 'none'} answers at http://127.0.0.1:{port}."
        assert one_line(err) == f"tiller: {there} Start it with `tiller run`."


def test_a_connection_that_breaks_leaves_it_open_whether_it_was_done(cli: Tiller) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server, ThreadPoolExecutor(1) as aside:
        heard = aside.submit(hear_and_hang_up, server)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        code, out, err = cli("chat", "-c", "/buy BTC/USDT 1", TILLER_URL=url, TILLER_TOKEN="tlr_x")
        assert heard.result(10).startswith(b"POST /api/v1/commands")
    assert (code, out) == (1, "")
    assert "may have been done" in one_line(err)


def hear_and_hang_up(server: socket.socket) -> bytes:
    server.settimeout(10)
    connection, _ = server.accept()
    with connection:
        return connection.recv(1000)


# --- the brake -------------------------------------------------------------------------------


def test_kill_is_followed_step_by_step_and_resume_releases_it(bot: Bot, cli: Tiller) -> None:
    assert cli("chat", "-c", "/buy ETH/USDT $50", "--data-dir", bot.folder)[0] == 0
    code, out, err = cli("kill", "--flatten", "--data-dir", bot.folder)
    assert (code, err) == (0, "")
    assert "HALTED" in out
    assert "ETH/USDT: filled" in out
    assert "; flat. /resume releases it." in out.rstrip().splitlines()[-1]
    assert (bot.folder / "KILL").exists()
    assert cli("chat", "-c", "/buy BTC/USDT $50", "--data-dir", bot.folder)[0] == 1
    code, out, err = cli("resume", "--data-dir", bot.folder)
    assert (code, err) == (0, "")
    assert "ACTIVE" in out
    assert not (bot.folder / "KILL").exists()
    assert cli("chat", "-c", "/buy BTC/USDT $50", "--data-dir", bot.folder)[0] == 0


def test_one_kill_is_one_kill(bot: Bot, cli: Tiller) -> None:
    def kills() -> int:
        _, lines, _ = cli("journal", "export", "--data-dir", bot.folder)
        return sum(json.loads(line)["type"] == "KillStarted" for line in lines.splitlines())

    before = kills()
    assert cli("kill", "--data-dir", bot.folder)[0] == 0
    assert cli("resume", "--data-dir", bot.folder)[0] == 0
    assert kills() == before + 1


# --- the journal of a bot at work ------------------------------------------------------------


def test_verify_is_right_beside_a_bot_at_work(bot: Bot, cli: Tiller) -> None:
    lines = "\n".join(["/buy BTC/USDT $15", "/sell BTC/USDT $12"] * 12)
    with ThreadPoolExecutor(1) as aside:
        busy = aside.submit(tiller, bot.folder, "chat", typed=lines)
        outcomes = []
        while not busy.done():
            outcomes.append(cli("journal", "verify", "--data-dir", bot.folder)[::2])
        assert busy.result().returncode == 0
    assert set(outcomes) == {(0, "")}
    assert len(outcomes) > 1


# --- tokens ----------------------------------------------------------------------------------


def test_a_new_token_opens_the_running_bot_as_far_as_its_role(bot: Bot, cli: Tiller) -> None:
    code, out, err = cli("token", "--new", "--role", "viewer", "--data-dir", bot.folder)
    assert (code, err) == (0, "")
    assert re.fullmatch(r"tlr_[A-Za-z0-9_-]{43}\n", out)
    where = {"TILLER_URL": bot.url, "TILLER_TOKEN": out.strip()}
    assert cli("chat", "-c", "status", **where)[0] == 0
    code, reply, _ = cli("chat", "--json", "-c", "/buy BTC/USDT $50", **where)
    assert code == 1
    assert json.loads(reply)["error"] == "NOT_ALLOWED"
    code, link, err = cli("link", **where)
    assert (code, link) == (1, "")
    assert "needs admin" in one_line(err)
    code, listed, _ = cli("token", "--data-dir", bot.folder)
    number = next(line.split()[0] for line in listed.splitlines() if " viewer " in line)
    assert out.strip() not in listed
    assert cli("token", "--revoke", number, "--data-dir", bot.folder)[0] == 0
    assert cli("chat", "-c", "status", **where)[0] == 2
    assert cli("token", "--revoke", number, "--data-dir", bot.folder)[0] == 1
    assert cli("token", "--revoke", "token:x", "--data-dir", bot.folder)[0] == 1


def test_the_token_file_is_its_owners(bot: Bot) -> None:
    assert (bot.folder / "token").stat().st_mode & 0o777 == 0o600
    assert bot.folder.stat().st_mode & 0o777 == 0o700


# --- check -----------------------------------------------------------------------------------


def test_check_passes_on_the_defaults(tmp_path: Path, cli: Tiller) -> None:
    code, out, err = cli("check", "--data-dir", tmp_path / "data", TILLER_WEB__PORT=str(free_port()))
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["pass"] * 6
    assert list(tmp_path.iterdir()) == []


def test_check_beside_a_running_bot_is_not_troubled_by_it(bot: Bot, cli: Tiller) -> None:
    port = bot.url.rpartition(":")[2]
    code, out, _ = cli("check", "--data-dir", bot.folder, TILLER_WEB__PORT=port)
    assert code == 0
    assert "a Tiller answers there" in out


def test_check_names_everything_that_is_wrong(tmp_path: Path, cli: Tiller) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(
        '[accounts.demo]\n[accounts.main]\nvenue = "binance"\n[accounts.broker]\nvenue = "mt5"\nlogin = 7\n'
        '[webhooks.pine]\naccount = "demo"\n'
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        environ = {"TILLER_WEB__PORT": str(taken.getsockname()[1]), "TILLER_DISCORD__TOKEN": "abcdefgh"}
        code, out, err = cli("check", "--config", config, "--data-dir", config / "data", **environ)
    assert (code, err) == (1, "")
    failed = [line.split()[1] for line in out.splitlines() if line.startswith("FAIL")]
    assert failed == ["data", "port", "account", "account", "discord", "webhooks.pine"]
    assert "abcdefgh" not in out


def test_check_says_which_strategy_is_wrong(tmp_path: Path, cli: Tiller) -> None:
    environ = {"TILLER_STRATEGIES__TREND__CLASS": "sma_cros", "TILLER_WEB__PORT": "0"}
    code, out, _ = cli("check", "--data-dir", tmp_path / "data", **environ)
    assert code == 1
    assert out.splitlines()[-1].startswith("FAIL  strategies")
    assert "sma_cross" in out


def test_check_says_which_symbol_no_market_has(tmp_path: Path, cli: Tiller) -> None:
    environ = {"TILLER_MARKET__SYMBOLS": "BTC/USDT,BTC/USTD", "TILLER_WEB__PORT": "0"}
    code, out, _ = cli("check", "--data-dir", tmp_path / "data", **environ)
    assert code == 1
    (failed,) = [line for line in out.splitlines() if line.startswith("FAIL")]
    assert "no account's market has BTC/USTD. Did you mean BTC/USDT or " in failed


# --- wrong use -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["run", "chat -c status", "token --new", "kill", "journal verify", "db upgrade"])
def test_an_unknown_setting_stops_everything_and_changes_nothing(words: str, tmp_path: Path, cli: Tiller) -> None:
    code, out, err = cli(*words.split(), "--data-dir", tmp_path / "data", TILLER_WEB__PRT="1")
    assert (code, out) == (2, "")
    assert "did you mean TILLER_WEB__PORT" in one_line(err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    ["backtest sma_cross --symbol X --from 2020", "optimize x", "data import f.csv"],
)
def test_what_comes_later_says_so(words: str, cli: Tiller) -> None:
    code, out, err = cli(*words.split())
    assert (code, out) == (2, "")
    assert "not part of this version" in one_line(err)


@pytest.mark.parametrize(
    "words",
    ["nonsense", "run --bogus", "run --port many", "journal verfy", "why", "token --role king", "db restore",
     "kill all", "--config"],
)  # fmt: skip
def test_wrong_words_are_one_line(words: str, tmp_path: Path, cli: Tiller) -> None:
    code, out, err = cli(*words.split())
    assert (code, out) == (2, "")
    assert "--help" in one_line(err)
    assert list(tmp_path.iterdir()) == []


def test_no_words_show_the_help(cli: Tiller) -> None:
    code, out, err = cli()
    assert "journal" in out
    assert (code, err) == (2, "")


def test_a_settings_file_that_is_not_there(tmp_path: Path, cli: Tiller) -> None:
    code, _, err = cli("--config", tmp_path / "none.toml", "journal", "verify")
    assert code == 2
    assert "none.toml" in one_line(err)


# --- starting and stopping -------------------------------------------------------------------


def test_a_taken_port_is_one_line(bot: Bot, tmp_path: Path, cli: Tiller) -> None:
    port = bot.url.rpartition(":")[2]
    code, out, err = cli("run", "--port", port, "--data-dir", tmp_path / "other")
    assert (code, out) == (1, "")
    assert f"Port {port}" in one_line(err)
    assert "--port" in err


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, cli: Tiller) -> None:
    (tmp_path / "file").write_text("mine")
    code, out, err = cli("run", "--data-dir", tmp_path / "file" / "data")
    assert (code, out) == (2, "")
    assert "cannot be written" in one_line(err)
    assert "--data-dir" in err
    assert (tmp_path / "file").read_text() == "mine"


def test_one_desk_has_one_bot(bot: Bot, cli: Tiller) -> None:
    code, out, err = cli("run", "--port", "0", "--data-dir", bot.folder)
    assert (code, out) == (1, "")
    assert "Another Tiller is using this database" in one_line(err)


def test_a_signal_stops_it_in_order(tmp_path: Path) -> None:
    with Bot(tmp_path / "data") as first:
        assert (first.folder / "address").read_text().strip() == first.url
        assert first.stop(signal.SIGTERM) == 0
        assert "Traceback" not in first.errors()
        assert '"level": "error"' not in first.errors()
        assert "asked to by SIGTERM" in first.errors()  # the log is told of the stop too
        assert first.token not in first.errors()
        assert not (first.folder / "address").exists()
        assert "Everything is in the journal" in first.process.communicate()[0]


def test_a_start_names_what_it_cannot_do_and_needs_no_reader(tmp_path: Path, cli: Tiller) -> None:
    assert cli("token", "--data-dir", tmp_path / "data") == (0, "There are no tokens yet.\n", "")
    _, token, _ = cli("token", "--new", "--data-dir", tmp_path / "data")
    settings = {"TILLER_TELEGRAM__TOKEN": "12345:abcdefgh", "TILLER_WEBHOOKS__PINE__ACCOUNT": "demo"}
    with Bot(tmp_path / "data", **settings) as other:
        warnings = [line for line in other.screen.splitlines() if line.startswith("Warning: ")]
        assert ["[webhooks.pine]" in warning for warning in warnings] == [True]
        assert "abcdefgh" not in other.screen + other.errors()
        # A token made before the first start opens it.
        code, out, _ = cli("chat", "-c", "whoami", TILLER_URL=other.url, TILLER_TOKEN=token.strip())
        assert (code, "admin" in out) == (0, True)
        assert other.process.stdout is not None
        other.process.stdout.close()
        other.stop(signal.SIGINT)
        assert "Tiller stopped" in other.errors()
        assert "Traceback" not in other.errors()
        assert token.strip() not in other.errors()
    assert token.strip().encode() not in (tmp_path / "data" / "tiller.db").read_bytes()


# --- the pages -------------------------------------------------------------------------------


def test_the_pages_are_what_the_code_says(tmp_path: Path, cli: Tiller) -> None:
    (tmp_path / "docs").mkdir()
    assert cli("docs", "--folder", tmp_path)[0] == 0
    page = tmp_path / "docs" / "commands.md"
    assert "/buy" in page.read_text()
    assert cli("docs", "--check", "--folder", tmp_path) == (0, "", "")
    page.write_text(page.read_text() + "more\n")
    code, out, err = cli("docs", "--check", "--folder", tmp_path)
    assert (code, out) == (1, "")
    assert one_line(err).startswith("tiller: docs/commands.md: ")
    assert page.read_text().endswith("more\n")
    assert cli("docs", "--folder", tmp_path / "docs")[0] == 1


# --- the time it takes -----------------------------------------------------------------------


def test_small_commands_load_no_large_library(bot: Bot) -> None:
    script = """
import sys
from bot.__main__ import run
for words in ("--help", "token", "journal tail", "journal verify", "chat -c status"):
    assert run(["--data-dir", sys.argv[1], *words.split()]) == 0
large = {"ccxt", "nicegui", "telegram", "discord", "fastapi", "numpy", "apscheduler"}
sys.exit(", ".join(large & set(sys.modules)) or None)
"""
    command = [sys.executable, "-c", script, str(bot.folder)]
    clean = environment(bot.folder.parent)
    done = subprocess.run(command, capture_output=True, text=True, cwd=bot.folder.parent, env=clean)
    assert (done.returncode, done.stderr) == (0, "")
