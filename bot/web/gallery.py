"""Where the pictures of replies hang for a while: at an address that only who asked for them can open."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Path, Request, Response

from bot.web.asking import Shape, Viewer
from bot.web.auth import Refused
from bot.web.examples import answers
from handlers.actor import Actor
from handlers.reply import Image

gallery = APIRouter(prefix="/api/v1")
LIFE_S = 600.0
MOST_OF_ONE = 16  # pictures of one caller; the oldest makes room, so that nobody takes down what others see
MOST_BYTES = 8 * 2**20  # of everybody's
KINDS = {"png": "image/png", "jpg": "image/jpeg", "svg": "image/svg+xml"}


def kind_of(image: Image) -> str:
    """The content type of a picture, by its name."""
    return KINDS.get(image.name.rpartition(".")[2].lower(), "application/octet-stream")


class Hung(NamedTuple):
    """A picture on the wall, whose it is, and until when it is there."""

    owner: str
    image: Image
    until: float


class Gallery:
    """The pictures of the last minutes, in memory. `time` is the loop's, in seconds."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._hung: OrderedDict[str, Hung] = OrderedDict()

    def hang(self, actor: Actor, image: Image) -> str:
        """Keep a picture for `LIFE_S`, or until there is no more room; answers its address on this server."""
        key = secrets.token_urlsafe(16)
        self._hung[key] = Hung(actor.id, image, self._time() + LIFE_S)
        self._make_room(actor.id)
        return f"{gallery.prefix}/pictures/{key}/{image.name}"

    def find(self, actor: Actor, key: str) -> Image | None:
        """The picture, if it is the actor's and still there."""
        self._make_room("")
        hung = self._hung.get(key)
        return hung.image if hung is not None and hung.owner == actor.id else None

    def _make_room(self, owner: str) -> None:
        now = self._time()
        gone = [key for key, hung in self._hung.items() if hung.until <= now]
        own = [key for key, hung in self._hung.items() if hung.owner == owner and key not in gone]
        for key in gone + own[:-MOST_OF_ONE]:
            del self._hung[key]
        while sum(len(hung.image.content) for hung in self._hung.values()) > MOST_BYTES:
            self._hung.popitem(last=False)


def gallery_of(request: Request) -> Gallery:
    """The server's gallery."""
    found: Gallery = request.app.state.gallery
    return found


PICTURE: dict[int | str, Shape] = {
    **answers(None, 404),
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}, "example": "\x89PNG..."}}},
}


@gallery.get("/pictures/{key}/{name}", response_class=Response, responses=PICTURE)
async def read_picture(
    key: Annotated[str, Path(max_length=40)], name: Annotated[str, Path(max_length=80)], request: Request, actor: Viewer
) -> Response:
    """The picture of a reply, by the address that the reply named: for ten minutes, with the token that asked."""
    image = gallery_of(request).find(actor, key)
    if image is None:
        raise Refused(404, "NO_PICTURE", "There is no such picture any more.", "Run the command again.")
    return Response(image.content, media_type=kind_of(image))
