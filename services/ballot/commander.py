"""Carrying out officers' signed commands: decide under the head's lock, append, answer."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from services.ballot import store
from services.ballot.caster import RETRY_FOR_S, RETRY_PAUSE_S, read_receipt
from services.ballot.counting import count_log
from services.ballot.edition import Edition, Editions
from services.ballot.publication import connect_writer
from services.ballot.store import CONNECTION_LOST, Connection, NewEntry
from shared.edition.commands import (
    AnnounceEdition,
    CertifyResult,
    Command,
    DrawTieSeed,
    SignedCommand,
)
from shared.edition.decider import Count, Head, decide
from shared.edition.errors import BadCommand, BadManifest, NotAnnouncer, UnknownEdition
from shared.edition.events import encode_event
from shared.edition.officer_keys import parse_public
from shared.log.merkle import leaf_hash
from shared.service.problem import StoreUnavailable

log = structlog.get_logger()


class Commander:
    """Appends what officers command. `announcers` holds the keys of who may announce editions."""

    def __init__(self, editions: Editions, url: str, copies: Path, announcers: Path) -> None:
        self._editions = editions
        self._url = url
        self._copies = copies
        self._announcers = announcers
        self._lock = asyncio.Lock()

    async def carry_out(self, name: str, signed: SignedCommand) -> bytes:
        """The receipt (JSON) of the event that the command led to; raises a `Refusal`."""
        command = signed.decoded()
        if command.edition != name:
            raise BadCommand(f"it is for {command.edition!r} and was posted to {name!r}")
        async with self._lock:
            edition = await self._edition(command, signed)
            return await self._append(edition, command, signed)

    async def _edition(self, command: Command, signed: SignedCommand) -> Edition:
        try:
            edition = await self._editions.find(command.edition)
        except CONNECTION_LOST as error:
            raise StoreUnavailable("the edition cannot be read") from error
        if not isinstance(command, AnnounceEdition):
            if edition is None:
                raise UnknownEdition(f"there is no edition {command.edition!r}")
            return edition
        edition = edition or Edition(command.edition, self._editions.key)
        if command.manifest.log != edition.identity:
            raise BadManifest(
                f"its log is {command.manifest.log.origin!r}; this service would write it to"
                f" {edition.identity.origin!r} with the key that GET /v1/editions names"
            )
        self._check_announcer(command, signed)
        return edition

    def _check_announcer(self, command: AnnounceEdition, signed: SignedCommand) -> None:
        # Read at each announcement, so that registering an officer is copying a file.
        trusted = {parse_public(file.read_text()).key for file in self._announcers.glob("*.pub")}
        keys = {officer.id: officer.key for officer in command.manifest.officers}
        if not any(keys.get(given.officer) in trusted for given in signed.signatures):
            raise NotAnnouncer("no officer who signed is registered with this service")

    async def _append(self, edition: Edition, command: Command, signed: SignedCommand) -> bytes:
        """Append, and find out what became of it when the connection is lost on the way."""
        deadline = asyncio.get_running_loop().time() + RETRY_FOR_S
        attempted: dict[int, bytes] = {}
        while asyncio.get_running_loop().time() < deadline:
            try:
                index = await self._written(edition, attempted)
                if index is None:
                    index = await self._try(edition, command, signed, attempted)
                if index is not None:
                    return await read_receipt(self._editions.db, edition, index)
            except CONNECTION_LOST as error:
                log.warning("commit failed", edition=edition.name, error=type(error).__name__)
                await asyncio.sleep(RETRY_PAUSE_S)
        raise StoreUnavailable("the command could not be committed in time")

    async def _written(self, edition: Edition, attempted: Mapping[int, bytes]) -> int | None:
        """The index of an earlier attempt whose COMMIT was lost but came through."""
        for index, entry in attempted.items():
            with suppress(store.CorruptLog):
                if await store.entries(self._editions.db, edition.name, index, index + 1) == [
                    entry
                ]:
                    return index
        return None

    async def _try(
        self,
        edition: Edition,
        command: Command,
        signed: SignedCommand,
        attempted: dict[int, bytes],
    ) -> int | None:
        """Decide and append once; None when another process was faster and it must be redone."""
        state = await edition.refresh(self._editions.db)
        count: Count | None = None
        if state is not None and isinstance(command, DrawTieSeed | CertifyResult):
            head = await store.head(self._editions.db, edition.name)
            count = await count_log(self._editions.db, state, head.size)
        connection = await connect_writer(self._url, edition, self._copies)
        try:
            async with connection.transaction():
                index = await self._decide(connection, edition, command, signed, count, attempted)
            if index is not None:
                edition.committed(index + 1)
            return index
        finally:
            connection.terminate()

    async def _decide(
        self,
        connection: Connection,
        edition: Edition,
        command: Command,
        signed: SignedCommand,
        count: Count | None,
        attempted: dict[int, bytes],
    ) -> int | None:
        origin = edition.identity.origin if isinstance(command, AnnounceEdition) else None
        locked = await store.lock_head(connection, edition.name, origin, [])
        if locked.milestone_size != edition.milestone_size:
            return None
        frontier = locked.frontier
        event = decide(
            edition.state,
            signed,
            head=Head(frontier.size, frontier.root()),
            count=count,
            time=datetime.now(UTC).replace(microsecond=0),
        )
        entry = encode_event(event)
        attempted[frontier.size] = entry
        await edition.append(connection, frontier, [NewEntry(entry, leaf_hash(entry))])
        log.info("milestone", edition=edition.name, what=type(event).__name__, index=frontier.size)
        return frontier.size
