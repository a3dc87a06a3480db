"""Reader for approval elections in the Pabulib format (.pb): real ballots to try an edition with.

Format: https://pabulib.org/format (Faliszewski et al., "Participatory Budgeting: Data, Tools, and
Analysis", IJCAI 2023): UTF-8 text of three tables, META, PROJECTS and VOTES, each a title line, a
line of column names and its rows, with fields separated by semicolons and quoted as in CSV.

Ballots are read as they stand: whether one may name a project twice, or one that is not listed, is
for the ballot rules to say, and nothing is repaired or left out here. Not read: other vote types,
what the file says about voters, limits on cost. `num_votes` and the like are not compared.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

MAX_BYTES = 64 * 2**20
_TITLES = ("META", "PROJECTS", "VOTES")
_SECTIONS_EXPECTED = (
    "a .pb file has the sections META, PROJECTS and VOTES, once each, in this order"
)


class PabulibError(Exception):
    """A file that cannot be read as an approval election: its name, the line, what to do."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(f"{name}, line {line}: {problem}")
        self.name = name
        self.line = line


class NotPabulib(PabulibError):
    """The file does not follow the format."""


class UnsupportedVoteType(PabulibError):
    """The file follows the format, but its votes are no approval ballots."""


class Project(Struct, frozen=True):
    """A project: `name` is its id where the file has none, `cost` the figure as written.

    `votes` is the count that the file states, if it does.
    """

    id: str
    name: str
    cost: str
    votes: int | None
    categories: tuple[str, ...]


class PbBallot(Struct, frozen=True):
    """One line of VOTES: the project ids in the order and number in which they are written."""

    voter_id: str
    choices: tuple[str, ...]


class Election(Struct, frozen=True):
    """An approval election. `min_length` and `max_length` bound the number of choices in a ballot.

    By default they are 1 and the number of projects.
    """

    meta: dict[str, str]
    projects: tuple[Project, ...]
    ballots: tuple[PbBallot, ...]
    min_length: int
    max_length: int


def parse_pb(data: bytes, name: str, *, max_bytes: int = MAX_BYTES) -> Election:
    """The election in a file's bytes; `name` is the file's, for error messages.

    Raises `NotPabulib`, for what is longer than `max_bytes` too, and `UnsupportedVoteType`.
    """
    if len(data) > max_bytes:
        raise NotPabulib(
            name, 1, f"{len(data)} bytes is above the limit of {max_bytes}; take a smaller one"
        )
    sections = _sections(_rows(_decode(data, name), name), name)
    meta = _meta(sections["META"], name)
    _check_vote_type(meta, name)
    projects = _projects(sections["PROJECTS"], name)
    return Election(
        meta={key: record.fields["value"] for key, record in meta.items()},
        projects=projects,
        ballots=tuple(
            PbBallot(record.fields["voter_id"], _listed(record.fields["vote"]))
            for record in _records(sections["VOTES"], ("voter_id", "vote"), name)
        ),
        min_length=_length(meta, "min_length", 1, name),
        max_length=_length(meta, "max_length", len(projects), name),
    )


class _Row(NamedTuple):
    line: int
    cells: list[str]


class _Record(NamedTuple):
    line: int
    fields: dict[str, str]


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotPabulib(name, line, "this is not UTF-8 text; save the file as UTF-8") from error


def _rows(text: str, name: str) -> Iterator[_Row]:
    """The rows that are not blank. A quoted field may span lines: a row's line is its first.

    Strict, because a stray quotation mark would otherwise swallow the ballots after it.
    """
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";", skipinitialspace=True, strict=True
    )
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield _Row(line, stripped)
            line = reader.line_num + 1
    except csv.Error as error:
        problem = f'{error}; a field that begins with " must end with ", and have "" for " inside'
        raise NotPabulib(name, line, problem) from error


