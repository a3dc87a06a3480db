"""Carrying out officers' signed commands: decide under the head's lock, append, answer."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog

from services.ballot import store
from services.ballot.counting import count_log
from services.ballot.edition import Edition, Editions
from services.ballot.publication import connect_writer
from services.ballot.receipts import read_receipt
from services.ballot.store import CONNECTION_LOST, Connection, LockedHead, NewEntry
from shared.edition.commands import (
    AnnounceEdition,
    CertifyResult,
    Command,
    DrawTieSeed,
    SignedCommand,
    check_signatures,
)
from shared.edition.decider import decide
from shared.edition.errors import BadCommand, BadManifest, NotAnnouncer, UnknownEdition
from shared.edition.events import encode_event
from shared.edition.officer_keys import parse_public
from shared.edition.state import Count, EditionState, Head
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
        trusted = _registered_keys(self._announcers)
        keys = {officer.id: officer.key for officer in command.manifest.officers}
        if not any(keys.get(given.officer) in trusted for given in signed.signatures):
            raise NotAnnouncer("no officer who signed is registered with this service")

    async def _append(self, edition: Edition, command: Command, signed: SignedCommand) -> bytes:
        """Append, and find out what became of it when the connection is lost on the way."""
        deadline = asyncio.get_running_loop().time() + store.RETRY_FOR_S
        attempted: dict[int, bytes] = {}
        while asyncio.get_running_loop().time() < deadline:
            try:
                index = await self._try(edition, command, signed, attempted)
                if index is not None:
                    return await read_receipt(self._editions.db, edition, index)
            except CONNECTION_LOST as error:
                log.warning("commit failed", edition=edition.name, error=type(error).__name__)
                await asyncio.sleep(store.RETRY_PAUSE_S)
        raise StoreUnavailable("the command could not be committed in time")

    async def _try(
        self,
        edition: Edition,
        command: Command,
        signed: SignedCommand,
        attempted: dict[int, bytes],
    ) -> int | None:
        """Decide and append once; None when another process was faster and it must be redone."""
        state = await edition.refresh(self._editions.db)
        count = await self._count(state, command, signed)
        connection = await connect_writer(self._url, edition, self._copies)
        try:
            async with store.transaction(connection):
                origin = edition.identity.origin if isinstance(command, AnnounceEdition) else None
                locked = await store.lock_head(connection, edition.name, origin, [])
                index = await _written(connection, edition.name, locked, attempted)
                if index is not None:
                    return index
                if locked.milestone_size != (state.milestone_size if state else 0):
                    return None
                head = Head(locked.frontier.size, locked.frontier.root())
                event = decide(state, signed, head=head, count=count, time=_now())
                entry = attempted[head.size] = encode_event(event)
                new = [NewEntry(entry, leaf_hash(entry))]
                await edition.append(connection, locked.frontier, new)
        finally:
            connection.terminate()
        edition.committed(head.size + 1)
        log.info("milestone", edition=edition.name, what=type(event).__name__, index=head.size)
        return head.size

    async def _count(
        self, state: EditionState | None, command: Command, signed: SignedCommand
    ) -> Count | None:
        """The count that a draw or a certificate is held against; nobody else has the log read."""
        if state is None or not isinstance(command, DrawTieSeed | CertifyResult):
            return None
        if state.phase not in ("issued", "drawn"):
            return None
        name = type(command).__name__
        check_signatures(state.manifest, name, signed.command, signed.signatures)
        head = await store.head(self._editions.db, state.edition)
        return await count_log(self._editions.db, state, head.size)


async def _written(
    connection: Connection, name: str, locked: LockedHead, attempted: Mapping[int, bytes]
) -> int | None:
    """The index of an earlier attempt whose COMMIT was lost but came through.

    Asked under the head's lock, where nothing of an earlier attempt is still under way.
    """
    for index, entry in attempted.items():
        if index < locked.frontier.size:
            stored = await store.entries(connection, name, index, index + 1)
            if stored == [entry]:
                return index
    return None


def _registered_keys(announcers: Path) -> set[bytes]:
    keys = set()
    for file in announcers.glob("*.pub"):
        try:
            keys.add(parse_public(file.read_text()).key)
        except (OSError, ValueError) as error:
            log.warning("unreadable officer's key", what=file.name, why=str(error))
    return keys


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
