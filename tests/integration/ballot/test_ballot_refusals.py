"""Ballots to be refused: each by its own problem, in both languages, with nothing written."""

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from msgspec.structs import replace

from shared.edition.ballot import Ballot
from shared.edition.credential import credential_message, issuer_spki
from tests.editions import ISSUER, EditionBuilder, issuer_key
from tests.integration.ballot.conftest import NewPoll
from tests.integration.ballot.problems import assert_problem, refused
from tests.integration.ballot.service import BallotProcess
from tests.polls import Poll

Change = Callable[[Ballot], Ballot]


def fields(ballot: Ballot) -> dict[str, object]:
    """The ballot as it is posted, to be spoilt."""
    return msgspec.json.decode(msgspec.json.encode(ballot), type=dict[str, object])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"ballot"',
        b"{}",
        b"\xff\xfe",
        b'{"choices":["\xff"]}',
        b'{"choices":["\\udc00"]}',
        b'{"x":' + b"[" * 8000,
        b"[" * 16_000,
        b'{"seq":1e999}',
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_a_body_that_is_no_ballot_is_malformed(open_poll: Poll, body: bytes) -> None:
    """Truncated, of another type, not UTF-8, or nested without end."""
    await refused(open_poll, open_poll.post_ballot(body), 400, "malformed-json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "BBBB"),
        ("key", "not base64!"),
        ("key", None),
        ("credential", "A" * 400),
        ("seq", 0),
        ("seq", 2**32),
        ("seq", "1"),
        ("seq", 1.5),
        ("choices", "i01"),
        ("choices", [1]),
        ("choices", ["x" * 65]),
        ("choices", ["i01"] * 1001),
        ("salt", "AAAA"),
        ("signature", "AAAA"),
    ],
    ids=lambda value: repr(value)[:16],
)
async def test_a_ballot_with_a_field_out_of_bounds_is_malformed(
    open_poll: Poll, field: str, value: object
) -> None:
    """Every field has a type and a size, and the answer names the field."""
    body = msgspec.json.encode(fields(open_poll.builder.ballot(1, ["i01"])) | {field: value})
    answer = await refused(open_poll, open_poll.post_ballot(body), 400, "malformed-json")
    assert field in str(answer.json()["detail"])


async def test_a_lone_surrogate_among_the_choices_is_refused(open_poll: Poll) -> None:
    """JSON can spell what is no text."""
    body = msgspec.json.encode(open_poll.builder.ballot(1, ["i01"]))
    spoilt = body.replace(b'"i01"', b'"\\udc00"')
    assert spoilt != body
    await refused(open_poll, open_poll.post_ballot(spoilt), 400, "malformed-json")


@pytest.mark.parametrize("size", [16 * 1024 + 1, 1 << 20])
async def test_a_body_above_16_kb_is_too_large(open_poll: Poll, size: int) -> None:
    """The bound is on the body, whatever is in it."""
    body = msgspec.json.encode(open_poll.builder.ballot(1, ["i01"])).ljust(size)
    await refused(open_poll, open_poll.post_ballot(body), 413, "body-too-large")


