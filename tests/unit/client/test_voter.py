"""What a voter keeps: made, saved, and updated by what becomes of each ballot."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.client.ballot_box import open_ballot_box
from shared.client.casting import cast_vote, check_vote, send_pending
from shared.client.errors import BadReceipt, CannotRead, Refused
from shared.client.voter import UnusableVoterFile, VoterFile, load_voter, new_voter, save_voter
from shared.edition.ballot import Ballot
from shared.edition.errors import (
    BadCredential,
    TooManyChoices,
    UnknownInitiative,
    VotingClosed,
    VotingNotOpen,
)
from shared.edition.views import EditionView
from shared.log.note import Signer
from tests.editions import ISSUER, EditionBuilder, voter
from tests.views import view_of
from tests.web import HASTY, problem, serving

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def builder() -> EditionBuilder:
    """An open edition."""
    builder = EditionBuilder()
    builder.prepare()
    return builder


@pytest.fixture
def view(builder: EditionBuilder) -> EditionView:
    """The edition as served."""
    return view_of(builder)


@pytest.fixture
def mine(builder: EditionBuilder) -> VoterFile:
    """A voter with a credential."""
    return voter_file(builder.edition, builder.signer.vkey)


@pytest.fixture
def file(tmp_path: Path, mine: VoterFile) -> Path:
    """The voter's file."""
    save_voter(tmp_path / "voter.json", mine)
    return tmp_path / "voter.json"


def voter_file(edition: str, vkey: str, of: str = "") -> VoterFile:
    """The file of voter 7, with a credential for `of` or else for the same edition."""
    known = voter(7, of or edition, ISSUER)
    scalar = known.key.private_numbers().private_value.to_bytes(32)
    return VoterFile(edition=edition, vkey=vkey, key=scalar).with_credential(known.credential)


async def cast(handler: Handler, file: Path, view: EditionView) -> VoterFile:
    """Cast a ballot for i01 at a service that answers so."""
    async with serving(handler) as url, open_ballot_box(url, HASTY) as box:
        return await cast_vote(box, file, load_voter(file), view, ["i01"])


def accepting(builder: EditionBuilder) -> Handler:
    """A service that records each ballot."""

    async def answer(request: web.Request) -> web.Response:
        index = builder.record(msgspec.json.decode(await request.read(), type=Ballot))
        return web.Response(status=201, body=msgspec.json.encode(builder.receipt(index)))

    return answer


def refusing(status: int, slug: str) -> Handler:
    """A service that refuses each ballot."""

    async def answer(_: web.Request) -> web.Response:
        return problem(status, slug)

    return answer


def test_a_new_voter_has_a_usable_key() -> None:
    """The public key verifies what the private key signs."""
    fresh = new_voter("2027", Signer("vote.example/2027", bytes(32)).vkey)
    signature = fresh.private_key.sign(b"message", ec.ECDSA(hashes.SHA256()))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), fresh.public_key)
    public.verify(signature, b"message", ec.ECDSA(hashes.SHA256()))


def test_the_point_stands_beside_its_key() -> None:
    """For browsers, which compute none: the file is a recovery card of the voting page."""
    fresh = new_voter("2027", Signer("vote.example/2027", bytes(32)).vkey)
    assert fresh.point == fresh.public_key


def test_a_file_without_the_point_is_read(file: Path, mine: VoterFile) -> None:
    """Older files have none."""
    save_voter(file, msgspec.structs.replace(mine, point=b""))
    assert load_voter(file).public_key == mine.public_key


def test_the_private_key_is_the_scalar() -> None:
    """32 bytes, big-endian: what other implementations of P-256 read."""
    fresh = new_voter("2027", Signer("vote.example/2027", bytes(32)).vkey)
    der = fresh.private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert fresh.key in der


def test_a_file_holds_all_of_a_voter(file: Path, mine: VoterFile) -> None:
    """What is saved is what is loaded."""
    assert load_voter(file) == mine


def test_a_file_is_private(file: Path) -> None:
    """Nobody but its owner may read it."""
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_voter_is_shown_without_its_key(mine: VoterFile) -> None:
    """A traceback or a log does not show the key."""
    assert repr(mine) == "VoterFile(edition='2027', seq=0)"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "huimin/voter/v2"},
        {"key": "AAAA"},
        {"key": "A" * 43 + "="},
        {"vkey": "vote.example/2027+00000000+AAAA"},
        {"edition": "no/edition"},
        {"seq": -1},
        {"point": "BAAA"},
    ],
    ids=[
        "another format",
        "a short key",
        "the zero scalar",
        "a bad vkey",
        "a bad id",
        "a bad seq",
        "another's point",
    ],
)
def test_an_unusable_file_is_refused(file: Path, change: dict[str, object]) -> None:
    """Every field is checked when the file is loaded."""
    document = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
    file.write_bytes(msgspec.json.encode(document | change))
    with pytest.raises(UnusableVoterFile):
        load_voter(file)


def test_text_that_is_no_json_is_refused(file: Path) -> None:
    """Any other file is said not to be a voter's."""
    file.write_text("hello")
    with pytest.raises(UnusableVoterFile, match="no voter's file"):
        load_voter(file)


@pytest.mark.parametrize(
    ("choices", "refusal"),
    [(["i99"], UnknownInitiative), (["i01", "i02", "i03", "i04"], TooManyChoices)],
)
def test_bad_choices_are_refused(
    mine: VoterFile, view: EditionView, choices: list[str], refusal: type[Exception]
) -> None:
    """The edition's rules for a ballot apply before one is made."""
    with pytest.raises(refusal):
        check_vote(mine, view, choices)


