"""One run of `huimin vote` for one voter's file, as far as it gets: credential, ballot, receipt."""

import os
from pathlib import Path

import rich_click as click
from msgspec import Struct

from cli.asking import Asker, OneLineFile
from cli.vote.casting import Booth
from cli.vote.choosing import choose, suggest
from cli.vote.registration import Dialogue
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.issuance import prepared
from shared.client.known_logs import KnownLogs
from shared.client.milestones import committed_roll
from shared.client.registrar import open_registrar
from shared.client.served_log import ServedLog, identify_log, pin_key
from shared.client.voter import VoterFile, load_voter, new_voter, save_voter
from shared.edition.views import EditionView
from shared.log.note import Verifier
from shared.log.tlog_proof import TlogProof


class Options(Struct, frozen=True, kw_only=True):
    """What the command was told."""

    url: str
    registrar: str | None
    edition: str | None
    file: Path
    vkey: Verifier | None
    choices: tuple[str, ...]
    counter_code: bool
    code_file: Path | None
    yes: bool
    as_json: bool


class Run:
    """One run for one voter's file; `voter` is the file's contents, `cast` whether it has voted."""

    voter: VoterFile

    def __init__(self, options: Options) -> None:
        self.cast = False
        self.resumed = False
        self._options = options
        self._known = KnownLogs.of_user(os.environ)
        self._asker = Asker()
        self._loaded = load_voter(options.file) if options.file.exists() else None
        self._check_usage()

    async def go(self) -> None:
        """Credential, if there is none; the pending ballot, if there is one; the new ballot."""
        options = self._options
        edition = self._loaded.edition if self._loaded else options.edition or ""
        async with open_ballot_box(options.url) as box:
            view = await box.edition(edition)
            # Before anything is sent: no other server is to learn who votes or what was chosen.
            key = self._loaded.verifier if self._loaded else options.vkey
            served = identify_log(view, key, self._known)
            self.voter = self._loaded or self._begun(edition, served.verifier, key)
            suggest(options.choices, view.initiatives if options.choices else ())
            if not self.voter.credential:
                await self._register(box, served)
            await self._vote(box, view)
        if self.cast:
            self._pin(served.verifier)

    def _begun(self, edition: str, verifier: Verifier, given: Verifier | None) -> VoterFile:
        if given is None and self._known.recall(verifier.name) is None:
            # From here on the file holds on to this key; only the person can tell if it is right.
            self._asker.say(
                "日志公钥，请与公布的核对 The log's key, to be compared with the one published:"
                f" {verifier.vkey}"
            )
        return new_voter(edition, verifier.vkey)

    async def _register(self, box: BallotBox, served: ServedLog) -> None:
        options, voter = self._options, self.voter
        async with open_registrar(options.registrar or "") as registrar:
            registration = await registrar.registration(voter.edition)
            size, verifier = served.checkpoint.size, served.verifier
            roll = await committed_roll(box, voter.edition, size, verifier)
            self.voter = prepared(voter, registration, roll)
            save_voter(options.file, self.voter)
            codes = OneLineFile(options.code_file) if options.code_file else self._asker
            dialogue = Dialogue(
                registrar, registration, options.file, asker=self._asker, codes=codes
            )
            register = dialogue.at_counter if options.counter_code else dialogue.by_phone
            self.voter = await register(self.voter)
        self._asker.say(f"凭证已存入 The credential is in {options.file}: keep it private")

    async def _vote(self, box: BallotBox, view: EditionView) -> None:
        options, asker = self._options, self._asker
        asks = asker.terminal and not options.yes
        booth = Booth(box, view, options.file, asks=asks, as_json=options.as_json)
        pending = self.voter.pending
        self.voter = await booth.resume(self.voter)
        self.resumed = booth.resumed
        choices = options.choices
        if not choices and pending is None and asker.terminal:
            choices = choose(asker, view)
        if choices and (pending is None or set(choices) != set(pending.choices)):
            self.voter = await booth.cast(self.voter, choices)
        self.cast = bool(choices) or pending is not None

    def _pin(self, verifier: Verifier) -> None:
        receipt = self.voter.receipt
        if receipt is None:
            raise AssertionError("a ballot was cast and has no receipt")
        pin_key(verifier, TlogProof.decode(receipt.proof.encode()).checkpoint, self._known)

    def _check_usage(self) -> None:
        options, loaded = self._options, self._loaded
        if loaded is None and not (options.edition and options.registrar):
            raise click.UsageError(
                f"{options.file} is not there: to begin, give --edition and --registrar"
            )
        if loaded is None:
            return
        if options.edition not in (None, loaded.edition):
            raise click.UsageError(
                f"{options.file} is for {loaded.edition!r}, not the edition given"
            )
        if options.vkey not in (None, loaded.verifier):
            raise click.UsageError(
                f"{options.file} is for the log key {loaded.vkey}, not the one given"
            )
        if not loaded.credential and not options.registrar:
            raise click.UsageError(f"{options.file} has no credential yet: give --registrar")
        if loaded.credential and not (loaded.pending or options.choices or self._asker.terminal):
            raise click.UsageError("name what you choose with --choose ID, once for each")
