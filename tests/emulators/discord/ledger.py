"""What the bot did, in order, for those who count it."""

from dataclasses import dataclass

from tests.emulators.discord.message import Message


@dataclass(frozen=True)
class Deed:
    """A row of the ledger: what the bot did to a message."""

    do: str  # create, edit, delete
    channel: int
    message: int
    at_ms: int
    text: str
    nonce: str | int | None
    interaction: int | None
    ephemeral: bool


class Ledger(list[Deed]):
    """Every message that the bot wrote, edited or deleted."""

    def note(self, do: str, message: Message, at_ms: int) -> None:
        """Write a row."""
        self.append(
            Deed(
                do,
                message.channel_id,
                message.id,
                at_ms,
                message.text,
                message.nonce,
                message.interaction_id,
                message.ephemeral,
            )
        )

    def doubled(self) -> dict[tuple[int, str], int]:
        """Nonces that made more than one message, by channel."""
        count: dict[tuple[int, str], int] = {}
        for deed in self:
            if deed.do == "create" and deed.nonce is not None:
                key = (deed.channel, str(deed.nonce))
                count[key] = count.get(key, 0) + 1
        return {key: number for key, number in count.items() if number > 1}
