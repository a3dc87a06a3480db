"""Runs of `huimin vote` that are killed on the way, and a registrar that lies."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web
from msgspec.structs import replace

from shared.client.voter import load_voter, save_voter
from shared.edition.credential import issuer_spki
from shared.eligibility.views import Registration
from tests.command_line import outcome
from tests.editions import ISSUER, issuer_key
from tests.electorate import Electorate
from tests.web import serving

PROGRAM = "from cli.vote.command import vote; vote()"
JSON = {"Content-Type": "application/json"}

Meddle = Callable[[web.Request, bytes], Awaitable[bytes]]
"""What a proxy makes of the registrar's answer to a request."""


class Through:
    """`huimin vote` by way of a proxy before the registrar, which meddles with its answers."""

    def __init__(self, electorate: Electorate, file: Path, meddle: Meddle) -> None:
        self._electorate = electorate
        self._file = file
        self._meddle = meddle

    async def run(self, typed: str, killed_when: asyncio.Event | None = None) -> tuple[int, str]:
        """Exit code and what was said; the program is killed when the event comes."""
        electorate = self._electorate
        async with aiohttp.ClientSession() as session, self._proxy(session) as url:
            words = electorate.words(self._file, "--registrar", url)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", PROGRAM, *words),
                env=electorate.office.line.environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(30):
                    talk = asyncio.create_task(process.communicate(typed.encode()))
                    if killed_when is not None:
                        await killed_when.wait()
                        process.kill()
                    _, said = await talk
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return process.returncode or 0, said.decode()

    def _proxy(self, session: aiohttp.ClientSession) -> AbstractAsyncContextManager[str]:
        async def pass_on(request: web.Request) -> web.Response:
            url = f"{self._electorate.registrar_url}{request.path}"
            body = await request.read()
            async with session.request(request.method, url, data=body, headers=JSON) as answer:
                changed = await self._meddle(request, await answer.read())
                return web.Response(status=answer.status, body=changed, headers=JSON)

        return serving(pass_on)


def interrupted(electorate: Electorate, file: Path, path: str, typed: str) -> None:
    """A run that is killed when the registrar has answered at `path`, before it hears that."""
    reached = asyncio.Event()

    async def hang(request: web.Request, answer: bytes) -> bytes:
        if request.path.endswith(path):
            assert not json.loads(answer).get("type"), answer
            reached.set()
            await asyncio.Event().wait()
        return answer

    asyncio.run(Through(electorate, file, hang).run(typed, killed_when=reached))


def test_after_a_kill_before_the_challenge_came_the_same_key_goes_on(
    electorate: Electorate, file: Path
) -> None:
    """A code may be on its way already; the next run asks for another, with the same blinding."""
    who = electorate.somebody()
    interrupted(electorate, file, "/challenges", f"{who.identity_number}\n")
    electorate.code(who)
    before = load_voter(file)
    after = electorate.registered(file, who)
    assert (before.sent_code, after.key) == (None, before.key)


def test_after_a_kill_before_the_credential_came_the_same_code_gets_it(
    electorate: Electorate, file: Path
) -> None:
    """The registrar has issued it already: the same message gets the same answer."""
    who = electorate.somebody()
    code = electorate.asked(file, who)
    interrupted(electorate, file, "/credentials", f"{code}\n")
    assert load_voter(file).credential == b""
    voted = electorate.vote(file, "--choose", "school", typed=f"{code}\n")
    assert outcome(voted, 0)["seq"] == 1


def test_after_a_kill_a_later_code_gets_the_credential(electorate: Electorate, file: Path) -> None:
    """The code has expired meanwhile: a new one brings the credential issued before."""
    who = electorate.somebody()
    interrupted(electorate, file, "/credentials", f"{electorate.asked(file, who)}\n")
    save_voter(file, replace(load_voter(file), sent_code=None))
    assert electorate.registered(file, who).credential


def test_after_a_kill_a_sealed_code_still_gets_the_credential(
    electorate: Electorate, file: Path
) -> None:
    """A counter code that was used, and whose answer was lost, is good for the same person."""
    who, sealed = electorate.somebody(), electorate.counter_code()
    typed = f"{who.identity_number}\n{sealed}\n"
    interrupted(electorate, file, "/credentials", f"{electorate.asked(file, who)}\n")
    result = electorate.vote(file, "--counter-code", typed=typed)
    assert outcome(result, 0)["outcome"] == "registered"


def test_a_registrar_with_a_key_of_its_own_learns_nothing(
    electorate: Electorate, file: Path
) -> None:
    """An issuer key that is not in the log is refused before anything is blinded or sent."""
    paths: list[str] = []

    async def lie(request: web.Request, answer: bytes) -> bytes:
        paths.append(request.path.rpartition("/")[2])
        registration = msgspec.json.decode(answer, type=Registration)
        mine = issuer_spki(issuer_key(ISSUER).public_key())
        return msgspec.json.encode(replace(registration, issuer_key=mine))

    exit_code, said = asyncio.run(Through(electorate, file, lie).run(typed=""))
    assert "not the one in the log" in said
    assert (exit_code, paths, file.exists()) == (1, ["registration"], False)