def _sections(rows: Iterable[_Row], name: str) -> dict[str, list[_Row]]:
    """The rows of each section: its title line first, then the column names, then the data."""
    sections: dict[str, list[_Row]] = {}
    title, line = "", 1
    for row in rows:
        line = row.line
        if len(row.cells) == 1 and row.cells[0] in _TITLES:
            title = row.cells[0]
            if title in sections or title != _TITLES[len(sections)]:
                raise NotPabulib(name, line, f"{title} is out of place; {_SECTIONS_EXPECTED}")
            sections[title] = []
        if not title:
            raise NotPabulib(name, line, f"this is no section's title; {_SECTIONS_EXPECTED}")
        sections[title].append(row)
    if len(sections) < len(_TITLES):
        raise NotPabulib(
            name, line, f"{_TITLES[len(sections)]} is missing after this; {_SECTIONS_EXPECTED}"
        )
    return sections


def _records(section: list[_Row], required: tuple[str, ...], name: str) -> Iterator[_Record]:
    """The data rows of a section by column name; a missing cell at a row's end is empty."""
    if len(section) < 2:
        raise NotPabulib(name, section[0].line, "the line of column names is missing below this")
    header = section[1]
    columns = header.cells
    if len(set(columns)) < len(columns):
        raise NotPabulib(name, header.line, "a column is named twice; rename or remove one")
    for column in required:
        if column not in columns:
            raise NotPabulib(name, header.line, f"column {column!r} is missing; add it")
    for row in section[2:]:
        if any(row.cells[len(columns) :]):
            raise NotPabulib(
                name, row.line, f"more than {len(columns)} fields; quote a field that holds a ;"
            )
        cells = row.cells + [""] * (len(columns) - len(row.cells))
        yield _Record(row.line, dict(zip(columns, cells, strict=False)))


def _meta(section: list[_Row], name: str) -> dict[str, _Record]:
    meta: dict[str, _Record] = {}
    for record in _records(section, ("key", "value"), name):
        key = record.fields["key"]
        if key in meta:
            raise NotPabulib(name, record.line, f"{key!r} is given twice; remove one")
        meta[key] = record
    return meta


def _check_vote_type(meta: dict[str, _Record], name: str) -> None:
    record = meta.get("vote_type")
    if record is None:
        raise NotPabulib(name, 1, "META has no vote_type; add it")
    vote_type = record.fields["value"]
    if vote_type != "approval":
        raise UnsupportedVoteType(
            name, record.line, f"vote_type is {vote_type!r}; take an election with 'approval'"
        )


def _projects(section: list[_Row], name: str) -> tuple[Project, ...]:
    projects: dict[str, Project] = {}
    for record in _records(section, ("project_id", "cost"), name):
        project = _project(record, name)
        if not project.id:
            raise NotPabulib(name, record.line, "the project has no id; give it one")
        if project.id in projects:
            raise NotPabulib(name, record.line, f"project {project.id!r} is listed twice")
        projects[project.id] = project
    if not projects:
        raise NotPabulib(name, section[0].line, "no project is listed; add at least one")
    return tuple(projects.values())


def _project(record: _Record, name: str) -> Project:
    fields = record.fields
    return Project(
        id=fields["project_id"],
        name=fields.get("name") or fields["project_id"],
        cost=fields["cost"],
        votes=_number(fields["votes"], "votes", record.line, name) if fields.get("votes") else None,
        categories=_listed(fields.get("category", "")),
    )


def _length(meta: dict[str, _Record], key: str, default: int, name: str) -> int:
    record = meta.get(key)
    return default if record is None else _number(record.fields["value"], key, record.line, name)


def _number(text: str, what: str, line: int, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotPabulib(name, line, f"{what} is {text!r}; write a whole number")
    return int(text)


def _listed(cell: str) -> tuple[str, ...]:
    """The comma-separated items of a cell, an empty one between two commas included."""
    return tuple(item.strip() for item in cell.split(",")) if cell else ()
