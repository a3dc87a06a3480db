"""The commands that prepare an officers' command, one for each step in the life of an edition."""

from pathlib import Path
from typing import Unpack, get_args

import rich_click as click

from cli.edition.documents import read_issuer_key, read_shortlist
from cli.edition.drafting import prepare, prepare_announcement, prepare_recounted
from cli.edition.options import Digits, Given, Root, signing_options
from cli.edition.recount import certificate, tie_draw
from shared.edition.commands import (
    CloseVoting,
    CommitRoll,
    OpenVoting,
    PublishShortlist,
    ReportIssuance,
    ReportProgress,
)
from shared.edition.manifest import EligibilityMode, Text

_input_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("announce")
@signing_options
@click.option("--manifest", "file", type=_input_file, required=True, help="The rules: JSON, TOML.")
def announce(edition_id: str, file: Path, **given: Unpack[Given]) -> None:
    """Announce EDITION under the rules in a manifest file.

    The file has title (zh, en), disclosure (live or at-close), officers (paths of .pub files), and
    may have seats, max_choices, min_choices, signatures, opens_at, closes_at, demonstration.
    """
    prepare_announcement(edition_id, given, file)


@click.command("shortlist")
@signing_options
@click.option("--file", type=_input_file, required=True, help="The initiatives: JSON or CSV.")
def shortlist(edition_id: str, file: Path, **given: Unpack[Given]) -> None:
    """Publish what people can choose from.

    A JSON file is an array of objects with id, title, summary and department, the last three with
    zh and en. A CSV file has the columns id, title_zh, title_en, summary_zh, summary_en,
    department_zh, department_en.
    """
    prepare(
        edition_id,
        given,
        lambda base, view: PublishShortlist(
            **base, initiatives=read_shortlist(file, view.manifest)
        ),
    )


@click.command("roll")
@signing_options
@click.option("--size", type=click.IntRange(0), required=True, help="How many may vote.")
@click.option("--root", type=Root(), required=True, help="Merkle root of the roll.")
@click.option("--issuer-key", type=_input_file, required=True, help="Public key, PEM or DER.")
@click.option("--mode", type=click.Choice(get_args(EligibilityMode)), required=True)
def roll(
    edition_id: str,
    size: int,
    root: bytes,
    issuer_key: Path,
    mode: EligibilityMode,
    **given: Unpack[Given],
) -> None:
    """Fix who may vote, and the key under which credentials are issued."""
    prepare(
        edition_id,
        given,
        lambda base, _: CommitRoll(
            **base, size=size, root=root, issuer_key=read_issuer_key(issuer_key), mode=mode
        ),
    )


@click.command("open")
@signing_options
def open_voting(edition_id: str, **given: Unpack[Given]) -> None:
    """Open the vote."""
    prepare(edition_id, given, lambda base, _: OpenVoting(**base))


@click.command("close")
@signing_options
def close_voting(edition_id: str, **given: Unpack[Given]) -> None:
    """Close the vote for good."""
    prepare(edition_id, given, lambda base, _: CloseVoting(**base))


@click.command("issuance")
@signing_options
@click.option("--issued", type=click.IntRange(0), required=True, help="Credentials issued.")
@click.option("--root", type=Root(), required=True, help="Root over the issued roll references.")
def issuance(edition_id: str, issued: int, root: bytes, **given: Unpack[Given]) -> None:
    """Report how many credentials the registrar issued."""
    prepare(edition_id, given, lambda base, _: ReportIssuance(**base, issued=issued, root=root))


@click.command("draw")
@signing_options
@click.option("--seed", type=Digits(), required=True, help="The twenty digits thrown in public.")
def draw(edition_id: str, seed: str, **given: Unpack[Given]) -> None:
    """Record the digits that order the tied; who is tied is recounted from the log."""
    prepare_recounted(edition_id, given, lambda base, report: tie_draw(base, report, seed))


@click.command("certify")
@signing_options
def certify(edition_id: str, **given: Unpack[Given]) -> None:
    """Certify the result, recounted from the log."""
    prepare_recounted(edition_id, given, certificate)


@click.command("progress")
@signing_options
@click.option("--initiative", required=True, metavar="ID", help="One of the chosen.")
@click.option("--zh", required=True, help="The report in Chinese.")
@click.option("--en", required=True, help="The report in English.")
def progress(edition_id: str, initiative: str, zh: str, en: str, **given: Unpack[Given]) -> None:
    """Report how one of the chosen initiatives is coming along."""
    report = Text(zh=zh, en=en)
    prepare(
        edition_id,
        given,
        lambda base, _: ReportProgress(**base, initiative=initiative, report=report),
    )
