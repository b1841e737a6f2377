"""What chats bring to us: Telegram in webhook mode. The secret in its header is all that lets it in."""

from fastapi import FastAPI, Request, Response

from bot.chats.connected import Chats

SECRET = "x-telegram-bot-api-secret-token"


def add_updates(server: FastAPI, chats: Chats) -> None:
    """Take the updates that platforms bring, for the chats that want them."""

    @server.post("/telegram", include_in_schema=False)
    async def telegram(request: Request) -> Response:
        """One update of Telegram."""
        body = await request.body()
        return Response(status_code=await chats.receive("telegram", request.headers.get(SECRET, "")[:256], body))
