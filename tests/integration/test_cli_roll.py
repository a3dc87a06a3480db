"""The registrar's desk at the command line: a roll from its file to the log, counter codes, report.

Against a real installation. The roll's commitment is checked by an audit with the references, and a
credential is had for a code that was read from the printed page.
"""

import asyncio
import itertools
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pypdfium2
import pytest
import zxingcpp
from click.testing import Result

from cli import exit_codes
from cli.audit.command import audit_command
from cli.counter.command import counter_group
from cli.demo.registration import Issuing, await_issuing
from cli.edition.command import edition
from cli.installation import Installation
from cli.roll.command import roll_group
from shared.client.issuance import blinded, get_credential
from shared.client.registrar import open_registrar
from shared.client.voter import new_voter
from shared.edition.events import IssuanceReported, decode_event
from shared.eligibility.references import references_root
from shared.eligibility.views import CounterCode
from tests.command_line import OFFICES, CommandLine, Office, outcome
from tests.people import identity_number, roll_line, write_roll

PEOPLE = 5
CODES = 3
_numbers = itertools.count(1)


class Counter(NamedTuple):
    """The officers' edition, and the registrar's desk for it."""

    office: Office

    @property
    def edition(self) -> str:
        """The edition's id."""
        return self.office.edition

    @property
    def token_file(self) -> Path:
        """Where the desk's token is."""
        return self.office.installation.desk_token_file("registrar")

    def file(self, name: str) -> Path:
        """A file in the office."""
        return self.office.directory / name

    def desk(self, command: object, *words: str | Path, token_file: Path | None = None) -> Result:
        """A command of the desk, for this edition."""
        url = self.office.installation.registrar_url
        where = ("--edition", self.edition, "--url", url)
        token = ("--token-file", token_file or self.token_file)
        return self.office.line.run(command, *words, *where, *token, "--json")  # type: ignore[arg-type]  # a click command

    def roll(self, *words: str | Path) -> dict[str, Any]:
        """What came of a command of `huimin roll`."""
        return outcome(self.desk(roll_group, *words), exit_codes.OK)

    def sign(self, name: str, *words: str) -> Result:
        """A command of both officers that asks the registrar."""
        keys = [word for office in OFFICES for word in ("--key", self.office.key(office))]
        asked = ("--registrar", self.office.installation.registrar_url)
        given = ("--url", self.office.url, *asked, "--token-file", self.token_file, *keys, *words)
        return self.office.line.run(edition, name, self.edition, *given, "--json")

    def await_issuing(self, wanted: Issuing) -> None:
        """Return when the registrar has seen it in the log."""

        async def wait() -> None:
            async with open_registrar(self.office.installation.registrar_url) as registrar:
                await await_issuing(registrar, self.edition, wanted)

        asyncio.run(wait())

    def register(self, person: int, code: str) -> bytes | None:
        """The credential of a person who has a code from the counter."""
        vkey = self.office.show()["vkey"]

        async def ask() -> bytes | None:
            async with open_registrar(self.office.installation.registrar_url) as registrar:
                key = (await registrar.registration(self.edition)).issuer_key
                voter = blinded(new_voter(self.edition, vkey), key)
                who = CounterCode(code=code, identity_number=identity_number(person))
                file = self.file(f"voter-{person}.json")
                return (await get_credential(registrar, file, voter, who)).credential

        return asyncio.run(ask())

    def audit(self, references: Path) -> Result:
        """An audit with a roll's references."""
        log = f"{self.office.url}/log/{self.edition}"
        return self.office.line.run(
            audit_command, log, "--roll-references", references, "--jobs", "1", "--json"
        )


@pytest.fixture(scope="module")
def new_counter(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Counter]:
    """Makes a counter for an edition of its own, which has a shortlist."""

    def make() -> Counter:
        line = CommandLine(tmp_path_factory.mktemp("counter"))
        counter = Counter(Office(installation, line, f"roll-{next(_numbers)}"))
        counter.office.open_until("shortlist")
        return counter

    return make


@pytest.fixture
def counter(new_counter: Callable[[], Counter]) -> Counter:
    """An edition without a roll."""
    return new_counter()


@pytest.fixture
def roll_file(counter: Counter) -> Path:
    """A roll of five people."""
    return write_roll(counter.file("roll.csv"), map(roll_line, range(PEOPLE)))


class Story(NamedTuple):
    """A whole edition: what each step printed."""

    counter: Counter
    steps: dict[str, dict[str, Any]]
    codes: list[str]


