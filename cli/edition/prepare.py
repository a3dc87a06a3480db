"""The commands that prepare an officers' command, one for each step in the life of an edition."""

from pathlib import Path
from typing import Unpack, get_args

import rich_click as click

from cli.edition.documents import read_issuer_key, read_shortlist
from cli.edition.drafting import (
    prepare,
    prepare_announcement,
    prepare_asking,
    prepare_recounted,
)
from cli.edition.options import Digits, Given, Root, signing_options
from cli.edition.recount import certificate, tie_draw
from cli.edition.registrar import (
    commit_roll,
    desk_given,
    needed,
    registrar_options,
    report_issuance,
)
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
@registrar_options
@click.option("--size", type=click.IntRange(0), help="How many may vote.")
@click.option("--root", type=Root(), help="Merkle root of the roll.")
@click.option("--issuer-key", type=_input_file, help="Public key, PEM or DER.")
@click.option("--mode", type=click.Choice(get_args(EligibilityMode)), required=True)
def roll(
    edition_id: str,
    registrar: str | None,
    token: str | None,
    size: int | None,
    root: bytes | None,
    issuer_key: Path | None,
    mode: EligibilityMode,
    **given: Unpack[Given],
) -> None:
    """Fix who may vote, and the key under which credentials are issued.

    With --registrar, the registrar is asked for both: it seals the roll, for good, and makes the
    key. Else give --size, --root and --issuer-key.
    """
    by_hand = {"size": size, "root": root, "issuer-key": issuer_key}
    if desk := desk_given(registrar, token, **by_hand):
        prepare_asking(edition_id, given, lambda base, view: commit_roll(desk, base, view, mode))
        return
    people, over, key_file = (
        needed("size", size),
        needed("root", root),
        needed("issuer-key", issuer_key),
    )
    prepare(
        edition_id,
        given,
        lambda base, _: CommitRoll(
            **base, size=people, root=over, issuer_key=read_issuer_key(key_file), mode=mode
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
@registrar_options
@click.option("--issued", type=click.IntRange(0), help="Credentials issued.")
@click.option("--root", type=Root(), help="Root over the issued roll references.")
def issuance(
    edition_id: str,
    registrar: str | None,
    token: str | None,
    issued: int | None,
    root: bytes | None,
    **given: Unpack[Given],
) -> None:
    """Report how many credentials the registrar issued.

    With --registrar, the registrar is asked, and issues none from then on. Else give --issued and
    --root.
    """
    if desk := desk_given(registrar, token, issued=issued, root=root):
        prepare_asking(edition_id, given, lambda base, view: report_issuance(desk, base, view))
        return
    count, over = needed("issued", issued), needed("root", root)
    prepare(edition_id, given, lambda base, _: ReportIssuance(**base, issued=count, root=over))


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
