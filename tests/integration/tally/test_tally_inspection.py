"""Inspection in worker processes gives what inspection in place gives, and survives their loss."""

import os
import signal

import pytest

from services.tally.inspection import Inspectors, open_inspectors
from shared.edition.errors import LogViolation
from shared.edition.inspection import Electorate, Inspected, inspect
from tests.editions import EditionBuilder
from tests.integration.tally.stage import workers

FIRST = 4
"""Index of the first ballot."""


@pytest.fixture(scope="module")
def voted() -> EditionBuilder:
    """An edition with more ballots than one worker takes at a time."""
    builder = EditionBuilder()
    builder.prepare()
    builder.cast_many(150)
    return builder


def electorate_of(builder: EditionBuilder) -> Electorate:
    assert builder.state is not None
    electorate = Electorate.of(builder.state)
    assert electorate is not None
    return electorate


async def inspected(
    inspectors: Inspectors, builder: EditionBuilder, openings: list[bytes]
) -> list[Inspected]:
    return await inspectors.inspect(
        FIRST, builder.entries[FIRST:], openings[FIRST:], electorate_of(builder)
    )


async def test_gives_what_inspection_in_place_gives(voted: EditionBuilder) -> None:
    """The order and the contents are those of the entries."""
    async with open_inspectors() as inspectors:
        found = await inspected(inspectors, voted, voted.openings)
    electorate = electorate_of(voted)
    assert found == [
        inspect(index, voted.entries[index], voted.openings[index], electorate)
        for index in range(FIRST, len(voted.entries))
    ]


async def test_the_first_violation_is_the_one_reported(voted: EditionBuilder) -> None:
    """Of two faults in different portions the one with the lower index is raised."""
    openings = [*voted.openings]
    openings[20] = openings[140] = b"{}"
    async with open_inspectors() as inspectors:
        with pytest.raises(LogViolation) as caught:
            await inspected(inspectors, voted, openings)
    assert (caught.value.index, caught.value.what) == (20, "opening")


async def test_a_killed_worker_is_replaced(voted: EditionBuilder) -> None:
    """What a killed worker had in hand is inspected again by another."""
    async with open_inspectors() as inspectors:
        before = await inspected(inspectors, voted, voted.openings)
        for pid in workers(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        assert await inspected(inspectors, voted, voted.openings) == before