@pytest.fixture(scope="module")
def story(new_counter: Callable[[], Counter]) -> Story:
    """Five people on the roll; one gets a credential at a counter; the report is signed."""
    counter = new_counter()
    lines = [*map(roll_line, range(PEOPLE - 1)), f"{identity_number(PEOPLE - 1)},,南浔区"]
    file = write_roll(counter.file("roll.csv"), lines, "gb18030")
    steps = {"import": counter.roll("import", file)}
    steps["roll"] = outcome(counter.sign("roll", "--mode", "roll"), exit_codes.OK)
    steps["references"] = counter.roll("references", "--out", counter.file("references"))
    counter.office.done("open")
    counter.await_issuing("open")
    words = ("--count", str(CODES), "--batch", "东街 1", "--out", counter.file("codes.pdf"))
    steps["print"] = outcome(counter.desk(counter_group, "print", *words), exit_codes.OK)
    codes = printed_codes(counter.file("codes.pdf"))
    assert counter.register(PEOPLE - 1, codes[1])
    steps["void"] = outcome(counter.desk(counter_group, "void", "--serial", "3"), exit_codes.OK)
    steps["list"] = outcome(counter.desk(counter_group, "list"), exit_codes.OK)
    counter.office.done("close")
    counter.await_issuing("closed")
    steps["issuance"] = outcome(counter.sign("issuance"), exit_codes.OK)
    steps["forget"] = counter.roll("forget")
    steps["show"] = counter.roll("show")
    return Story(counter, steps, codes)


def printed_codes(file: Path) -> list[str]:
    """The codes on the first page of a PDF, as a camera reads them."""
    with pypdfium2.PdfDocument(file) as document:
        found = zxingcpp.read_barcodes(document[0].render(scale=3).to_pil())
    return [one.text for one in sorted(found, key=lambda one: one.position.top_left.y)]


def reported(story: Story) -> IssuanceReported:
    """The event of the report."""
    receipt = story.steps["issuance"]["receipt"]
    event = decode_event(msgspec.convert(receipt["entry"], bytes))
    assert isinstance(event, IssuanceReported)
    return event


def test_what_was_imported_is_said(story: Story) -> None:
    """People, phones and districts, and how the file was read."""
    imported = story.steps["import"]
    assert imported["roll"] == {
        "size": PEOPLE,
        "with_phone": PEOPLE - 1,
        "districts": {"吴兴区": PEOPLE - 1, "南浔区": 1},
    }
    assert (imported["skipped"], imported["files"][0]["encoding"]) == (0, "gb18030")


def test_the_log_commits_to_the_roll(story: Story) -> None:
    """An audit with the references says so."""
    result = story.counter.audit(story.counter.file("references"))
    checks = {one["name"]: one for one in outcome(result, exit_codes.OK)["checks"]}
    assert checks["roll"]["outcome"] == "passed"


def test_another_roll_is_found_out(story: Story, tmp_path: Path) -> None:
    """One reference is missing."""
    file = tmp_path / "references"
    file.write_bytes(b"".join(story.counter.file("references").read_bytes().splitlines(True)[1:]))
    assert story.counter.audit(file).exit_code == exit_codes.WRONG


def test_references_and_their_root_are_those_of_the_commitment(story: Story) -> None:
    """What is printed is what the officers signed."""
    references = story.steps["references"]
    assert references["size"] == PEOPLE
    assert references["root"] == story.counter.office.show()["roll"]["root"]


def test_each_code_is_on_paper(story: Story) -> None:
    """As many as were asked for, numbered."""
    printed = story.steps["print"]
    assert len(set(story.codes)) == printed["count"] == CODES
    assert printed["first_serial"] == 1


def test_the_printed_file_is_its_owners_alone(story: Story) -> None:
    """Whoever has a code can use it."""
    assert stat.S_IMODE(story.counter.file("codes.pdf").stat().st_mode) == 0o600


def test_the_log_tells_issuance_by_channel(story: Story) -> None:
    """One at a counter, none by phone; the roots are those over the references."""
    event = reported(story)
    issued = {one.channel: one.issued for one in event.channels}
    assert (event.issued, issued) == (1, {"phone": 0, "counter": 1})
    roots = {one.channel: one.root for one in event.channels}
    assert roots == {"phone": references_root([]), "counter": event.root}


def test_the_desk_is_shown_in_numbers(story: Story) -> None:
    """After phones were forgotten, all else is there."""
    show = story.steps["show"]
    assert (show["size"], show["with_phone"], show["sealed"]) == (PEOPLE, 0, True)
    assert (show["counter_codes_printed"], show["counter_codes_used"]) == (CODES, 1)
    assert show["counter_codes_voided"] == 1
    assert (show["issued_at_counter"], show["issuance_reported"]) == (1, True)


