"""Editions with a real registrar, and a person who votes with the voting page.

`VoteAt` is an open edition with the demonstration's thirty initiatives; `Booth` is one person's
page, with what they do there.
"""

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from msgspec.structs import replace
from playwright.async_api import Locator, Page, Request, Route, expect

from cli.demo.inbox import open_inbox
from cli.demo.officials import Officials, Secretariat, key_of_new_log
from cli.demo.registration import await_codes, await_issuing, commit_roll, open_desk
from cli.demo.residents import Resident, resident
from cli.demo.script import made_up
from cli.installation import Installation
from shared.client.ballot_box import open_ballot_box
from shared.client.registrar import open_registrar
from shared.edition.manifest import EligibilityMode
from shared.edition.views import EditionView
from tests.polls import until

PEOPLE: Final[Sequence[Resident]] = [resident(number) for number in range(6000, 6400)]

Kept: TypeAlias = dict[str, Any]

KEPT: Final = """edition => new Promise((resolve, reject) => {
    const asked = indexedDB.open("huimin");
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
        const read = asked.result.transaction("voters").objectStore("voters").get(edition);
        read.onsuccess = () => {
            asked.result.close();
            resolve(read.result);
        };
    };
})"""
"""What is kept of a voter in the page's database."""

KEEP: Final = """([edition, voter]) => new Promise((resolve, reject) => {
    const asked = indexedDB.open("huimin");
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
        const writing = asked.result.transaction("voters", "readwrite");
        writing.objectStore("voters").put(voter, edition);
        writing.oncomplete = () => {
            asked.result.close();
            resolve();
        };
    };
})"""
"""Puts a record in its place."""

BALLOTS: Final = "**/ballots"

_numbers = itertools.count()


@dataclass
class VoteAt:
    """An edition at an installation, and the officers who run it."""

    installation: Installation
    officials: Officials
    edition: str

    @property
    def url(self) -> str:
        """The voting page for this edition."""
        return f"{self.installation.ballot_url}/vote#{self.edition}"

    def somebody(self) -> Resident:
        """A person on the roll with a phone, whom no other test has."""
        return next(PEOPLE[number] for number in _numbers if PEOPLE[number].phone)

    async def announce(self) -> None:
        """Announce the edition with its shortlist."""
        async with self._secretariat() as secretariat:
            await secretariat.announce(replace(made_up(0), edition=self.edition), seats=10)

    async def open(self, mode: EligibilityMode) -> None:
        """Commit the roll, open the vote."""
        async with (
            self._secretariat() as secretariat,
            open_desk(self.installation) as desk,
            open_registrar(self.installation.registrar_url) as registrar,
        ):
            if mode == "roll":
                commitment = await commit_roll(desk, self.edition, PEOPLE)
            else:
                commitment = await desk.commitment(self.edition, mode)
            await secretariat.open(self.edition, commitment)
            await await_issuing(registrar, self.edition, "open")
            await await_codes(registrar, self.edition)

    async def close(self) -> None:
        """Close the vote."""
        async with self._secretariat() as secretariat:
            await secretariat.close(self.edition)

    async def view(self) -> EditionView:
        """The edition as it stands."""
        async with open_ballot_box(self.installation.ballot_url) as box:
            return await box.edition(self.edition)

    async def code(self, phone: str | None, seen: int = 0) -> str:
        """The code that came to a phone (E.164), once more than `seen` have come."""
        assert phone is not None
        async with open_inbox(self.installation.notify_url) as inbox:
            return await inbox.code(phone, seen)

    async def counter_code(self) -> str:
        """A new sealed code."""
        async with open_desk(self.installation) as desk:
            return (await desk.counter_codes(self.edition, 1, "tests")).codes[0]

    @asynccontextmanager
    async def _secretariat(self) -> AsyncIterator[Secretariat]:
        async with open_ballot_box(self.installation.ballot_url) as box:
            verifier = await key_of_new_log(box, self.edition)
            yield Secretariat(box, self.officials, verifier)


