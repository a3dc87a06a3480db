"""Milestones are read from the log: proved by its key, whatever the server says."""

from collections.abc import Callable

import pytest
from aiohttp import web

from shared.client.ballot_box import open_ballot_box
from shared.client.milestones import NotYet, committed_roll, reported_issuance
from shared.client.served_log import WrongLog
from shared.edition.credential import issuer_spki
from shared.edition.events import IssuanceReported, RollCommitted
from tests.audits import certified, started
from tests.editions import ISSUER, EditionBuilder, issuer_key
from tests.log_tree import LogTree
from tests.web import HASTY, Handler, serving

Asked = Callable[[int], int]


def log_of(builder: EditionBuilder, proved: Asked = lambda index: index) -> Handler:
    """A service with this log; a proof is of the entry that `proved` gives for that asked for."""
    tree = builder.tree()
    files = tree.files(None)

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/log/2027/")
        if path.startswith("proof/"):
            index = proved(int(path.removeprefix("proof/")))
            return web.Response(body=tree.proof(index).encode())
        return web.Response(body=files[path]) if path in files else web.Response(status=404)

    return answer


async def roll(handler: Handler, builder: EditionBuilder) -> RollCommitted:
    """The roll as read from this service, for the builder's log key."""
    async with serving(handler) as url, open_ballot_box(url, HASTY) as box:
        return await committed_roll(box, "2027", len(builder.entries), builder.verifier)


async def issuance(handler: Handler, builder: EditionBuilder) -> IssuanceReported:
    """The report as read from this service, for the builder's log key."""
    async with serving(handler) as url, open_ballot_box(url, HASTY) as box:
        return await reported_issuance(box, "2027", len(builder.entries), builder.verifier)


async def test_the_roll_is_found_in_the_log() -> None:
    """It comes with the issuer's key."""
    builder = started()
    found = await roll(log_of(builder), builder)
    assert found.issuer_key == issuer_spki(issuer_key(ISSUER).public_key())


async def test_the_report_is_found_at_the_end_of_a_long_log() -> None:
    """However many ballots come before it, and though more milestones follow it."""
    builder = certified()
    found = await issuance(log_of(builder), builder)
    assert found.issued == 300


async def test_an_edition_without_a_roll_has_none() -> None:
    """Before the commitment there is no issuer key to rely on."""
    builder = EditionBuilder()
    builder.announce()
    with pytest.raises(NotYet):
        await roll(log_of(builder), builder)


@pytest.mark.parametrize("close", [False, True])
async def test_an_edition_without_a_report_has_none(*, close: bool) -> None:
    """While voting goes on, and between the close and the report."""
    builder = started()
    if close:
        builder.close()
    with pytest.raises(NotYet):
        await issuance(log_of(builder), builder)


async def test_a_log_of_another_key_proves_nothing() -> None:
    """A server with a log of its own making is found out."""
    other = EditionBuilder(log_seed=bytes(32))
    honest = EditionBuilder()
    for builder in (honest, other):
        builder.prepare()
    with pytest.raises(WrongLog, match="does not prove"):
        await roll(log_of(other), honest)


async def test_a_bundle_that_is_withheld_is_no_answer() -> None:
    """A server without the entries that its checkpoint covers does not pass for an early log."""
    builder = started()
    builder.close()
    builder.report_issuance()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404)

    with pytest.raises(WrongLog):
        await issuance(answer, builder)


async def test_a_proof_of_another_entry_proves_nothing() -> None:
    """The proof must be that of the entry which the bundle holds."""
    builder = started()
    with pytest.raises(WrongLog):
        await roll(log_of(builder, lambda index: index + 1), builder)


async def test_an_event_that_is_not_in_the_tree_is_not_believed() -> None:
    """A bundle may hold what the log's key never signed: another issuer key, say."""
    builder, forged = started(), started()
    forged.entries[2] = forged.entries[2].replace(b'"size":100000', b'"size":100001')
    files = LogTree(builder.signer, forged.entries).files(None)
    honest = log_of(builder)

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/log/2027/")
        return web.Response(body=files[path]) if "entries" in path else await honest(request)

    with pytest.raises(WrongLog):
        await roll(answer, builder)
