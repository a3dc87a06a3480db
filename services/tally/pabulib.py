"""Writes counted ballots as an approval election in the Pabulib format (.pb). Pure: text only.

Format: https://pabulib.org/format. Every initiative costs 1 and the budget is the number of seats,
so that the greedy rule of that world is the rule of an edition, ties apart. Voters have a running
number here and nothing else.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime

from shared.edition.manifest import Manifest
from shared.edition.result import Result
from shared.edition.state import EditionState


def opening_tables(
    state: EditionState, counts: Mapping[str, int], *, voters: int, size: int
) -> str:
    """META, PROJECTS and the head of VOTES; `voters` lines of `vote_line` belong below.

    `size` is the number of log entries that were counted.
    """
    manifest = state.manifest
    meta = [
        ("description", f"{manifest.title.zh} / {manifest.title.en}"),
        ("country", "China"),
        ("unit", manifest.log.origin),
        ("instance", state.edition),
        ("num_projects", str(len(state.order))),
        ("num_votes", str(voters)),
        ("budget", str(manifest.seats)),
        ("vote_type", "approval"),
        ("rule", "greedy"),
        *_dates(manifest),
        ("min_length", str(manifest.min_choices)),
        ("max_length", str(manifest.max_choices)),
        ("language", "zh"),
        ("comment", f"#1: counted from the first {size} entries of the log {manifest.log.origin}"),
    ]
    result = state.result(counts) if state.has_closed else None
    return (
        _rows([("META",), ("key", "value"), *meta])
        + _rows([("PROJECTS",), *_projects(state, counts, result)])
        + _rows([("VOTES",), ("voter_id", "vote")])
    )


def vote_line(number: int, choices: tuple[str, ...]) -> str:
    """One counted ballot; ids have no characters that would need quotation marks."""
    return f"{number};{','.join(choices)}\n"


def _projects(
    state: EditionState, counts: Mapping[str, int], result: Result | None
) -> Iterable[tuple[str, ...]]:
    """`selected` is there once it is known who is chosen."""
    decided = result is not None and not result.tied
    yield ("project_id", "cost", "votes", "name", *(["selected"] if decided else []))
    for initiative in state.initiatives:
        name = f"{initiative.title.zh} / {initiative.title.en}"
        row = (initiative.id, "1", str(counts.get(initiative.id, 0)), name)
        yield (*row, str(int(initiative.id in result.winners))) if decided and result else row


def _dates(manifest: Manifest) -> Iterable[tuple[str, str]]:
    for key, time in (("date_begin", manifest.opens_at), ("date_end", manifest.closes_at)):
        if time is not None:
            yield key, _day(time)


def _day(time: datetime) -> str:
    return time.strftime("%d.%m.%Y")


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    # A line break in a title is legal CSV, but not every reader of these files knows that.
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(
        [" ".join(cell.split()) for cell in row] for row in rows
    )
    return text.getvalue()
