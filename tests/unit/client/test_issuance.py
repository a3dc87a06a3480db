"""Getting a credential: what is saved when, and what an interruption or a false registrar does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from msgspec.structs import replace

from shared.client.errors import BadAnswer, Refused
from shared.client.issuance import WrongIssuer, ask_for_code, get_credential, prepared
from shared.client.registrar import open_registrar
from shared.client.voter import VoterFile, load_voter, new_voter, save_voter
from shared.edition.blind_signature import BlindSigner
from shared.edition.credential import (
    credential_message,
    issuer_spki,
    load_issuer_spki,
    verify_credential,
)
from shared.edition.events import RollCommitted, decode_event
from shared.eligibility.views import (
    BlindCredential,
    Challenge,
    ChallengeRequest,
    CredentialRequest,
    PhoneCode,
    Registration,
)
from tests.editions import ISSUER, EditionBuilder, issuer_key
from tests.web import HASTY, Handler, problem, serving

NOW = datetime(2027, 3, 1, tzinfo=UTC)
SPKI = issuer_spki(issuer_key(ISSUER).public_key())
REGISTRATION = Registration(
    edition="2027", mode="phone", issuer_key=SPKI, issuing="open", codes="working"
)
ASKED = ChallengeRequest(phone="13800138000")
CHALLENGE = Challenge(challenge="A" * 22, expires_in_s=300, attempts=5, code_digits=6)
PERSON = PhoneCode(challenge="A" * 22, code="123456")


class Signing:
    """A registrar that signs whatever it is sent; before that it fails as often as `failing`."""

    def __init__(self, file: Path, failing: int = 0) -> None:
        self.failing = failing
        self.seen: list[VoterFile] = []
        self.blinded: list[bytes] = []
        self._file = file

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, remembering what was in the voter's file when it came."""
        self.seen.append(load_voter(self._file))
        if request.path.endswith("/challenges"):
            return web.Response(status=201, body=msgspec.json.encode(CHALLENGE))
        sent = msgspec.json.decode(await request.read(), type=CredentialRequest)
        self.blinded.append(sent.blinded_message)
        if len(self.blinded) <= self.failing:
            assert request.transport is not None
            request.transport.close()
        signature = BlindSigner(issuer_key(ISSUER)).blind_sign(sent.blinded_message)
        return web.Response(status=201, body=msgspec.json.encode(BlindCredential(signature)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the voter's file will be."""
    return tmp_path / "voter.json"


@pytest.fixture
def roll() -> RollCommitted:
    """What the log says."""
    builder = EditionBuilder()
    builder.prepare()
    event = decode_event(builder.entries[2])
    assert isinstance(event, RollCommitted)
    return event


@pytest.fixture
def voter(roll: RollCommitted) -> VoterFile:
    """A voter who is prepared."""
    return prepared(new_voter("2027", EditionBuilder().signer.vkey), REGISTRATION, roll)


async def credential(handler: Handler, file: Path, voter: VoterFile) -> VoterFile:
    """The voter once the registrar has answered."""
    async with serving(handler) as url, open_registrar(url, HASTY) as registrar:
        return await get_credential(registrar, file, voter, PERSON)


def test_a_registrar_with_a_key_of_its_own_is_refused(roll: RollCommitted) -> None:
    """It could recognise a voter by that key, so nothing is blinded under it."""
    other = issuer_spki(issuer_key("other").public_key())
    voter = new_voter("2027", EditionBuilder().signer.vkey)
    with pytest.raises(WrongIssuer):
        prepared(voter, replace(REGISTRATION, issuer_key=other), roll)


def test_a_blinding_is_made_once(voter: VoterFile, roll: RollCommitted) -> None:
    """A later run goes on with the same blinded message: the registrar signs no other."""
    assert prepared(voter, REGISTRATION, roll) == voter


def test_a_blinding_for_another_issuer_key_is_refused(
    voter: VoterFile, roll: RollCommitted
) -> None:
    """A file that was prepared for another key can get no credential here."""
    other = issuer_spki(issuer_key("other").public_key())
    registration, elsewhere = (
        replace(REGISTRATION, issuer_key=other),
        replace(roll, issuer_key=other),
    )
    with pytest.raises(WrongIssuer, match="begin again"):
        prepared(voter, registration, elsewhere)


async def test_the_blinding_is_saved_before_a_code_is_asked_for(
    file: Path, voter: VoterFile
) -> None:
    """When the request arrives, the file holds all that will be needed."""
    registrar_ = Signing(file)
    async with serving(registrar_.answer) as url, open_registrar(url, HASTY) as registrar:
        await ask_for_code(registrar, file, voter, ASKED, NOW)
    assert registrar_.seen == [voter]


async def test_the_challenge_is_saved(file: Path, voter: VoterFile) -> None:
    """The next run can go on with its code until it expires."""
    async with serving(Signing(file).answer) as url, open_registrar(url, HASTY) as registrar:
        await ask_for_code(registrar, file, voter, ASKED, NOW)
    sent = load_voter(file).sent_code
    assert sent is not None
    assert (sent.challenge, sent.until) == (CHALLENGE, NOW + timedelta(seconds=300))


async def test_nobodys_number_is_saved(file: Path, voter: VoterFile) -> None:
    """Who finds the file does not learn whose it is."""
    async with serving(Signing(file).answer) as url, open_registrar(url, HASTY) as registrar:
        await ask_for_code(registrar, file, voter, ASKED, NOW)
    assert "1380013" not in file.read_text()


async def test_a_challenge_without_end_is_cut_short(file: Path, voter: VoterFile) -> None:
    """A number from a server does not overflow the clock."""

    async def answer(_: web.Request) -> web.StreamResponse:
        endless = replace(CHALLENGE, expires_in_s=2**60)
        return web.Response(status=201, body=msgspec.json.encode(endless))

    async with serving(answer) as url, open_registrar(url, HASTY) as registrar:
        voter = await ask_for_code(registrar, file, voter, ASKED, NOW)
    assert voter.sent_code is not None
    assert voter.sent_code.until == NOW + timedelta(days=1)


async def test_the_credential_is_that_of_the_voters_key(file: Path, voter: VoterFile) -> None:
    """What is saved verifies under the issuer's key, and the blinding is forgotten."""
    await credential(Signing(file).answer, file, voter)
    saved = load_voter(file)
    message = credential_message("2027", SPKI, voter.public_key)
    verify_credential(load_issuer_spki(SPKI), message, saved.credential)
    assert (saved.blinding, saved.sent_code, saved.key) == (None, None, voter.key)


async def test_a_lost_answer_is_asked_for_with_the_same_message(
    file: Path, voter: VoterFile
) -> None:
    """The registrar gives the same answer to the same blinded message, and to no other."""
    registrar = Signing(file, failing=2)
    await credential(registrar.answer, file, voter)
    assert registrar.blinded == [registrar.blinded[0]] * 3


async def test_a_false_signature_is_refused(file: Path, voter: VoterFile) -> None:
    """A registrar that signs something else is found out, and the file can try again."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=201, body=msgspec.json.encode(BlindCredential(bytes(256))))

    with pytest.raises(BadAnswer, match="not the one asked for"):
        await credential(answer, file, voter)
    assert load_voter(file) == voter


async def test_a_refused_code_changes_nothing(file: Path, voter: VoterFile) -> None:
    """After a wrong code the right one can be sent."""
    save_voter(file, voter)

    async def answer(_: web.Request) -> web.StreamResponse:
        return problem(403, "wrong-code")

    with pytest.raises(Refused):
        await credential(answer, file, voter)
    assert load_voter(file) == voter


async def test_nothing_is_sent_for_a_voter_who_is_not_prepared(file: Path) -> None:
    """Whoever skips the comparison of the issuer keys gets no further."""
    stranger = new_voter("2027", EditionBuilder().signer.vkey)
    registrar = Signing(file)
    with pytest.raises(AssertionError):
        await credential(registrar.answer, file, stranger)
    assert registrar.seen == []


def test_a_blinding_is_shown_without_its_inverse(voter: VoterFile) -> None:
    """A traceback or a log does not show the secret that links a person to a credential."""
    assert repr(voter.blinding) == "Blinding()"
