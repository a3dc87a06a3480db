"""Editions in every state that the dashboard shows, on a log host, counted by a real tally.

They are a city's: the demonstration's initiatives, ballots spread over hours as the log has them.
What a real ballot service would never write, such as a contradiction, can only be shown like this.
"""

import random
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Final, NamedTuple

import asyncpg
import msgspec
from aiohttp import web
from msgspec.structs import replace

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from services.tally.settings import Settings
from shared.edition.commands import PublishShortlist
from shared.edition.events import BallotCast, decode_event, encode_event
from shared.edition.manifest import Disclosure, Initiative, Text
from shared.edition.views import EditionList, EditionSummary, EditionView
from shared.log.note import Signer, Verifier
from shared.service.migrations import migrate
from tests.editions import LOG_SEED, EditionBuilder
from tests.integration.tally.stage import LogHost, open_host
from tests.servers import fresh_database, seed_file

ROLE: Final = """DO $$ BEGIN
IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'huimin_tally') THEN
    CREATE ROLE huimin_tally;
END IF; END $$"""
"""The migrations grant to this role; other tests of the same run may have made it."""

INITIATIVES: Final = msgspec.json.decode(
    files("cli.demo").joinpath("initiatives.json").read_bytes(), type=tuple[Initiative, ...]
)


class Times(NamedTuple):
    """When an edition opens and closes, from now on."""

    opens_in: timedelta = timedelta(hours=3)
    closes_in: timedelta = timedelta(days=2, hours=5)


COMING: Final = Times()
OVER: Final = Times(timedelta(hours=-40), timedelta(minutes=-1))
"""The closing time has come."""


class CityEdition(EditionBuilder):
    """An edition with thirty initiatives and ten seats."""

    def __init__(
        self,
        edition: str,
        disclosure: Disclosure = "live",
        *,
        log_seed: bytes = LOG_SEED,
        origin: str = "vote.example",
        times: Times = COMING,
    ) -> None:
        super().__init__(
            edition, disclosure=disclosure, seats=10, max_choices=10, log_seed=log_seed,
            origin=origin,
        )  # fmt: skip
        self.ids = tuple(one.id for one in INITIATIVES)
        now = datetime.now(UTC).replace(microsecond=0)
        self.manifest = replace(
            self.manifest,
            title=Text(zh="2027 年惠民十大行动", en="Ten actions for the people, 2027"),
            opens_at=now + times.opens_in,
            closes_at=now + times.closes_in,
        )

    def publish_shortlist(self) -> None:
        """Publish the demonstration's initiatives."""
        self.command(PublishShortlist(initiatives=INITIATIVES, **self.base()))

    def vote(self, voters: int, hours: int = 30) -> None:
        """So many voters who like some initiatives better than others, over so many hours."""
        chance = random.Random(self.edition)
        liked = chance.sample(self.ids, len(self.ids))
        weights = [1 / (1 + 0.09 * place) for place in range(len(liked))]
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for number in range(voters):
            chosen = set(chance.choices(liked, weights, k=chance.randint(4, 10)))
            index = self.cast(number, sorted(chosen))
            ago = timedelta(hours=1 + int(hours * (1 - number / voters) ** 1.3))
            event = decode_event(self.entries[index])
            assert isinstance(event, BallotCast)
            self.entries[index] = encode_event(replace(event, hour=now - ago))

    def vote_for_a_tie(self) -> None:
        """Ballots that leave five initiatives tied for four seats."""
        for number in range(40):
            self.cast(number, sorted(self.ids[:8] if number % 2 else self.ids[3:8]))
        for number in range(40, 60):
            self.cast(number, sorted(self.ids[place] for place in (2, 9, 11, 14)))


class CityHost(LogHost):
    """Also answers what a page asks a ballot service; a page of any origin may ask."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, EditionBuilder] = {}
        self._list()

    def show(self, builder: EditionBuilder, size: int | None = None) -> None:
        """Serve the edition's log, its view, and a list with all editions shown so far."""
        super().show(builder, size)
        self._shown[builder.edition] = builder
        self.files[f"/v1/editions/{builder.edition}"] = msgspec.json.encode(_view(builder))
        self._list()

    async def answer(self, request: web.Request) -> web.Response:
        """One request."""
        response = await super().answer(request)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    def _list(self) -> None:
        editions = tuple(_summary(builder) for builder in self._shown.values())
        listed = EditionList(log_origin="vote.example", log_key=_log_key(), editions=editions)
        self.files["/v1/editions"] = msgspec.json.encode(listed)


@asynccontextmanager
async def open_city_host() -> AsyncIterator[CityHost]:
    """A host that shows nothing yet."""
    host = CityHost()
    async with open_host(host):
        yield host


@asynccontextmanager
async def tally_settings(
    postgres: Postgres, nats: NatsServer, host: LogHost
) -> AsyncIterator[Settings]:
    """Settings of a tally with an empty database, that counts what `host` shows."""
    with fresh_database(postgres) as name:
        address = postgres.admin_dsn.replace("/postgres?", f"/{name}?")
        connection = await asyncpg.connect(address)
        await connection.execute(ROLE)
        await migrate(connection, "services.tally")
        await connection.close()
        yield Settings(
            database_url=address,
            nats_url=nats.url,
            nats_nkey_seed=seed_file(nats.data, "tests").read_text().strip(),
            log_url=host.url,
            log_origin="vote.example",
            log_key=b64encode(_log_key()).decode(),
            ballot_url=host.url,
        )


def _log_key() -> bytes:
    return Verifier.parse(Signer("vote.example", LOG_SEED).vkey).public


def _summary(builder: EditionBuilder) -> EditionSummary:
    return EditionSummary(
        edition=builder.edition,
        title=builder.manifest.title,
        phase=builder.current.phase,
        log=f"/log/{builder.edition}",
        vkey=builder.signer.vkey,
    )


def _view(builder: EditionBuilder) -> EditionView:
    state = builder.current
    return EditionView(
        edition=builder.edition,
        phase=state.phase,
        manifest=state.manifest,
        initiatives=state.initiatives,
        roll=None,
        issued=state.issued,
        milestone_size=state.milestone_size,
        size=len(builder.entries),
        checkpoint=builder.tree().checkpoint().decode(),
        log=f"/log/{builder.edition}",
        vkey=builder.signer.vkey,
    )