def test_codes_are_counted_apart(story: Story) -> None:
    """One was used, one lost and voided by its number, and one is left."""
    assert (story.steps["void"]["serials"], story.steps["void"]["voided"]) == ([3], 1)
    listed = story.steps["list"]
    counts = [listed[name] for name in ("printed", "used", "unused", "voided")]
    assert counts == [CODES, 1, 1, 1]
    assert [one["batch"] for one in listed["batches"]] == ["东街 1"]


def test_a_used_code_is_not_voided(story: Story) -> None:
    """The registrar says why, and the command fails."""
    refused = story.counter.desk(counter_group, "void", "--serial", "2")
    assert outcome(refused, exit_codes.WRONG)["slug"] == "counter-code-used"


def test_a_sealed_roll_is_not_replaced(story: Story) -> None:
    """The log commits to it."""
    refused = story.counter.desk(roll_group, "import", story.counter.file("roll.csv"))
    assert outcome(refused, exit_codes.WRONG)["slug"] == "roll-sealed"


def test_bad_lines_are_named_and_nothing_is_imported(counter: Counter) -> None:
    """Without a word of what is in them."""
    file = write_roll(counter.file("roll.csv"), [roll_line(1), "x,,", roll_line(1)])
    refused = outcome(counter.desk(roll_group, "import", file), exit_codes.WRONG)
    assert [(bad["file"], bad["line"]) for bad in refused["bad"]] == [
        (str(file), 3),
        (str(file), 4),
    ]
    assert counter.desk(roll_group, "show").exit_code == exit_codes.WRONG


def test_bad_lines_are_skipped_when_that_is_asked_for(counter: Counter) -> None:
    """The others are imported."""
    file = write_roll(counter.file("roll.csv"), [roll_line(1), "x,,", roll_line(1), roll_line(2)])
    imported = counter.roll("import", file, "--skip-bad")
    assert (imported["roll"]["size"], imported["skipped"]) == (2, 2)


def test_an_empty_roll_is_refused(counter: Counter) -> None:
    """It is a mistake, and there may be a roll already."""
    file = write_roll(counter.file("roll.csv"), [])
    refused = outcome(counter.desk(roll_group, "import", file), exit_codes.WRONG)
    assert refused["slug"] == "bad-roll-record"


def test_several_files_make_one_roll_in_place_of_the_last(
    counter: Counter, roll_file: Path
) -> None:
    """As long as it is not sealed."""
    counter.roll("import", roll_file)
    other = write_roll(counter.file("other.csv"), [roll_line(100)])
    assert counter.roll("import", roll_file, other)["roll"]["size"] == PEOPLE + 1


def test_a_wrong_token_opens_nothing(counter: Counter, roll_file: Path) -> None:
    """Said in the registrar's words."""
    token = counter.file("token")
    token.write_text("0" * 40)
    refused = counter.desk(roll_group, "import", roll_file, token_file=token)
    assert outcome(refused, exit_codes.WRONG)["slug"] == "desk-token-wrong"


def test_a_roll_is_not_sealed_before_its_time(counter: Counter, roll_file: Path) -> None:
    """The registrar is not asked while the officers cannot commit to it."""
    counter.roll("import", roll_file)
    office = Office(counter.office.installation, counter.office.line, f"{counter.edition}-new")
    early = Counter(office)
    office.done("announce")
    outcome(early.desk(roll_group, "import", roll_file), exit_codes.OK)
    refused = outcome(early.sign("roll", "--mode", "roll"), exit_codes.WRONG)
    assert (refused["slug"], early.roll("show")["sealed"]) == ("wrong-phase", False)


def test_codes_are_never_overwritten(counter: Counter, roll_file: Path) -> None:
    """The file that is there may be the only copy of its codes."""
    counter.roll("import", roll_file)
    out = counter.file("codes.pdf")
    out.write_bytes(b"there")
    words = ("--count", "1", "--batch", "1", "--out", out)
    assert counter.desk(counter_group, "print", *words).exit_code == exit_codes.USAGE
    assert (out.read_bytes(), counter.roll("show")["counter_codes_printed"]) == (b"there", 0)


def test_no_codes_are_made_that_could_not_be_written(counter: Counter, roll_file: Path) -> None:
    """Nobody would ever see them."""
    counter.roll("import", roll_file)
    words = ("--count", "1", "--batch", "1", "--out", counter.file("missing") / "codes.pdf")
    assert counter.desk(counter_group, "print", *words).exit_code == exit_codes.CANNOT_READ
    assert counter.roll("show")["counter_codes_printed"] == 0


def test_a_refused_print_leaves_no_file(counter: Counter) -> None:
    """There is no roll, so there are no codes."""
    out = counter.file("codes.pdf")
    words = ("--count", "1", "--batch", "1", "--out", out)
    assert counter.desk(counter_group, "print", *words).exit_code == exit_codes.WRONG
    assert not out.exists()
