"""The picture of a reply is at the address that the reply names: for a while, and for who asked."""

import io

import pytest
from PIL import Image as Pillow

from bot.web.gallery import LIFE_S, MOST_BYTES, MOST_OF_ONE, Gallery
from handlers.actor import Actor, Role
from handlers.reply import Image
from tests.bot.web.served import Served

on_desk = pytest.mark.asyncio(loop_scope="module")
ANA, BEN = (Actor(f"token:{number}", "", Role.VIEWER) for number in (1, 2))


@on_desk
async def test_a_picture_is_served_to_the_token_that_asked_for_it_and_to_no_other(desk: Served) -> None:
    reply = await desk.say("/chart BTC/USDT 1m", who=desk.viewer)
    assert reply["image"].startswith("/api/v1/pictures/")
    assert reply["image"].endswith("/BTC-USDT-1m.png")
    assert reply["table"]
    answer = await desk.viewer.get(reply["image"])
    assert answer.status_code == 200
    assert Pillow.open(io.BytesIO(answer.content)).size == (1000, 640)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert (await desk.viewer.get(reply["image"])).content == answer.content
    for other, status, code in ((desk.trader, 404, "NO_PICTURE"), (desk.admin, 404, "NO_PICTURE"),
                                (desk.nobody, 401, "UNAUTHORIZED")):  # fmt: skip
        refused = await other.get(reply["image"])
        assert (refused.status_code, refused.json()["error"]) == (status, code)


@on_desk
async def test_a_session_does_not_open_it_either(desk: Served) -> None:
    reply = await desk.say("/chart BTC/USDT 1m")
    signed_in = await desk.nobody.get("/login", params={"link": desk.app.tokens.link()})
    cookie = f"tiller={signed_in.cookies['tiller']}"
    desk.nobody.cookies.clear()
    assert (await desk.nobody.get(reply["image"], headers={"Cookie": cookie})).status_code == 401


@on_desk
async def test_an_address_that_was_never_given_out_is_not_found(desk: Served) -> None:
    for path in ("x/y.png", "..%2f..%2fstatus/y.png", f"{'a' * 39}/y.png"):
        assert (await desk.viewer.get(f"/api/v1/pictures/{path}")).status_code == 404
    assert (await desk.viewer.get(f"/api/v1/pictures/{'a' * 400}/y.png")).status_code == 422


@on_desk
async def test_a_reply_without_a_picture_names_none(desk: Served) -> None:
    assert (await desk.say("/status"))["image"] is None


def _key(address: str) -> str:
    return address.split("/")[-2]


class Hands:
    """A gallery with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.gallery = Gallery(lambda: self.now)

    def hang(self, actor: Actor = ANA, size: int = 100) -> str:
        return _key(self.gallery.hang(actor, Image("a.png", b"x" * size)))

    def has(self, key: str, actor: Actor = ANA) -> bool:
        return self.gallery.find(actor, key) is not None


def test_it_hangs_for_ten_minutes() -> None:
    hands = Hands()
    key = hands.hang()
    hands.now = LIFE_S - 1
    assert hands.has(key)
    hands.now = LIFE_S
    assert not hands.has(key)


def test_the_oldest_of_ones_own_makes_room_and_nobody_elses() -> None:
    hands = Hands()
    other = hands.hang(BEN)
    keys = [hands.hang() for _ in range(MOST_OF_ONE + 3)]
    assert [hands.has(key) for key in keys] == [False] * 3 + [True] * MOST_OF_ONE
    assert hands.has(other, BEN)


def test_all_of_them_together_are_bounded() -> None:
    hands = Hands()
    actors = [Actor(f"token:{number}", "", Role.VIEWER) for number in range(20)]
    keys = [hands.hang(actor, MOST_BYTES // 8) for actor in actors]
    kept = [hands.has(key, actor) for key, actor in zip(keys, actors, strict=True)]
    assert kept == [False] * 12 + [True] * 8
