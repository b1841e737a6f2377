"""`python -m tests.bench.sender`: posts each line of JSON it is given, in a process of its own, so that what a sender
itself costs is nobody's time but its own.

A line in: `{"url", "body"}`. A line out: `{"sent", "answered", "status"}`, in nanoseconds of the machine's monotonic
clock: before the last byte left, and when the answer was whole.
"""

import asyncio
import contextlib
import http.client
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit


class Sender:
    """The other end: `post` from an event loop."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def post(self, url: str, body: dict[str, Any]) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"url": url, "body": json.dumps(body)}).encode() + b"\n")
        answer: dict[str, int] = json.loads(await self._process.stdout.readline())
        return answer


@contextlib.asynccontextmanager
async def sender() -> AsyncIterator[Sender]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.sender", stdin=PIPE, stdout=PIPE)
    try:
        yield Sender(process)
    finally:
        process.kill()
        await process.wait()


def main() -> None:
    connections: dict[str, http.client.HTTPConnection] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        url = urlsplit(asked["url"])
        connection = connections.setdefault(url.netloc, http.client.HTTPConnection(url.netloc))
        body = asked["body"].encode()  # as bytes it leaves in one piece with its head
        sent = time.perf_counter_ns()
        connection.request("POST", url.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        print(json.dumps({"sent": sent, "answered": time.perf_counter_ns(), "status": answer.status}), flush=True)


if __name__ == "__main__":
    main()
