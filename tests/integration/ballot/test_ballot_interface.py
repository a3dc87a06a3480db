"""The HTTP interface around ballots and log: views, health, slow clients, the OpenAPI document."""

import asyncio
import re

import msgspec
import pytest

from shared.edition.views import EditionList
from tests.integration.ballot.conftest import NewPoll
from tests.integration.ballot.problems import refused
from tests.integration.ballot.service import BallotProcess, Site
from tests.polls import Poll

PUBLIC_ROUTES = {
    "/v1/editions": {"get"},
    "/v1/editions/{edition}": {"get"},
    "/v1/editions/{edition}/ballots": {"post"},
    "/v1/editions/{edition}/commands": {"post"},
    "/log/{edition}/checkpoint": {"get"},
    "/log/{edition}/tile/{tile_path}": {"get"},
    "/log/{edition}/proof/{index}": {"get"},
    "/live": {"get"},
    "/ready": {"get"},
}


async def test_the_list_names_every_edition_and_the_key_for_new_ones(
    site: Site, new_poll: NewPoll
) -> None:
    """Nothing else needs to be known to announce one."""
    with site.running() as process:
        first = await new_poll(process.url)
        second = await new_poll(process.url, prepared=False)
        await second.officers(second.builder.announce)
        answer = await first.get("/v1/editions")
    listed = msgspec.json.decode(answer.body, type=EditionList)
    assert [one.edition for one in listed.editions] == [first.edition, second.edition]
    assert [one.phase for one in listed.editions] == ["open", "announced"]
    assert listed.log_origin == "vote.example"
    assert listed.log_key == first.builder.verifier.public


async def test_an_edition_shows_where_it_and_its_log_stand(poll: Poll) -> None:
    """The manifest as signed, the shortlist, the roll, and the newest checkpoint."""
    await poll.vote(1, "i01")
    view = await poll.view()
    assert (view.phase, view.size, view.milestone_size) == ("open", 5, 4)
    assert view.manifest == poll.builder.manifest
    assert [initiative.id for initiative in view.initiatives] == list(poll.builder.ids)
    assert view.checkpoint.encode() == (await poll.read("checkpoint")).body
    assert view.vkey == poll.builder.signer.vkey


@pytest.mark.parametrize("edition", ["none", "a+b", "%00", "x" * 300, "ballots"])
async def test_an_edition_that_is_not_there_is_not_found(open_poll: Poll, edition: str) -> None:
    """Whatever stands in the address; `ballots` would be a possible id."""
    await refused(open_poll, open_poll.get(f"/v1/editions/{edition}"), 404, "unknown-edition")


@pytest.mark.parametrize("path", ["/v2", "/v1/editions/a/b", "/v1/ballots", "/.env"])
async def test_an_address_that_is_not_there_is_not_found(open_poll: Poll, path: str) -> None:
    """As a problem document, like every error."""
    await refused(open_poll, open_poll.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/editions/stays-open"),
        ("PUT", "/v1/editions"),
        ("GET", "/v1/editions/stays-open/commands"),
        ("POST", "/log/stays-open/checkpoint"),
        ("DELETE", "/log/stays-open/tile/0/000.p/1"),
    ],
)
async def test_a_method_that_is_not_offered_is_not_allowed(
    open_poll: Poll, method: str, path: str
) -> None:
    """As a problem document, like every error."""
    await refused(open_poll, open_poll.request(method, path), 405, "method-not-allowed")


async def test_a_body_that_does_not_arrive_is_given_up(open_poll: Poll) -> None:
    """For ballots and for commands; the connection is not held for ever."""
    host, _, port = open_poll.url.removeprefix("http://").partition(":")

    async def dawdle(what: str) -> bytes:
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /v1/editions/stays-open/{what} HTTP/1.1\r\nHost: {host}\r\n"
        kind = "Content-Type: application/json\r\nContent-Length: 900\r\n\r\n"
        writer.write(f"{head}{kind}".encode() + b'{"key":')
        try:
            return await reader.readuntil(b"}")
        finally:
            writer.close()

    for answer in await asyncio.gather(dawdle("ballots"), dawdle("commands")):
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"urn:huimin:problem:body-too-slow" in answer


async def test_a_client_that_goes_away_leaves_nothing(open_poll: Poll) -> None:
    """Half a ballot and then nothing: the log is as before, and nothing unforeseen happened."""
    host, _, port = open_poll.url.removeprefix("http://").partition(":")
    body = msgspec.json.encode(open_poll.builder.ballot(1, ["i01"]))
    size = await open_poll.size()
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v1/editions/stays-open/ballots HTTP/1.1\r\nHost: {host}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
    await writer.drain()
    writer.close()
    assert await open_poll.size() == size


async def test_a_service_with_its_database_is_ready(open_poll: Poll) -> None:
    """And alive."""
    assert (await open_poll.get("/ready")).json()["ready"] is True
    assert (await open_poll.get("/live")).json() == {"live": True}


async def test_the_document_describes_every_public_route(open_poll: Poll) -> None:
    """The bare route for ballots as well."""
    document = (await open_poll.get("/schema/openapi.json")).json()
    paths = document["paths"]
    assert isinstance(paths, dict)
    assert {path: set(methods) for path, methods in paths.items()} == PUBLIC_ROUTES


@pytest.mark.parametrize(
    ("route", "schema"), [("ballots", "Ballot"), ("commands", "SignedCommand")]
)
async def test_the_document_says_what_is_posted_and_what_comes_back(
    open_poll: Poll, route: str, schema: str
) -> None:
    """Body, receipt and problems, by schemas that are in the document."""
    document = (await open_poll.get("/schema/openapi.json")).body
    post = msgspec.json.decode(document)["paths"][f"/v1/editions/{{edition}}/{route}"]["post"]
    schemas = msgspec.json.decode(document)["components"]["schemas"]
    ref = "#/components/schemas/"
    body = post["requestBody"]["content"]["application/json"]["schema"]
    created = post["responses"]["201"]["content"]["application/json"]["schema"]
    assert (body["$ref"], created["$ref"]) == (f"{ref}{schema}", f"{ref}Receipt")
    assert {"400", "403", "404", "408", "409", "413", "415", "422", "503"} < set(post["responses"])
    assert {schema, "Receipt", "Problem"} <= set(schemas)
    references = set(re.findall(rb'"\$ref":"#/components/schemas/([^"]+)"', document))
    assert {name.decode() for name in references} <= set(schemas)


async def test_the_interface_to_the_document_asks_no_third_party(open_poll: Poll) -> None:
    """Everything that the page loads is served from here."""
    page = (await open_poll.get("/schema/")).body.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert not re.search(r"(?:src|href|url\()[=\"' ]*(?:https?:)?//", page)
    assert len(loaded) >= 2
    for path in loaded:
        if not path.startswith("data:"):
            assert (await open_poll.get(path)).status == 200


async def test_a_service_stops_in_order_when_told_to(site: Site) -> None:
    """Exit status 0, and nothing to complain about."""
    with site.running() as process:
        assert process.terminate() == 0
        assert '"level":"error"' not in process.log.replace(" ", "")


def test_bad_settings_are_named_and_nothing_is_started(
    site: Site, services: tuple[BallotProcess, BallotProcess]
) -> None:
    """Exit status 2."""
    with site.started(queue_limit=0) as process:
        assert process.wait() == 2
        assert "HUIMIN_BALLOT" in process.log
