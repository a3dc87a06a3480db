"""Officers' commands before they reach a server: files, signatures, recounts, plain words."""

from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from cli.audit.report import AuditReport
from cli.edition.command_file import (
    BadCommandFile,
    CommandFile,
    load_command_file,
    missing_signatures,
    save_command_file,
)
from cli.edition.options import OfficerKey
from cli.edition.recount import Base, certificate, check_by_recount, tie_draw
from cli.edition.signing import sign, unsigned
from cli.edition.wording import HEADINGS, in_words
from cli.vote.choosing import suggest
from shared.edition.commands import (
    COMMAND_NAMES,
    CertifyResult,
    CloseVoting,
    Command,
    OpenVoting,
    PublishShortlist,
    ReportProgress,
    decode_command,
)
from shared.edition.errors import (
    BadCertificate,
    BadCommand,
    BadTieDraw,
    SignatureWrong,
    UnknownInitiative,
    WrongPhase,
)
from shared.edition.events import EditionAnnounced, decode_event
from shared.edition.manifest import Initiative, Text
from tests.audits import audited
from tests.editions import OFFICERS, EditionBuilder

SEED = "31415926535897932384"
FIRST = OfficerKey("first", OFFICERS["first"])
SECOND = OfficerKey("second", OFFICERS["second"])


@pytest.fixture
def builder() -> EditionBuilder:
    """An edition whose roll is committed."""
    builder = EditionBuilder()
    builder.announce()
    builder.publish_shortlist()
    builder.commit_roll()
    return builder


@pytest.fixture
def prepared(builder: EditionBuilder) -> CommandFile:
    """The opening of the vote, signed by the first officer."""
    return file_of(builder, OpenVoting(**builder.base()))


def file_of(builder: EditionBuilder, command: Command) -> CommandFile:
    """A command signed by the first officer."""
    signed = sign(builder.manifest, unsigned(command), [FIRST])
    return CommandFile(manifest=builder.manifest, command=command, signed=signed)


def saved(tmp_path: Path, prepared: CommandFile) -> Path:
    """A command file."""
    save_command_file(tmp_path / "open.command.json", prepared)
    return tmp_path / "open.command.json"


def test_a_file_holds_all_of_a_command(tmp_path: Path, prepared: CommandFile) -> None:
    """What one officer saves is what the next one loads."""
    assert load_command_file(saved(tmp_path, prepared)) == prepared


def test_what_is_shown_must_be_what_is_signed(
    tmp_path: Path, builder: EditionBuilder, prepared: CommandFile
) -> None:
    """A file whose readable part says something else is refused."""
    shown = replace(prepared, command=CloseVoting(**builder.base()))
    with pytest.raises(BadCommandFile, match="shows another command"):
        load_command_file(saved(tmp_path, shown))


def test_a_signature_on_other_bytes_is_refused(
    tmp_path: Path, builder: EditionBuilder, prepared: CommandFile
) -> None:
    """A command that was changed after it was signed is refused."""
    other = CloseVoting(**builder.base())
    signed = replace(unsigned(other), signatures=prepared.signed.signatures)
    changed = CommandFile(manifest=builder.manifest, command=other, signed=signed)
    with pytest.raises(BadCommandFile, match="does not fit these bytes"):
        load_command_file(saved(tmp_path, changed))


def test_an_announcement_shows_the_manifest_that_it_signs(
    tmp_path: Path, builder: EditionBuilder
) -> None:
    """The rules beside the announcement are those in it."""
    event = decode_command(builder.signed(announcement(builder)).command)
    shown = file_of(builder, event)
    other = replace(shown, manifest=replace(builder.manifest, seats=3))
    with pytest.raises(BadCommandFile, match="shows another manifest"):
        load_command_file(saved(tmp_path, other))


def announcement(builder: EditionBuilder) -> Command:
    """The command that announced the edition."""
    event = decode_event(builder.entries[0])
    assert isinstance(event, EditionAnnounced)
    return event.signed.decoded()


@pytest.mark.parametrize("text", ["", "{}", "[" * 100_000, '{"format": "huimin/command/v2"}'])
def test_what_is_no_command_file_is_refused(tmp_path: Path, text: str) -> None:
    """Any other file is refused by name."""
    file = tmp_path / "open.command.json"
    file.write_text(text)
    with pytest.raises(BadCommandFile, match="is no command file"):
        load_command_file(file)


def test_one_of_two_signatures_is_missing(prepared: CommandFile) -> None:
    """Opening takes two officers by default."""
    assert missing_signatures(prepared.manifest, prepared.command, prepared.signed) == 1


def test_a_second_officer_completes_a_command(prepared: CommandFile) -> None:
    """With two signatures none is missing."""
    signed = sign(prepared.manifest, prepared.signed, [SECOND])
    assert missing_signatures(prepared.manifest, prepared.command, signed) == 0


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (FIRST, "has signed it already"),
        (OfficerKey("second", OFFICERS["third"]), "another key for officer 'second'"),
        (OfficerKey("stranger", OFFICERS["third"]), "no officer 'stranger'"),
    ],
)
def test_a_key_that_cannot_sign_is_refused(
    prepared: CommandFile, key: OfficerKey, why: str
) -> None:
    """The officer must be named in the manifest, with this key, and not have signed yet."""
    with pytest.raises(SignatureWrong, match=why):
        sign(prepared.manifest, prepared.signed, [key])


def test_a_value_out_of_bounds_is_refused_before_it_is_signed(builder: EditionBuilder) -> None:
    """A text that no server would read is not signed."""
    report = Text(zh="", en="Work has begun")
    with pytest.raises(BadCommand, match=r"report\.zh"):
        unsigned(ReportProgress(**builder.base(), initiative="i01", report=report))


