"""The desk's client when the network or the answer is at fault; the rest is tested for real."""

import pytest
from aiohttp import web

from shared.client.errors import BadAnswer, OutcomeUnknown
from shared.client.registrar_desk import open_registrar_desk
from tests.web import HASTY, serving

TOKEN = "0123456789" * 4


async def test_lost_codes_are_not_asked_for_twice() -> None:
    """Codes may have been made that nobody has seen; what that means is said."""
    asked = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(handler) as url, open_registrar_desk(url, TOKEN, HASTY) as desk:
        with pytest.raises(OutcomeUnknown, match="nobody has seen them"):
            await desk.counter_codes("2027", 1, "1")
    assert asked == 1


@pytest.mark.parametrize(
    "body",
    [b"no references\n", b"ff" * 32 + b"\n" + b"00" * 32 + b"\n", (b"ab" * 32 + b"\n") * 2],
)
async def test_references_that_make_no_roll_are_not_taken(body: bytes) -> None:
    """Not hexadecimal, not ascending, not unique."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    async with serving(handler) as url, open_registrar_desk(url, TOKEN, HASTY) as desk:
        with pytest.raises(BadAnswer, match="reference"):
            await desk.references("2027")


async def test_an_answer_that_is_not_as_agreed_is_not_quoted() -> None:
    """It may hold codes."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=201, body=b'{"batch":"1","first_serial":"7KQ2-M4TX"}')

    async with serving(handler) as url, open_registrar_desk(url, TOKEN, HASTY) as desk:
        with pytest.raises(BadAnswer, match="not the answer agreed") as caught:
            await desk.counter_codes("2027", 1, "1")
    assert "7KQ2" not in f"{caught.value} {caught.value.__cause__}"
