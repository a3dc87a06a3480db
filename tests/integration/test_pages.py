"""The web pages as services hand them out: addresses, headers, compression, who may read what."""

import gzip
import re
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import msgspec
import pytest

from cli.installation import Installation
from shared.service.pages import PublicUrls, page_handlers, policy

PAGES: Final = [("ballot", "vote"), ("ballot", "check"), ("tally", "board")]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that shows bodies and redirects as they come."""
    plain = {"Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(auto_decompress=False, headers=plain) as session:
        yield session


def url_of(installation: Installation, service: str) -> str:
    """The address of a service."""
    return {"ballot": installation.ballot_url, "tally": installation.tally_url}[service]


@pytest.fixture(params=PAGES, ids=[name for _, name in PAGES])
def page(request: pytest.FixtureRequest, installation: Installation) -> str:
    """The address of each page."""
    service, name = request.param
    return f"{url_of(installation, service)}/{name}"


@pytest.mark.parametrize(("service", "first"), [("ballot", "/vote"), ("tally", "/board")])
async def test_the_bare_address_leads_to_a_page(
    installation: Installation, http: aiohttp.ClientSession, service: str, first: str
) -> None:
    """For people who type it."""
    async with http.get(url_of(installation, service), allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, first)


async def test_a_page_has_the_policy_that_allows_its_own_files_and_services_alone(
    installation: Installation, http: aiohttp.ClientSession, page: str
) -> None:
    """And the other headers that keep it apart from other sites."""
    async with http.get(page) as answer:
        headers = answer.headers
    directives = dict(one.split(" ", 1) for one in headers["Content-Security-Policy"].split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["form-action"] == "'none'"
    others = {
        installation.ballot_url,
        installation.registrar_url,
        installation.tally_url,
        installation.notify_url,
    } - {page.rsplit("/", 1)[0]}
    assert set(directives["connect-src"].split(" ")) == {"'self'"} | others
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-cache"
    camera = "(self)" if page.endswith("/check") else "()"
    assert f"camera={camera}" in headers["Permissions-Policy"]


async def test_a_page_has_no_script_or_style_in_it_and_nothing_from_elsewhere(
    http: aiohttp.ClientSession, page: str
) -> None:
    """Its policy would refuse it, and people would see nothing."""
    async with http.get(page) as answer:
        html = await answer.text()
    assert re.findall(r"<script(?![^>]* src=)", html) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", html) == []
    assert {link[0] for link in re.findall(r'(?:src|href)="([^"]*)"', html)} == {"/"}


async def test_a_pages_files_are_kept_for_ever_and_sent_compressed(
    http: aiohttp.ClientSession, page: str
) -> None:
    """Their names change with their contents."""
    base = page.rsplit("/", 1)[0]
    async with http.get(page) as answer:
        names = re.findall(r'(?:src|href)="(/assets/[^"]*\.(?:js|css))"', await answer.text())
    assert names
    for name in names:
        async with http.get(base + name) as answer:
            plain, kept = await answer.read(), answer.headers["Cache-Control"]
        assert "immutable" in kept
        async with http.get(base + name, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Vary"] == "Accept-Encoding"
            body = await answer.read()
            encoded = answer.headers.get("Content-Encoding") == "gzip"
        assert (gzip.decompress(body) if encoded else body) == plain
        assert encoded or len(plain) < 1024


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", None),
        ("", None),
    ],
)
async def test_the_encoding_is_one_that_the_client_takes(
    installation: Installation, http: aiohttp.ClientSession, accepted: str, encoding: str | None
) -> None:
    """The best of them, or none."""
    url = f"{installation.ballot_url}/check"
    async with http.get(url, headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("Content-Encoding") == encoding


async def test_a_page_that_has_not_changed_is_not_sent_again(
    http: aiohttp.ClientSession, page: str
) -> None:
    """By its entity tag."""
    async with http.get(page) as answer:
        tag = answer.headers["ETag"]
    async with http.get(page, headers={"If-None-Match": tag}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")
        assert "Content-Security-Policy" in answer.headers


async def test_the_voting_page_is_under_100_kb(
    installation: Installation, http: aiohttp.ClientSession
) -> None:
    """All that is loaded before somebody has done anything, compressed."""
    base = installation.ballot_url
    async with http.get(f"{base}/vote") as answer:
        html = await answer.text()
    total = len(html)
    for name in set(re.findall(r'"(/assets/[^"]*)"', html)):
        async with http.get(base + name, headers={"Accept-Encoding": "gzip"}) as answer:
            total += len(await answer.read())
    assert total < 100_000


async def test_pages_are_told_where_the_services_are(
    installation: Installation, http: aiohttp.ClientSession
) -> None:
    """A service's own address is empty: it is that of the page."""
    async with http.get(f"{installation.ballot_url}/services.json") as answer:
        assert await answer.json() == {
            "ballot": "",
            "registrar": installation.registrar_url,
            "tally": installation.tally_url,
            "notify": installation.notify_url,
        }
    async with http.get(f"{installation.tally_url}/services.json") as answer:
        told = await answer.json()
    assert (told["tally"], told["ballot"]) == ("", installation.ballot_url)