async def recounted(tmp_path: Path, *, tied: bool, last: str = "issued") -> AuditReport:
    """The audit of a closed edition of two seats: i01 and i02, or i01 and a tie of the rest."""
    builder = EditionBuilder()
    builder.prepare()
    builder.cast(1, ["i01"] if tied else ["i01", "i02"])
    builder.close()
    if last == "issued":
        builder.report_issuance()
    return await audited(builder.write(tmp_path))


def base_of(report: AuditReport) -> Base:
    """What a command carries that is made from this recount."""
    return Base(edition="2027", origin="vote.example/2027", expected_size=report.size or 0)


async def test_a_certificate_says_what_the_recount_gives(tmp_path: Path) -> None:
    """The decider accepts it: winners, counts, size and both roots are right."""
    builder = EditionBuilder()
    builder.prepare()
    builder.cast_many(20)
    builder.close()
    builder.report_issuance()
    report = await audited(builder.write(tmp_path))
    if report.tied:
        builder.draw()
        report = await audited(builder.write(tmp_path))
    builder.command(certificate(base_of(report), report))
    assert builder.current.phase == "certified"


async def test_a_draw_names_the_tied_of_the_recount(tmp_path: Path) -> None:
    """The tied set and the root are those of the log."""
    report = await recounted(tmp_path, tied=True)
    draw = tie_draw(base_of(report), report, SEED)
    assert (draw.tied, draw.root) == (("i02", "i03", "i04", "i05"), report.root)


async def test_nothing_is_certified_while_tied(tmp_path: Path) -> None:
    """A tie is drawn first."""
    report = await recounted(tmp_path, tied=True)
    with pytest.raises(BadCertificate, match="draw before certifying"):
        certificate(base_of(report), report)


async def test_nothing_is_drawn_without_a_tie(tmp_path: Path) -> None:
    """There is nothing to draw."""
    report = await recounted(tmp_path, tied=False)
    with pytest.raises(BadTieDraw):
        tie_draw(base_of(report), report, SEED)


async def test_nothing_is_certified_before_issuance_is_reported(tmp_path: Path) -> None:
    """The steps have an order."""
    report = await recounted(tmp_path, tied=False, last="closed")
    with pytest.raises(WrongPhase, match="is closed"):
        certificate(base_of(report), report)


@pytest.mark.parametrize(
    "change",
    [
        {"winners": ("i02", "i01")},
        {"counts": {"i01": 2, "i02": 1, "i03": 0, "i04": 0, "i05": 0}},
        {"size": 3},
        {"root": bytes(32)},
        {"openings_root": bytes(32)},
    ],
)
async def test_a_certificate_that_is_not_ones_own_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    """Every field must be what one's own recount gives."""
    report = await recounted(tmp_path, tied=False)
    theirs: CertifyResult = replace(certificate(base_of(report), report), **change)
    with pytest.raises(BadCertificate, match=next(iter(change))):
        check_by_recount(theirs, report)


async def test_a_draw_among_others_is_refused(tmp_path: Path) -> None:
    """A draw that leaves out one of the tied gets no second signature."""
    report = await recounted(tmp_path, tied=True)
    theirs = replace(tie_draw(base_of(report), report, SEED), tied=("i02", "i03", "i04"))
    with pytest.raises(BadTieDraw, match="tied"):
        check_by_recount(theirs, report)


def words(command: Command, titles: dict[str, Text] | None = None) -> str:
    """A command in words, on a wide terminal."""
    output = StringIO()
    Console(file=output, width=300).print(in_words(command, titles or {}))
    return output.getvalue()


def test_an_announcement_in_words(builder: EditionBuilder) -> None:
    """The rules are all there: seats, choices, disclosure, officers, who signs what, the log."""
    said = words(announcement(builder))
    for officer in builder.manifest.officers:
        assert officer.key.hex() in said
    assert "1 to 3" in said
    assert builder.signer.vkey in said


def test_a_shortlist_in_words(builder: EditionBuilder) -> None:
    """Every text of every initiative is shown."""
    initiatives = builder.current.initiatives
    said = words(PublishShortlist(**builder.base(), initiatives=initiatives))
    for one in initiatives:
        assert all(part.zh in said for part in (one.title, one.summary, one.department))


def test_control_characters_do_not_reach_the_terminal(builder: EditionBuilder) -> None:
    """A text cannot move the cursor and so hide what is signed."""
    report = Text(zh="\x1b[2J", en="\u202etxet")
    said = words(ReportProgress(**builder.base(), initiative="i01", report=report))
    assert not {"\x1b", "\u202e"} & set(said)


def test_every_command_has_a_heading() -> None:
    """No command is signed without being named in Chinese and English."""
    assert {kind.__name__ for kind in HEADINGS} == set(COMMAND_NAMES)


INITIATIVES = tuple(
    Initiative(id=id_, title=Text(zh=zh, en=en), summary=Text("-", "-"), department=Text("-", "-"))
    for id_, zh, en in (
        ("hukou", "户籍登记", "Household registration"),
        ("clinic", "社区诊所", "Community clinic"),
    )
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hukuo", "hukou"),
        ("HUKOU", "hukou"),
        ("Comunity clinic", "clinic"),
        ("社区诊所", "clinic"),
    ],
)
def test_near_initiatives_are_suggested(typed: str, meant: str) -> None:
    """A slip, capitals, or a title instead of an id are understood."""
    with pytest.raises(UnknownInitiative, match=f"did you mean {meant}"):
        suggest([typed], INITIATIVES)


def test_nothing_is_suggested_when_nothing_is_near() -> None:
    """A guess that fits nothing gets no suggestion."""
    with pytest.raises(UnknownInitiative, match=r"not on the shortlist$"):
        suggest(["zzz"], INITIATIVES)
