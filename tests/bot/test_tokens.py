"""API tokens: shown once, kept hashed, found again by whoever holds them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.tokens import Tokens, write_private
from handlers.actor import Role
from tests.kit import HandClock
from trading.errors import ConfigError
from trading.journal.store import JournalStore, open_journal


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[JournalStore]:
    async with await open_journal(f"sqlite://{tmp_path / 'tiller.db'}") as opened:
        yield opened


async def test_a_token_is_its_role_and_another_text_is_nobody(store: JournalStore, tmp_path: Path) -> None:
    tokens = Tokens(store, tmp_path, HandClock())
    issued = {role: await tokens.issue(role) for role in (Role.VIEWER, Role.TRADER, Role.ADMIN)}
    assert len(set(issued.values())) == 3
    for role, token in issued.items():
        assert token.startswith("tlr_")
        found = await tokens.find(token)
        assert found is not None
        assert found.role is role
        assert await tokens.actor(found.id.removeprefix("token:")) == found
    for wrong in ("", "tlr_", issued[Role.ADMIN][:-1], issued[Role.ADMIN] + "x", "\ud800"):
        assert await tokens.find(wrong) is None
    assert await tokens.actor("999") is None


async def test_the_database_does_not_hold_the_token(store: JournalStore, tmp_path: Path) -> None:
    token = await Tokens(store, tmp_path, HandClock()).issue(Role.ADMIN)
    await store.close()
    assert not [file for file in files(tmp_path) if token.encode() in file.read_bytes()]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


async def test_a_revoked_token_is_neither_found_nor_listed(store: JournalStore, tmp_path: Path) -> None:
    clock = HandClock()
    tokens = Tokens(store, tmp_path, clock)
    kept, gone = await tokens.issue(Role.VIEWER), await tokens.issue(Role.TRADER, "phone")
    assert [row[1] for row in await tokens.listed()] == ["viewer", "trader"]
    actor = await tokens.find(gone)
    assert actor is not None
    await store.tokens.revoke(int(actor.id.removeprefix("token:")), clock.now())
    assert await tokens.find(gone) is None
    assert await tokens.actor(actor.id.removeprefix("token:")) is None
    assert await tokens.find(kept) is not None
    assert [row[1] for row in await tokens.listed()] == ["viewer"]


async def test_the_token_of_this_machine_is_made_once_and_for_its_owner_only(
    store: JournalStore, tmp_path: Path
) -> None:
    tokens = Tokens(store, tmp_path, HandClock())
    token, fresh = await tokens.local()
    assert fresh
    assert await tokens.local() == (token, False)
    file = tmp_path / "token"
    assert file.read_text().strip() == token
    assert file.stat().st_mode & 0o777 == 0o600
    actor = await tokens.find(token)
    assert actor is not None
    assert (actor.id, actor.role) == ("local:admin", Role.ADMIN)
    file.chmod(0o644)
    await tokens.local()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"tlr_of_another_desk\n", b"\xff\xfe\x00"])
async def test_a_file_that_holds_no_token_of_ours_is_replaced(
    store: JournalStore, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "token").write_bytes(content)
    tokens = Tokens(store, tmp_path, HandClock())
    token, fresh = await tokens.local()
    assert fresh
    assert await tokens.find(token) is not None


async def test_a_file_that_cannot_be_used_is_an_error_with_a_remedy(store: JournalStore, tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    with pytest.raises(ConfigError, match="cannot be used") as why:
        await Tokens(store, tmp_path, HandClock()).local()
    assert why.value.remedy


def test_a_private_file_is_private_whatever_was_there_before(tmp_path: Path) -> None:
    left_over = tmp_path / "secret.new"
    left_over.write_text("old")
    left_over.chmod(0o644)
    write_private(tmp_path / "secret", "new")
    assert (tmp_path / "secret").read_text() == "new"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert not left_over.exists()