async def test_the_offline_worker_of_the_receipt_check_is_asked_for_each_time(
    installation: Installation, http: aiohttp.ClientSession
) -> None:
    """It names every file that the page needs, and all of them are there."""
    base = installation.ballot_url
    async with http.get(f"{base}/check-worker.js") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
        source = await answer.text()
    files = re.findall(r'"(/assets/[^"]+)"', source)
    assert len(files) > 3
    for file in files:
        async with http.get(base + file) as answer:
            assert answer.status == 200


async def test_a_file_that_is_not_there_is_a_problem(
    installation: Installation, http: aiohttp.ClientSession
) -> None:
    """As everywhere; nothing outside the pages is handed out."""
    for name in ("nothing.js", "..%2f..%2fpages.py", "%2e%2e/check.html"):
        async with http.get(f"{installation.ballot_url}/assets/{name}") as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("service", "path"),
    [("ballot", "/v1/editions"), ("ballot", "/services.json"), ("tally", "/v1/receipt-checks")],
)
async def test_what_is_public_may_be_read_by_a_page_of_any_origin(
    installation: Installation, http: aiohttp.ClientSession, service: str, path: str
) -> None:
    """Each service may have an origin of its own."""
    headers = {"Origin": "https://elsewhere.example"}
    async with http.get(url_of(installation, service) + path, headers=headers) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


async def test_a_page_of_another_origin_may_not_cast_ballots(
    installation: Installation, http: aiohttp.ClientSession
) -> None:
    """A browser asks first, and is not told that it may."""
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    url = f"{installation.ballot_url}/v1/editions/any/ballots"
    async with http.options(url, headers=asked) as answer:
        assert answer.status >= 400
        assert "Access-Control-Allow-Methods" not in answer.headers


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example; script-src *",
        "https://a.example, https://b.example",
        "javascript:alert(1)",
        "https://a.example'",
        "//a.example",
    ],
)
def test_an_address_cannot_say_more_than_where_a_service_is(url: str) -> None:
    """It stands in the pages' policy."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"tally": url}, PublicUrls)


def test_behind_one_proxy_a_page_asks_its_own_origin_alone() -> None:
    """Empty addresses add nothing to the policy; paths are no part of an origin."""
    assert "connect-src 'self';" in policy(PublicUrls())
    urls = PublicUrls(tally="https://a.example/tally/", notify="https://a.example:8443")
    assert "connect-src 'self' https://a.example https://a.example:8443;" in policy(urls)


def test_a_service_without_built_pages_does_without(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It serves its interface all the same."""
    assert page_handlers(["vote"], PublicUrls(), tmp_path_factory.mktemp("empty")) == []