def test_a_credential_of_another_edition_is_refused(
    builder: EditionBuilder, view: EditionView
) -> None:
    """A credential counts in its own edition only."""
    foreign = voter_file(builder.edition, builder.signer.vkey, of="2026")
    with pytest.raises(BadCredential):
        check_vote(foreign, view, ["i01"])


def test_a_missing_credential_is_refused(builder: EditionBuilder, view: EditionView) -> None:
    """A voter who has not got a credential yet cannot vote."""
    with pytest.raises(BadCredential):
        check_vote(new_voter(builder.edition, builder.signer.vkey), view, ["i01"])


def test_a_vote_before_the_opening_is_refused(mine: VoterFile) -> None:
    """An announced edition takes no ballots yet."""
    announced = EditionBuilder()
    announced.announce()
    with pytest.raises(VotingNotOpen):
        check_vote(mine, view_of(announced), ["i01"])


def test_a_vote_after_the_close_is_refused(builder: EditionBuilder, mine: VoterFile) -> None:
    """A closed edition takes no ballots any more."""
    builder.close()
    with pytest.raises(VotingClosed):
        check_vote(mine, view_of(builder), ["i01"])


async def test_an_acknowledged_ballot_leaves_its_receipt(
    builder: EditionBuilder, file: Path, view: EditionView
) -> None:
    """The file then has the receipt and the seq, and nothing is pending."""
    after = await cast(accepting(builder), file, view)
    assert (after.seq, after.pending, after.receipt) == (1, None, builder.receipt(4))
    assert load_voter(file) == after


async def test_a_ballot_is_saved_before_it_is_sent(
    builder: EditionBuilder, file: Path, view: EditionView
) -> None:
    """When the request arrives, the file holds that very ballot already."""
    saved: list[bool] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        sent = msgspec.json.decode(await request.read(), type=Ballot)
        saved.append(load_voter(file).pending == sent)
        return await accepting(builder)(request)

    await cast(answer, file, view)
    assert saved == [True]


async def test_an_unanswered_ballot_stays_pending(file: Path, view: EditionView) -> None:
    """Without an answer nobody knows whether it counts, so it is kept."""
    with pytest.raises(CannotRead):
        await cast(refusing(503, "overloaded"), file, view)
    kept = load_voter(file)
    assert kept.pending is not None
    assert kept.seq == 0


async def test_a_pending_ballot_is_sent_unchanged(
    builder: EditionBuilder, file: Path, view: EditionView
) -> None:
    """After an interruption the same bytes are sent, salt and signature included."""
    with pytest.raises(CannotRead):
        await cast(refusing(503, "overloaded"), file, view)
    pending = load_voter(file).pending
    async with serving(accepting(builder)) as url, open_ballot_box(url, HASTY) as box:
        await send_pending(box, file, load_voter(file))
    assert [ballot for _, ballot in builder.ballots] == [pending]


async def test_a_second_vote_has_the_next_seq(
    builder: EditionBuilder, file: Path, view: EditionView
) -> None:
    """Each ballot of a key counts one up, and has a salt of its own."""
    for _ in range(2):
        await cast(accepting(builder), file, view)
    first, second = (ballot for _, ballot in builder.ballots)
    assert (first.seq, second.seq) == (1, 2)
    assert first.salt != second.salt


async def test_a_refused_ballot_is_forgotten(file: Path, view: EditionView) -> None:
    """A ballot that can never count does not stand in the way of the next."""
    with pytest.raises(Refused):
        await cast(refusing(400, "unknown-initiative"), file, view)
    assert (load_voter(file).pending, load_voter(file).seq) == (None, 0)


async def test_an_overtaken_ballot_gives_up_its_seq(file: Path, view: EditionView) -> None:
    """If another ballot of the key has the seq, the next one is higher."""
    with pytest.raises(Refused):
        await cast(refusing(409, "stale-seq"), file, view)
    assert (load_voter(file).pending, load_voter(file).seq) == (None, 1)


@pytest.mark.parametrize(("status", "slug"), [(409, "voting-closed"), (404, "")])
async def test_a_ballot_that_may_be_in_the_log_is_kept(
    file: Path, view: EditionView, status: int, slug: str
) -> None:
    """The close, or the answer of a stranger, does not say that an earlier attempt failed."""

    async def answer(_: web.Request) -> web.Response:
        return problem(status, slug) if slug else web.Response(status=status)

    with pytest.raises(Refused):
        await cast(answer, file, view)
    assert load_voter(file).pending is not None


async def test_a_ballot_with_a_false_receipt_is_kept(
    builder: EditionBuilder, file: Path, view: EditionView
) -> None:
    """A receipt that proves another entry is no acknowledgement."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=201, body=msgspec.json.encode(builder.receipt(3)))

    with pytest.raises(BadReceipt):
        await cast(answer, file, view)
    assert load_voter(file).pending is not None


async def test_a_ballot_that_would_be_refused_is_not_sent(
    builder: EditionBuilder, file: Path, view: EditionView
) -> None:
    """The edition's rules are looked at before a ballot is made, saved or sent."""
    async with serving(accepting(builder)) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(UnknownInitiative):
            await cast_vote(box, file, load_voter(file), view, ["i99"])
    assert builder.ballots == []
