"""Fixtures of the voting page's tests: two open editions for all, and new ones for some."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from cli.demo.officials import Officials
from cli.installation import Installation
from tests.browser.voting import Booth, VoteAt

NewPage = Callable[..., Awaitable[Page]]
NewBooth = Callable[..., Awaitable[Booth]]
NewVote = Callable[[], VoteAt]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def officials(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Officials:
    """Two officers who may announce."""
    return Officials(tmp_path_factory.mktemp("officers"), installation.announcers)


@pytest.fixture(scope="session")
def new_vote(installation: Installation, officials: Officials) -> NewVote:
    """Makes an edition of a test's own, not announced yet."""
    return lambda: VoteAt(installation, officials, f"vote-{next(_numbers)}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def by_roll(new_vote: NewVote) -> VoteAt:
    """An open edition for the people on a roll."""
    vote = new_vote()
    await vote.announce()
    await vote.open("roll")
    return vote


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def by_phone(new_vote: NewVote) -> VoteAt:
    """An open edition for whoever has a phone."""
    vote = new_vote()
    await vote.announce()
    await vote.open("phone")
    return vote


@pytest.fixture
def new_booth(new_page: NewPage, by_roll: VoteAt) -> NewBooth:
    """Makes a person at the voting page, on a device of their own; options are `new_page`'s."""

    async def make(*look: Any, at: VoteAt | None = None, **options: Any) -> Booth:
        return Booth(await new_page(*look, **options), at or by_roll)

    return make
