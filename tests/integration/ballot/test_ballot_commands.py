"""Officers' commands at the real service: what is refused leaves nothing, what is done stands."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from shared.edition.commands import (
    AnnounceEdition,
    CertifyResult,
    CloseVoting,
    DrawTieSeed,
    OpenVoting,
    PublishShortlist,
    ReportIssuance,
    ReportProgress,
    SignedCommand,
    sign_command,
)
from shared.edition.events import decode_event
from shared.edition.manifest import Initiative, LogIdentity, Officer, Text
from tests.audits import audited
from tests.integration.ballot.conftest import NewPoll
from tests.integration.ballot.problems import refused
from tests.integration.ballot.service import BallotProcess, Site
from tests.polls import Poll

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
async def unborn(services: tuple[BallotProcess, BallotProcess], new_poll: NewPoll) -> Poll:
    """An edition that was never announced."""
    return await new_poll(services[0].url, prepared=False)


def close(poll: Poll, **changes: object) -> CloseVoting:
    """The command that would close the vote, or one that is not quite it."""
    return CloseVoting(**({**poll.builder.base()} | changes))  # type: ignore[arg-type]  # as given


def announcement(poll: Poll) -> AnnounceEdition:
    """The command that would announce the edition."""
    return AnnounceEdition(manifest=poll.builder.manifest, **poll.builder.base())


async def test_a_command_that_one_officer_signed_lacks_a_signature(open_poll: Poll) -> None:
    """Closing takes two."""
    signed = open_poll.builder.signed(close(open_poll), ["first"])
    await refused(open_poll, open_poll.command(signed), 403, "officer-signature-missing")


async def test_two_signatures_of_one_officer_are_one(open_poll: Poll) -> None:
    """Two different officers are needed."""
    signed = open_poll.builder.signed(close(open_poll), ["first", "first"])
    await refused(open_poll, open_poll.command(signed), 403, "officer-signature-missing")


async def test_a_command_without_signatures_lacks_them(open_poll: Poll) -> None:
    """Nobody is nobody."""
    signed = open_poll.builder.signed(close(open_poll), [])
    await refused(open_poll, open_poll.command(signed), 403, "officer-signature-missing")


async def test_a_signature_by_another_key_is_wrong(open_poll: Poll) -> None:
    """Whoever signs in an officer's name needs that officer's key."""
    signed = open_poll.builder.signed(close(open_poll), ["first"])
    forged = sign_command(signed.command, "second", STRANGER)
    signed = replace(signed, signatures=(*signed.signatures, forged))
    await refused(open_poll, open_poll.command(signed), 403, "officer-signature-wrong")


async def test_a_signature_of_somebody_who_is_no_officer_is_wrong(open_poll: Poll) -> None:
    """Even beside enough good ones."""
    signed = open_poll.builder.signed(close(open_poll))
    foreign = sign_command(signed.command, "stranger", STRANGER)
    signed = replace(signed, signatures=(*signed.signatures, foreign))
    await refused(open_poll, open_poll.command(signed), 403, "officer-signature-wrong")


async def test_signatures_under_other_bytes_are_wrong(open_poll: Poll) -> None:
    """One space more, and nobody has signed it."""
    signed = open_poll.builder.signed(close(open_poll))
    changed = replace(signed, command=signed.command + b" ")
    await refused(open_poll, open_poll.command(changed), 403, "officer-signature-wrong")


async def test_a_command_carried_out_already_is_stale(open_poll: Poll) -> None:
    """Whoever replays it finds that the log has moved on."""
    event = decode_event(open_poll.builder.entries[-1])
    signed = getattr(event, "signed")  # noqa: B009  # any officers' event has it
    await refused(open_poll, open_poll.command(signed), 409, "stale-command")


@pytest.mark.parametrize("size", [0, 3, 6, 2**53 - 1])
async def test_a_command_for_another_size_of_the_log_is_stale(open_poll: Poll, size: int) -> None:
    """Before the last milestone, or beyond the log's end."""
    signed = open_poll.builder.signed(close(open_poll, expected_size=size))
    await refused(open_poll, open_poll.command(signed), 409, "stale-command")


async def test_a_command_for_another_log_is_stale(open_poll: Poll) -> None:
    """The same edition id in the log of another city."""
    signed = open_poll.builder.signed(close(open_poll, origin="elsewhere.example/stays-open"))
    await refused(open_poll, open_poll.command(signed), 409, "stale-command")


async def test_a_command_for_another_edition_than_its_address_is_refused(
    open_poll: Poll,
) -> None:
    """The address says where to, the command says what: they must agree."""
    signed = open_poll.builder.signed(close(open_poll, edition="another"))
    await refused(open_poll, open_poll.command(signed), 422, "bad-command")


async def test_a_command_for_an_edition_that_is_not_there_is_refused(unborn: Poll) -> None:
    """Only an announcement begins one."""
    signed = unborn.builder.signed(close(unborn))
    await refused(unborn, unborn.command(signed), 404, "unknown-edition")