class Booth:
    """One person at the voting page."""

    def __init__(self, page: Page, at: VoteAt) -> None:
        self.page = page
        self.at = at
        self.who = at.somebody()
        self.posted: list[Request] = []
        page.on("request", self._note)

    async def enter(self, url: str | None = None) -> "Booth":
        """Open the page."""
        await self.page.goto(url or self.at.url)
        await expect(self.page.locator("h1")).to_be_visible()
        return self

    async def identify(self) -> None:
        """Say who one is, and have a code sent."""
        await self.page.locator("form input").fill(self.who.identity_number)
        await self.submit()
        await expect(self.page.locator("input.code")).to_be_visible()

    async def enter_code(self, code: str | None = None, seen: int = 0) -> None:
        """Type a code, by default the one that came."""
        code = code or await self.at.code(self.who.phone, seen)
        await self.page.locator("input.code").fill(code)
        await self.submit()

    async def register(self) -> None:
        """Everything up to the credential."""
        await self.enter()
        await self.identify()
        await self.enter_code()
        await expect(self.page.locator(".choices")).to_be_visible()

    async def choose(self, count: int, first: int = 0) -> None:
        """Tap so many of the list, from one on."""
        for number in range(first, first + count):
            await self.page.locator(".choice input").nth(number).click()

    async def kept(self, holds: Callable[[Kept], bool]) -> None:
        """Wait until the device's record of the voter is so; what shows is saved a little later."""

        async def saved() -> bool:
            return holds(await self.page.evaluate(KEPT, self.at.edition))

        await until(saved)

    async def review(self) -> None:
        """From the choice to the review."""
        await self.page.locator(".chosen-bar button").click()
        await expect(self.page.locator("button.cast")).to_be_visible()

    async def to_review(self, count: int = 3) -> None:
        """Everything up to the button that casts."""
        await self.register()
        await self.choose(count)
        await self.review()

    async def cast(self) -> None:
        """Press the button."""
        await self.page.locator("button.cast").click()

    async def vote(self, count: int = 3) -> None:
        """The whole way."""
        await self.to_review(count)
        await self.cast()
        await self.is_counted()

    async def is_counted(self) -> None:
        """The page says that the vote is counted."""
        await expect(self.page.locator(".success h1")).to_be_visible()
        await expect(self.page.locator(".receipt-code")).to_be_visible()

    async def is_not_counted(self) -> None:
        """The page says plainly that it is not, and has nothing that says otherwise."""
        await expect(self.page.locator(".standing .tag")).to_be_visible()
        await expect(self.page.locator(".success")).to_have_count(0)

    async def receipt_code(self) -> str:
        """The code to keep."""
        return await self.page.locator(".receipt-code").inner_text()

    async def submit(self) -> None:
        """Press the button of the step's form."""
        await self.page.locator("form button[type=submit]").first.click()

    def button(self, name: str) -> Locator:
        """A button by its text."""
        return self.page.get_by_role("button", name=name, exact=True)

    def posts(self, ending: str) -> list[Request]:
        """What the page posted to addresses that end like this."""
        return [one for one in self.posted if one.url.endswith(ending)]

    def _note(self, request: Request) -> None:
        if request.method == "POST":
            self.posted.append(request)


class Answers:
    """The ballot box's answers: lost after it took the ballot, or the ballot lost before."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taken = 0

    async def lose(self) -> None:
        """From now on the server takes each ballot and its answer is lost."""
        await self.page.route(BALLOTS, self._take)

    async def lose_ballots(self) -> None:
        """From now on no ballot arrives."""
        await self.page.route(BALLOTS, lambda route: route.abort())

    async def arrive(self) -> None:
        """From now on all goes well, and the page is told that the connection is back."""
        await self.page.unroute_all(behavior="wait")
        await self.page.evaluate("dispatchEvent(new Event('online'))")

    async def _take(self, route: Route) -> None:
        assert (await route.fetch()).status == 201
        self.taken += 1
        await route.abort()