async def test_a_body_of_unstated_length_above_16_kb_is_too_large(open_poll: Poll) -> None:
    """A client that sends chunks cannot send more of them."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1024

    async def post() -> tuple[int, dict[str, object]]:
        url = f"{open_poll.url}/v1/editions/{open_poll.edition}/ballots"
        headers = {"Content-Type": "application/json"}
        async with open_poll.session.post(url, data=chunks(), headers=headers) as response:
            return response.status, await response.json(content_type="application/problem+json")

    status, document = await post()
    assert (status, document["type"]) == (413, "urn:huimin:problem:body-too-large")


async def test_a_body_of_16_kb_is_accepted(poll: Poll) -> None:
    """The bound is not below what it says."""
    body = msgspec.json.encode(poll.builder.ballot(1, ["i01"])).ljust(16 * 1024)
    assert (await poll.post_ballot(body)).status == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "json", ""])
async def test_another_content_type_is_not_supported(open_poll: Poll, kind: str) -> None:
    """A form of another site, for one, cannot cast a ballot."""
    body = msgspec.json.encode(open_poll.builder.ballot(1, ["i01"]))
    path = f"/v1/editions/{open_poll.edition}/ballots"
    post = open_poll.request("POST", path, body, Content_Type=kind)
    await refused(open_poll, post, 415, "unsupported-media-type")


async def test_a_charset_in_the_content_type_does_no_harm(poll: Poll) -> None:
    """Many clients add it, in any case."""
    body = msgspec.json.encode(poll.builder.ballot(1, ["i01"]))
    path = f"/v1/editions/{poll.edition}/ballots"
    kind = "Application/JSON; charset=utf-8"
    assert (await poll.request("POST", path, body, Content_Type=kind)).status == 201


@pytest.mark.parametrize(
    "edition",
    ["none", "a+b", "a b", "\0", "..", "NONE", "-", "ä", "x" * 64, "x" * 5000, "a/b", "'", "%"],
    ids=lambda edition: repr(edition)[:16],
)
async def test_a_ballot_for_an_edition_that_is_not_there_is_refused(
    open_poll: Poll, edition: str
) -> None:
    """Whatever stands in the address."""
    body = msgspec.json.encode(open_poll.builder.ballot(1, ["i01"]))
    path = f"{open_poll.url}/v1/editions/{quote(edition, safe='')}/ballots"
    answer = await post_raw(path, body)
    assert_problem(answer[0], answer[1], 404, "unknown-edition")


async def post_raw(url: str, body: bytes) -> tuple[int, dict[str, object]]:
    """POST to an address as it is: aiohttp would make some of them canonical."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    try:
        head = f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        writer.write(body)
        answer = await reader.read()
    finally:
        writer.close()
    start, _, document = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), msgspec.json.decode(document, type=dict[str, object])


async def test_a_ballot_before_the_vote_opens_is_refused(
    services: tuple[BallotProcess, BallotProcess], new_poll: NewPoll
) -> None:
    """From the announcement to the opening, whatever is published by then."""
    poll = await new_poll(services[0].url, prepared=False)
    builder = poll.builder
    for act in (builder.announce, builder.publish_shortlist, builder.commit_roll):
        await poll.officers(act)
        await refused(poll, poll.cast(builder.ballot(1, ["i01"])), 409, "voting-not-open")


async def test_a_ballot_after_the_close_is_refused(poll: Poll) -> None:
    """Also by the process that did not carry out the close itself, and a re-vote as well."""
    await poll.vote(1, "i01")
    await poll.officers(poll.builder.close)
    await refused(poll, poll.cast(poll.builder.ballot(2, ["i01"])), 409, "voting-closed")
    await refused(poll, poll.cast(poll.builder.ballot(1, ["i02"], 2)), 409, "voting-closed")


async def test_another_process_refuses_ballots_after_the_close(
    poll: Poll, services: tuple[BallotProcess, BallotProcess]
) -> None:
    """It took ballots before, and learns of the close from the log."""
    there = poll.at(services[1].url)
    await there.vote(1, "i01")
    await poll.officers(poll.builder.close)
    await refused(there, there.cast(poll.builder.ballot(2, ["i01"])), 409, "voting-closed")


@pytest.mark.parametrize(
    ("choices", "slug"),
    [
        (["i99"], "unknown-initiative"),
        (["i01", "I01"], "unknown-initiative"),
        ([""], "unknown-initiative"),
        (["i01\ni02"], "unknown-initiative"),
        (["i01", "i01"], "repeated-initiative"),
        (["i01", "i02", "i03", "i04"], "too-many-choices"),
        ([], "too-few-choices"),
    ],
    ids=str,
)
async def test_choices_against_the_rules_are_refused_and_not_trimmed(
    open_poll: Poll, choices: list[str], slug: str
) -> None:
    """The voter learns which rule, and nothing of the ballot counts."""
    await refused(open_poll, open_poll.cast(open_poll.builder.ballot(1, choices)), 422, slug)