async def test_a_command_in_the_wrong_phase_is_refused(open_poll: Poll) -> None:
    """An open vote is not opened again."""
    signed = open_poll.builder.signed(OpenVoting(**open_poll.builder.base()))
    await refused(open_poll, open_poll.command(signed), 409, "wrong-phase")


async def test_an_announcement_of_an_edition_that_is_there_is_refused(open_poll: Poll) -> None:
    """Also the very announcement that began it."""
    event = decode_event(open_poll.builder.entries[0])
    signed = getattr(event, "signed")  # noqa: B009  # any officers' event has it
    await refused(open_poll, open_poll.command(signed), 409, "wrong-phase")


async def test_an_announcement_by_officers_whom_nobody_registered_is_refused(
    unborn: Poll,
) -> None:
    """The manifest names its own officers, so whom to believe must be known beforehand."""
    signed = unborn.builder.signed(announcement(unborn), ["second", "third"])
    answer = unborn.command(signed)
    await refused(unborn, answer, 403, "officer-not-trusted-to-announce")


async def test_an_announcement_that_claims_a_registered_officer_is_refused(unborn: Poll) -> None:
    """A signature in that officer's name which that officer did not make."""
    signed = unborn.builder.signed(announcement(unborn), [])
    forged = sign_command(signed.command, "first", STRANGER)
    signed = replace(signed, signatures=(forged,))
    await refused(unborn, unborn.command(signed), 403, "officer-signature-wrong")


async def test_a_registered_id_with_another_key_may_not_announce(unborn: Poll) -> None:
    """Keys are registered, not names."""
    impostor = Officer(id="first", key=STRANGER.public_key().public_bytes_raw())
    second = unborn.builder.manifest.officers[1]
    manifest = replace(unborn.builder.manifest, officers=(impostor, second))
    signed = unborn.builder.signed(replace(announcement(unborn), manifest=manifest), [])
    own = sign_command(signed.command, "first", STRANGER)
    answer = unborn.command(replace(signed, signatures=(own,)))
    await refused(unborn, answer, 403, "officer-not-trusted-to-announce")


@pytest.mark.parametrize(
    "log",
    [
        lambda own: LogIdentity(origin="elsewhere.example/log", key=own.key),
        lambda own: LogIdentity(origin=own.origin, key=bytes(32)),
    ],
)
async def test_a_manifest_that_names_another_log_is_refused(unborn: Poll, log: object) -> None:
    """Nobody could verify the log under that name or key."""
    assert callable(log)
    manifest = replace(unborn.builder.manifest, log=log(unborn.builder.manifest.log))
    signed = unborn.builder.signed(replace(announcement(unborn), manifest=manifest))
    await refused(unborn, unborn.command(signed), 422, "bad-manifest")


async def test_a_manifest_that_cannot_be_carried_out_is_refused(unborn: Poll) -> None:
    """More choices needed than allowed."""
    manifest = replace(unborn.builder.manifest, min_choices=4)
    signed = unborn.builder.signed(replace(announcement(unborn), manifest=manifest))
    await refused(unborn, unborn.command(signed), 422, "bad-manifest")


def initiative(id_: str, summary: str = "-") -> Initiative:
    """An initiative with this id."""
    text = Text(zh=summary, en=summary)
    return Initiative(id=id_, title=text, summary=text, department=text)


async def test_a_shortlist_that_names_an_initiative_twice_is_refused(unborn: Poll) -> None:
    """Nobody could say which of them was voted for."""
    await unborn.officers(unborn.builder.announce)
    twice = (initiative("a"), initiative("a"))
    command = PublishShortlist(initiatives=twice, **unborn.builder.base())
    signed = unborn.builder.signed(command)
    await refused(unborn, unborn.command(signed), 422, "bad-shortlist")


