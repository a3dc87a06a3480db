"""A whole installation as an operator has it, the commands to operate it with, and a load on it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import rich_click as click
from click.testing import CliRunner, Result

from cli.bench.issuer import LocalIssuer
from cli.bench.load import open_vote
from cli.demo.script import made_up
from cli.installation import Installation
from shared.client.ballot_box import open_ballot_box
from shared.edition.ballot import Ballot
from shared.edition.views import Receipt
from shared.log.note import Verifier
from tests.servers import query

VOTERS = 300
REGISTER = """
    INSERT INTO editions (edition, mode, root, issuer_key, wrapped_key)
        VALUES ($1, 'phone', sha256(''), '\\x00', '\\x00') ON CONFLICT DO NOTHING
"""
ISSUE = """
    INSERT INTO issuances (edition, reference, blinded_hash, channel)
        SELECT $1, sha256(n::text::bytea), sha256(''), 'phone' FROM generate_series(1, $2) n
"""
FIRST = 40
RESERVE = 60
WAIT_S = 20.0


class Site:
    """One installation, and the voters of its edition, who cast one ballot each.

    Their credentials are made elsewhere, which is quicker; the registrar has a record of each.
    """

    def __init__(self, installation: Installation, state: Path) -> None:
        self.installation = installation
        self.edition = "demo"
        self._environment = {**os.environ, "XDG_STATE_HOME": str(state)}
        self._ballots: deque[Ballot] = deque()

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.installation.data

    def open(self) -> None:
        """Open the vote; some vote at once."""
        script = made_up(VOTERS)
        issuer = LocalIssuer(VOTERS)
        open_vote(self.installation, script, issuer)
        people = self.installation.postgres.admin_dsn.replace("/postgres?", "/huimin_registrar?")
        query(people, REGISTER, self.edition)
        query(people, ISSUE, self.edition, VOTERS)

        async def sign() -> None:
            async for chunk in issuer.ballots(script):
                self._ballots.extend(chunk)

        asyncio.run(sign())
        self.cast(FIRST)

    def cast(self, count: int) -> list[Receipt]:
        """So many more people vote, ten at a time; the copy of the checkpoint has them all then."""
        receipts = asyncio.run(self._cast(count, Event()))
        size = max(receipt.index for receipt in receipts) + 1
        deadline = time.monotonic() + WAIT_S
        while self.published_size() < size:
            assert time.monotonic() < deadline, "the relay copies no checkpoint"
            time.sleep(0.02)
        return receipts

    def move_to(self, installation: Installation) -> None:
        """Those who have not voted yet vote there from here on."""
        self.installation = installation

    def published_size(self) -> int:
        """The size in the copy of the edition's checkpoint."""
        file = self.installation.checkpoints / f"{self.edition}.checkpoint"
        return int(file.read_text().splitlines()[1])

    @contextmanager
    def load(self, receipts: list[Receipt]) -> Iterator[None]:
        """People vote for as long as the block lasts; their receipts are added to `receipts`."""
        stop, many = Event(), len(self._ballots) - RESERVE
        with ThreadPoolExecutor(max_workers=1) as thread:
            voting = thread.submit(lambda: asyncio.run(self._cast(many, stop)))
            try:
                yield
            finally:
                stop.set()
                receipts += voting.result()

    def environment(self, service: str) -> dict[str, str]:
        """What the running process of this service was started with."""
        pid = self.installation.services[f"{service}-0"].pid
        lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
        return dict(line.split("=", 1) for line in lines if line)

    def run(self, command: click.Command, *words: str | Path) -> Result:
        """What a command does in this process."""
        runner = CliRunner(env=self._environment)
        result = runner.invoke(command, [str(word) for word in words], catch_exceptions=False)
        assert isinstance(result, Result)
        return result

    def start(self, *words: str | Path) -> "subprocess.Popen[bytes]":
        """`huimin` as a process of its own."""
        code = "from cli.main import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    async def _cast(self, count: int, stop: Event) -> list[Receipt]:
        receipts: list[Receipt] = []
        async with open_ballot_box(self.installation.ballot_url) as box:
            verifier = Verifier.parse((await box.edition(self.edition)).vkey)
            while len(receipts) < count and self._ballots and not stop.is_set():
                few = min(10, count - len(receipts), len(self._ballots))
                casts = [
                    box.cast(self.edition, self._ballots.popleft(), verifier) for _ in range(few)
                ]
                receipts += await asyncio.gather(*casts)
        return receipts


def printed(result: Result, exit_code: int = 0) -> dict[str, Any]:
    """The JSON object that a command printed, if it ended as expected."""
    assert result.exit_code == exit_code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found
