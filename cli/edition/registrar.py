"""What officers sign about roll and issuance, as the registrar's desk gives it.

Both requests change something there: the roll is sealed, or no credential is issued any more. So
they are made only when the edition is in the phase for it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import rich_click as click

from cli.desk import TokenFile
from cli.edition.recount import Base
from shared.client.registrar_desk import open_registrar_desk
from shared.edition.commands import CommitRoll, ReportIssuance
from shared.edition.credential import BadIssuerKey, load_issuer_spki
from shared.edition.errors import BadRoll, WrongPhase
from shared.edition.manifest import EligibilityMode
from shared.edition.state import Phase
from shared.edition.views import EditionView

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class DeskAt(NamedTuple):
    """Where the registrar's desk is, and its token."""

    url: str
    token: str

    def __repr__(self) -> str:
        """Without the token."""
        return f"DeskAt({self.url!r})"


def registrar_options(function: F) -> F:
    """`--registrar` and `--token-file`, both or neither."""
    token = click.option(
        "--token-file", "token", type=TokenFile(), help="File with the token of its desk."
    )
    registrar = click.option("--registrar", help="The registrar's base URL: ask there.")
    return registrar(token(function))


def desk_given(registrar: str | None, token: str | None, **figures: object) -> DeskAt | None:
    """The desk to ask, or None when all figures are given by hand; else a usage error."""
    by_hand = [name for name, value in figures.items() if value is not None]
    if registrar is None and token is None:
        return None
    if registrar is None or token is None:
        raise click.UsageError("--registrar and --token-file go together")
    if by_hand:
        raise click.UsageError(f"--{by_hand[0]} is what the registrar is asked for: leave it out")
    return DeskAt(registrar, token)


def needed(name: str, value: T | None) -> T:
    """A figure given by hand; a usage error if it is missing."""
    if value is None:
        raise click.UsageError(f"give --{name}, or --registrar and --token-file")
    return value


async def commit_roll(
    desk: DeskAt, base: Base, view: EditionView, mode: EligibilityMode
) -> CommitRoll:
    """Have the roll sealed and commit to it; raises `WrongPhase`, `BadRoll` or client errors."""
    _require(view, "shortlisted")
    async with open_registrar_desk(desk.url, desk.token) as registrar:
        commitment = await registrar.commitment(base["edition"], mode)
    if commitment.mode != mode:
        raise BadRoll(f"the registrar sealed it for mode {commitment.mode!r}, not {mode!r}")
    try:
        load_issuer_spki(commitment.issuer_key)
    except BadIssuerKey as error:
        raise BadRoll(f"the registrar's issuer key: {error}") from error
    return CommitRoll(
        **base,
        size=commitment.size,
        root=commitment.root,
        issuer_key=commitment.issuer_key,
        mode=mode,
    )


async def report_issuance(desk: DeskAt, base: Base, view: EditionView) -> ReportIssuance:
    """Have issuing ended and report it; raises `WrongPhase` or client errors."""
    _require(view, "closed")
    async with open_registrar_desk(desk.url, desk.token) as registrar:
        report = await registrar.issuance_report(base["edition"])
    return ReportIssuance(**base, issued=report.issued, root=report.root, channels=report.channels)


def _require(view: EditionView, phase: Phase) -> None:
    if view.phase != phase:
        raise WrongPhase(
            f"this is possible when an edition is {phase}; {view.edition!r} is {view.phase}."
            " The registrar was not asked"
        )