async def test_a_shortlist_too_large_for_one_entry_is_refused(unborn: Poll) -> None:
    """The command is within its bounds; the event that it would lead to is not."""
    await unborn.officers(unborn.builder.announce)
    many = tuple(initiative(f"i{n}", "x" * 500) for n in range(15))
    command = PublishShortlist(initiatives=many, **unborn.builder.base())
    signed = unborn.builder.signed(command)
    assert len(signed.command) < 65_535
    await refused(unborn, unborn.command(signed), 422, "entry-too-large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"command":"', b"\xff", b'{"x":' * 9000])
async def test_a_body_that_is_no_signed_command_is_malformed(open_poll: Poll, body: bytes) -> None:
    """As for ballots."""
    path = f"/v1/editions/{open_poll.edition}/commands"
    post = open_poll.request("POST", path, body, Content_Type="application/json")
    await refused(open_poll, post, 400, "malformed-json")


@pytest.mark.parametrize(
    "command",
    [b"", b"{", b'{"command":"Unheard"}', b"\xff", b'{"x":' * 9000, b'{"edition":"\xff"}'],
)
async def test_command_bytes_that_say_nothing_are_refused(open_poll: Poll, command: bytes) -> None:
    """What was signed must be a command."""
    signed = SignedCommand(command=command, signatures=())
    await refused(open_poll, open_poll.command(signed), 422, "bad-command")


async def test_a_command_above_128_kb_is_too_large(open_poll: Poll) -> None:
    """Far above what fits the log."""
    body = msgspec.json.encode(open_poll.builder.signed(close(open_poll))).ljust(128 * 1024 + 1)
    path = f"/v1/editions/{open_poll.edition}/commands"
    post = open_poll.request("POST", path, body, Content_Type="application/json")
    await refused(open_poll, post, 413, "body-too-large")


async def test_a_command_of_another_content_type_is_not_supported(open_poll: Poll) -> None:
    """As for ballots."""
    body = msgspec.json.encode(open_poll.builder.signed(close(open_poll)))
    path = f"/v1/editions/{open_poll.edition}/commands"
    post = open_poll.request("POST", path, body, Content_Type="text/plain")
    await refused(open_poll, post, 415, "unsupported-media-type")


async def test_officers_may_sign_while_ballots_arrive(poll: Poll) -> None:
    """A close that was signed at size 4 is carried out at size 7."""
    signed = poll.builder.signed(close(poll))
    for number in (1, 2, 3):
        await poll.vote(number, "i01")
    assert (await poll.command(signed)).receipt().index == 7


async def test_more_credentials_than_people_are_refused(poll: Poll) -> None:
    """The roll has 100,000."""
    await poll.officers(poll.builder.close)
    await poll.sync()
    base = poll.builder.base()
    command = ReportIssuance(issued=100_001, root=bytes(32), **base)
    await refused(poll, poll.command(poll.builder.signed(command)), 422, "bad-issuance")


async def test_a_whole_edition_with_a_draw_ends_certified_and_audits_clean(poll: Poll) -> None:
    """Every transition over HTTP, wrong draws and certificates refused on the way."""
    builder = poll.builder
    await poll.vote(1, "i01", "i02")
    await poll.vote(2, "i01", "i03")
    await poll.officers(builder.close, builder.report_issuance)
    await poll.sync()
    tied = DrawTieSeed(seed="1" * 20, tied=("i02", "i04"), root=builder.head.root, **builder.base())
    await refused(poll, poll.command(builder.signed(tied)), 422, "bad-tie-draw")
    early = builder.certificate()
    await refused(poll, poll.command(builder.signed(early)), 422, "bad-certificate")
    await poll.officers(builder.draw)
    await poll.sync()
    wrong = builder.certificate()
    wrong = replace(wrong, counts=wrong.counts | {"i01": 3})
    await refused(poll, poll.command(builder.signed(wrong)), 422, "bad-certificate")
    await poll.officers(builder.certify)
    report = await audited(f"{poll.url}/log/{poll.edition}", verifier=builder.verifier)
    assert (report.violation, report.phase, len(report.winners)) == (None, "certified", 2)


async def test_progress_is_reported_on_the_chosen_only(poll: Poll) -> None:
    """And as often as there is some."""
    builder = poll.builder
    await poll.vote(1, "i01", "i02")
    await poll.officers(builder.close, builder.report_issuance, builder.certify)
    report = Text(zh="已经开工", en="Work has begun")
    for chosen, status in (("i03", 422), ("i01", 201), ("i01", 201)):
        await poll.sync()
        command = ReportProgress(initiative=chosen, report=report, **builder.base())
        answer = await poll.command(builder.signed(command, ["third"]))
        assert (answer.status, answer.slug) == (status, "bad-progress" if status == 422 else "")


async def test_a_certificate_while_the_vote_is_open_is_refused_and_tells_no_count(
    services: tuple[BallotProcess, BallotProcess], new_poll: NewPoll
) -> None:
    """Neither officers nor others can learn a sealed count from what is said about it."""
    poll = await new_poll(services[0].url, disclosure="at-close")
    await poll.vote(1, "i01")
    await poll.sync()
    head = poll.builder.head
    command = CertifyResult(
        winners=("i01", "i02"),
        counts=dict.fromkeys(poll.builder.ids, 7),
        size=head.size,
        root=head.root,
        openings_root=bytes(32),
        **poll.builder.base(),
    )
    answer = await refused(poll, poll.command(poll.builder.signed(command)), 409, "wrong-phase")
    assert b"i01" not in answer.body


async def test_an_unreadable_key_among_the_registered_ones_stops_nobody(
    site: Site, new_poll: NewPoll
) -> None:
    """It is named in the log, and the others may announce."""
    (site.announcers / "broken.pub").write_bytes(b"\xff not a key")
    with site.running() as process:
        poll = await new_poll(process.url, prepared=False)
        await poll.officers(poll.builder.announce)
        assert "broken.pub" in process.log
