"""The roll's references, which somebody brought in a file, against the commitment in the log.

Whoever holds the roll learns so that the log commits to it; that no other reference could have
been credited follows from the root. Who stands behind a reference only the registrar can say.
"""

from pathlib import Path
from typing import NamedTuple

from cli.audit.evidence import Wrong
from cli.audit.report import Check
from shared.client.errors import CannotRead
from shared.edition.state import EditionState
from shared.eligibility.references import (
    BadReferenceFile,
    BadReferences,
    parse_references,
    references_root,
)


class RollReferences(NamedTuple):
    """References in the order of the file that they come from."""

    file: str
    references: list[bytes]


def read_references(file: Path) -> RollReferences:
    """The references in a file; raises `CannotRead` if it holds something else."""
    try:
        with file.open("rb") as stream:
            return RollReferences(str(file), parse_references(stream))
    except (OSError, BadReferenceFile) as error:
        raise CannotRead(f"{file}: {error}") from error


def check_roll(given: RollReferences, state: EditionState | None) -> Check:
    """Count, order and root are those that the log commits to; raises `Wrong`."""
    if state is None or state.roll is None:
        return Check("roll", "pending", "the roll is not committed yet")
    size, root = state.roll.size, state.roll.root
    try:
        found = references_root(given.references)
    except BadReferences as error:
        raise Wrong("roll", given.file, str(error)) from error
    if len(given.references) != size:
        why = f"it has {len(given.references)} references; the log commits to a roll of {size}"
        raise Wrong("roll", given.file, why)
    if found != root:
        why = f"its references have root {found.hex()}; the log commits to {root.hex()}"
        raise Wrong("roll", given.file, why)
    return Check("roll", "passed", f"the {size} references given are those that the log commits to")
