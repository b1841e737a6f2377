"""Delivery to the bot's own server ("setWebhook").

Updates of one chat, and presses of one person, go one after the other; of several at the same time, at most
`max_connections`. What is not answered with 2xx is sent again: at once, then after 2, 4, 8 ... seconds, at most 120
(or what a Retry-After header says), until the update is a day old.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.faults import Faults
from tests.emulators.telegram.params import Params, read_answer
from tests.emulators.telegram.updates import Pending, Updates

TIMEOUT_SECONDS = 60.0
MAX_DELAY = 60.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

Reply = Callable[[Params], Awaitable[None]]


class Webhook:
    """The webhook of one bot; `url` is empty while there is none. `reply` carries out a method sent as the answer."""

    def __init__(self, clock: Clock, updates: Updates, faults: Faults, reply: Reply, seed: int) -> None:
        self.url, self.secret, self.max_connections = "", "", 40
        self.attempts = 0
        self.error = ""
        self.error_date = 0
        self.next_retry = 0.0  # when the last update that had to wait is sent again
        self.on_attempt: Callable[[], None] = lambda: None
        self._paused = False
        self._clock, self._updates, self._faults, self._reply = clock, updates, faults, reply
        self._chance = random.Random(seed)
        self._queues: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._places = asyncio.Semaphore(40)
        updates.on_push = self.pump

    def set(self, url: str, secret: str, max_connections: int) -> None:
        """Deliver there from now on."""
        self.clear()
        self.url, self.secret, self.max_connections = url, secret, max_connections
        self._places = asyncio.Semaphore(max_connections)
        self.error, self.error_date = "", 0
        self.pump()

    def clear(self) -> None:
        """Deliver no more; what is pending stays."""
        self.url, self.secret = "", ""
        for task in self._queues.values():
            task.cancel()
        self._queues.clear()

    def pump(self) -> None:
        """See to what is pending."""
        if not self.url or self._paused:
            return
        for pending in self._updates.pending():
            if pending.queue not in self._queues:
                task = asyncio.get_running_loop().create_task(self._drain(pending.queue))
                self._queues[pending.queue] = task

    async def pause(self) -> None:
        """Deliver nothing for the time being; the webhook stays set."""
        self._paused = True
        tasks = list(self._queues.values())
        self._queues.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def resume(self) -> None:
        """Deliver again."""
        self._paused = False
        self.pump()

    def row(self, pending: int) -> dict[str, Any]:
        """Its JSON ("WebhookInfo")."""
        row: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": pending,
        }
        if self.error_date:
            row |= {"last_error_date": self.error_date, "last_error_message": self.error}
        return row | {"max_connections": self.max_connections, "ip_address": "127.0.0.1"} if self.url else row

    async def _drain(self, queue: str) -> None:
        try:
            while waiting := [one for one in self._updates.pending() if one.queue == queue]:
                disordered = len(waiting) > 1 and self._faults.update("reordered")
                await self._deliver(waiting[-1 if disordered else 0])
        finally:
            if self._queues.get(queue) is asyncio.current_task():
                del self._queues[queue]

    async def _deliver(self, pending: Pending) -> None:
        fails, delay = 0, 1.0
        while pending in self._updates.pending():
            async with self._places:
                retry_after = await self._attempt(pending)
            if retry_after is None:
                self._updates.confirm(pending)
                if self._faults.update("duplicated"):
                    await self._attempt(pending)
                return
            wait = retry_after
            if not retry_after and fails:
                delay = min(self._chance.uniform(MAX_DELAY, 2 * MAX_DELAY), 2 * delay)
                wait = delay
            fails += 1
            if wait:
                self.next_retry = self._clock.now + wait
                self.on_attempt()
                await self._clock.sleep(wait)

    async def _attempt(self, pending: Pending) -> float | None:
        """Send once: None if it was taken, else what a Retry-After header says."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_SECONDS))
        self.attempts += 1
        self._updates.told += 1
        headers = {SECRET_HEADER: self.secret} if self.secret else {}
        try:
            async with self._session.post(self.url, json=pending.update, headers=headers, ssl=False) as answer:
                if 200 <= answer.status < 300:
                    reply = await read_answer(answer)
                    if reply.has("method"):
                        await self._reply(reply)
                    self.on_attempt()
                    return None
                self._failed(f"Wrong response from the webhook: {answer.status} {answer.reason}")
                stated = answer.headers.get("Retry-After", "")
                return min(float(stated), 3600.0) if stated.isdigit() else 0.0
        except aiohttp.ClientConnectorError:
            self._failed("Connection refused")
        except TimeoutError:
            self._failed("Read timeout expired")
        except aiohttp.ClientError:
            self._failed("Webhook connection closed")
        return 0.0

    def _failed(self, error: str) -> None:
        self.error, self.error_date = error, int(self._clock.now)
        self.on_attempt()