def flipped(data: bytes) -> bytes:
    """The bytes with the last bit flipped."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        (lambda b: replace(b, commitment=flipped(b.commitment or b"")), 422, "bad-commitment"),
        (lambda b: replace(b, commitment=b""), 422, "bad-commitment"),
        (lambda b: replace(b, salt=flipped(b.salt)), 422, "bad-commitment"),
        (lambda b: replace(b, signature=flipped(b.signature)), 422, "bad-ballot-signature"),
        (lambda b: replace(b, signature=bytes(64)), 422, "bad-ballot-signature"),
        (lambda b: replace(b, signature=b"\xff" * 64), 422, "bad-ballot-signature"),
        (lambda b: replace(b, seq=2), 422, "bad-ballot-signature"),
        (
            lambda b: replace(b, choices=("i02",), commitment=None),
            422,
            "bad-ballot-signature",
        ),
        (lambda b: replace(b, credential=flipped(b.credential)), 403, "bad-credential"),
        (lambda b: replace(b, credential=b""), 403, "bad-credential"),
        (lambda b: replace(b, credential=bytes(256)), 403, "bad-credential"),
        (lambda b: replace(b, credential=b"\xff" * 256), 403, "bad-credential"),
        (lambda b: replace(b, key=b"\x02" + b.key[1:]), 422, "bad-voter-key"),
    ],
)
async def test_a_ballot_changed_on_its_way_is_refused(
    open_poll: Poll, change: Change, status: int, slug: str
) -> None:
    """Whatever of it is changed."""
    ballot = change(open_poll.builder.ballot(1, ["i01"]))
    await refused(open_poll, open_poll.cast(ballot), status, slug)


@pytest.mark.parametrize("point", [b"\x04" + bytes(64), b"\x04" + b"\xff" * 64])
async def test_a_key_off_the_curve_is_refused_though_the_issuer_signed_it(
    open_poll: Poll, point: bytes
) -> None:
    """The issuer signs blindly, so it cannot know."""
    spki = issuer_spki(issuer_key(ISSUER).public_key())
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
    message = credential_message(open_poll.edition, spki, point)
    credential = issuer_key(ISSUER).sign(message, pss, hashes.SHA384())
    ballot = replace(open_poll.builder.ballot(1, ["i01"]), key=point, credential=credential)
    await refused(open_poll, open_poll.cast(ballot), 422, "bad-voter-key")


async def test_a_credential_of_another_issuer_is_refused(open_poll: Poll) -> None:
    """Only the issuer in the roll commitment counts."""
    ballot = open_poll.builder.ballot(1, ["i01"], issuer="somebody else")
    await refused(open_poll, open_poll.cast(ballot), 403, "bad-credential")


async def test_a_credential_of_another_edition_is_refused(open_poll: Poll) -> None:
    """Though the same issuer signed it."""
    foreign = EditionBuilder("another").ballot(1, ["i01"])
    ballot = replace(open_poll.builder.ballot(1, ["i01"]), credential=foreign.credential)
    await refused(open_poll, open_poll.cast(ballot), 403, "bad-credential")


async def test_the_credential_of_another_voter_is_refused(open_poll: Poll) -> None:
    """It is for the key that was signed and no other."""
    other = open_poll.builder.ballot(2, ["i01"])
    ballot = replace(open_poll.builder.ballot(1, ["i01"]), credential=other.credential)
    await refused(open_poll, open_poll.cast(ballot), 403, "bad-credential")


async def test_the_same_seq_with_other_choices_is_refused(poll: Poll) -> None:
    """The first one counts until a higher seq replaces it."""
    await poll.vote(1, "i01")
    await refused(poll, poll.cast(poll.builder.ballot(1, ["i02"])), 409, "stale-seq")


async def test_a_lower_seq_is_refused(poll: Poll) -> None:
    """An old ballot that turns up late does not come back."""
    await poll.vote(1, "i01", seq=5)
    await refused(poll, poll.cast(poll.builder.ballot(1, ["i01"], 4)), 409, "stale-seq")


async def test_the_first_ballot_is_refused_once_a_later_one_counts(poll: Poll) -> None:
    """Even the very ballot that was accepted once: its receipt stands, but it no longer counts."""
    first = poll.builder.ballot(1, ["i01"])
    (await poll.cast(first)).receipt()
    await poll.vote(1, "i02", seq=2)
    await refused(poll, poll.cast(first), 409, "stale-seq")


async def test_a_ballot_that_is_refused_does_not_hold_up_others_of_its_batch(poll: Poll) -> None:
    """Good and bad ones at once: each gets its own answer."""
    await poll.vote(1, "i01", seq=3)
    ballots = [poll.builder.ballot(n, ["i01"]) for n in range(1, 30)]
    answers = await asyncio.gather(*map(poll.cast, ballots))
    assert answers[0].slug == "stale-seq"
    assert [answer.status for answer in answers[1:]] == [201] * 28


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_than_post_is_not_allowed(open_poll: Poll, method: str) -> None:
    """Ballots are posted, and nothing else can be done to them."""
    asked = open_poll.request(method, f"/v1/editions/{open_poll.edition}/ballots")
    await refused(open_poll, asked, 405, "method-not-allowed")
