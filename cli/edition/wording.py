"""A command in plain words: everything that an officer signs, taken from the command itself."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final, assert_never

from rich.table import Table
from rich.text import Text as Line

from cli.printable import printable
from shared.client.served_log import verifier_of
from shared.edition.commands import (
    COMMAND_NAMES,
    AnnounceEdition,
    CertifyResult,
    CloseVoting,
    Command,
    CommitRoll,
    DrawTieSeed,
    OpenVoting,
    PublishShortlist,
    ReportIssuance,
    ReportProgress,
)
from shared.edition.manifest import Initiative, Manifest, Text

Row = tuple[str, str]

HEADINGS: Final[Mapping[type[Command], Text]] = {
    AnnounceEdition: Text(zh="发布公告", en="Announce the edition"),
    PublishShortlist: Text(zh="公布候选事项", en="Publish the shortlist"),
    CommitRoll: Text(zh="锁定选民册", en="Commit the roll"),
    OpenVoting: Text(zh="开始投票", en="Open the vote"),
    CloseVoting: Text(zh="结束投票", en="Close the vote for good"),
    ReportIssuance: Text(zh="报告凭证发放", en="Report how many credentials were issued"),
    DrawTieSeed: Text(zh="抽签决定并列事项", en="Draw the order of the tied"),
    CertifyResult: Text(zh="确认结果", en="Certify the result"),
    ReportProgress: Text(zh="报告进展", en="Report progress"),
}

_CHANNELS: Final = {"phone": "issued by phone", "counter": "issued at a counter"}


def in_words(command: Command, titles: Mapping[str, Text]) -> Table:
    """The whole command as a table; `titles` of initiatives are shown beside their ids."""
    heading = HEADINGS[type(command)]
    table = Table(title=f"{heading.zh} {heading.en}", title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in (*_common(command), *_rows(command, titles)):
        table.add_row(label, Line(printable(text)))
    return table


def titled(id_: str, titles: Mapping[str, Text]) -> str:
    """An initiative's id and, if known, its title."""
    title = titles.get(id_)
    return f"{id_} {title.zh} / {title.en}" if title else id_


def _common(command: Command) -> Iterator[Row]:
    yield "command", type(command).__name__
    yield "edition", command.edition
    yield "log", command.origin
    yield "log size expected", str(command.expected_size)


def _rows(command: Command, titles: Mapping[str, Text]) -> Iterator[Row]:
    match command:
        case AnnounceEdition(manifest=manifest):
            yield from _manifest(manifest)
        case PublishShortlist(initiatives=initiatives):
            yield "initiatives", str(len(initiatives))
            for initiative in initiatives:
                yield initiative.id, _initiative(initiative)
        case CommitRoll():
            yield "people on the roll", str(command.size)
            yield "roll root", command.root.hex()
            yield "issuer key SHA-256", sha256(command.issuer_key).hexdigest()
            yield "eligibility", command.mode
        case OpenVoting() | CloseVoting():
            return
        case ReportIssuance():
            yield "credentials issued", str(command.issued)
            yield "root", command.root.hex()
            for one in command.channels:
                yield _CHANNELS[one.channel], f"{one.issued} with root {one.root.hex()}"
        case DrawTieSeed():
            yield "digits thrown", command.seed
            yield from (("tied", titled(id_, titles)) for id_ in command.tied)
            yield "log root", command.root.hex()
        case CertifyResult():
            yield from _result(command, titles)
        case ReportProgress():
            yield "initiative", titled(command.initiative, titles)
            yield "zh", command.report.zh
            yield "en", command.report.en
        case _:
            assert_never(command)


def _manifest(manifest: Manifest) -> Iterator[Row]:
    yield "title", f"{manifest.title.zh} / {manifest.title.en}"
    yield "seats", str(manifest.seats)
    yield "choices on a ballot", f"{manifest.min_choices} to {manifest.max_choices}"
    yield "choices are public", "at once" if manifest.disclosure == "live" else "after the close"
    if manifest.opens_at:
        yield "opens", manifest.opens_at.isoformat()
    if manifest.closes_at:
        yield "closes", manifest.closes_at.isoformat()
    for officer in manifest.officers:
        yield "officer", f"{officer.id} with key {officer.key.hex()}"
    for name in COMMAND_NAMES:
        yield f"sign {name}", f"{manifest.signatures_needed(name)} of {len(manifest.officers)}"
    yield "tie rule", manifest.tie_rule
    yield "log key", verifier_of(manifest.log).vkey
    if manifest.demonstration:
        yield "demonstration", "yes"


def _initiative(initiative: Initiative) -> str:
    texts = (initiative.title, initiative.summary, initiative.department)
    return " | ".join(f"{text.zh} / {text.en}" for text in texts)


def _result(command: CertifyResult, titles: Mapping[str, Text]) -> Iterator[Row]:
    counts = command.counts
    for place, id_ in enumerate(command.winners, 1):
        yield f"chosen {place}", f"{titled(id_, titles)}: {_ballots(counts.get(id_, 0))}"
    for id_ in sorted(counts.keys() - set(command.winners), key=lambda id_: -counts[id_]):
        yield "not chosen", f"{titled(id_, titles)}: {_ballots(counts[id_])}"
    yield "entries counted", str(command.size)
    yield "log root", command.root.hex()
    yield "openings root", command.openings_root.hex()


def _ballots(count: int) -> str:
    return "1 ballot" if count == 1 else f"{count} ballots"
