"""The demonstration's two officers, and what they command in the course of an edition."""

import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.audit.audit import audit
from cli.audit.report import AuditReport
from cli.demo.script import Script
from cli.embedded.directory import write_private
from cli.progress import Silent
from shared.client.ballot_box import BallotBox
from shared.client.log_source import LogSource
from shared.edition.commands import (
    AnnounceEdition,
    CertifyResult,
    CloseVoting,
    Command,
    CommitRoll,
    DrawTieSeed,
    OpenVoting,
    PublishShortlist,
    ReportIssuance,
    SignedCommand,
    encode_command,
    sign_command,
)
from shared.edition.manifest import LogIdentity, Manifest
from shared.edition.officer_keys import format_public, format_secret, public_of
from shared.eligibility.views import Commitment, IssuanceReport
from shared.log.note import ED25519, Verifier

OFFICES = ("clerk", "supervisor")
SEED_DIGITS = 20


class AuditFailed(Exception):
    """The officers' own audit found the log wrong, so they certify nothing."""


class Officials:
    """Two officers with fresh keys, kept in `directory`; they sign everything together."""

    def __init__(self, directory: Path, announcers: Path) -> None:
        self._keys = {office: Ed25519PrivateKey.generate() for office in OFFICES}
        self.officers = tuple(public_of(office, key) for office, key in self._keys.items())
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for officer in self.officers:
            secret = format_secret(officer.id, self._keys[officer.id])
            write_private(directory / f"{officer.id}.key", secret + "\n")
            for place in (directory, announcers):
                (place / f"{officer.id}.pub").write_text(format_public(officer) + "\n")

    def sign(self, command: Command) -> SignedCommand:
        """The command with both signatures."""
        data = encode_command(command)
        signatures = (sign_command(data, office, key) for office, key in self._keys.items())
        return SignedCommand(command=data, signatures=tuple(signatures))


async def key_of_new_log(box: BallotBox, edition: str) -> Verifier:
    """What verifies the log of an edition that is announced next."""
    editions = await box.editions()
    return Verifier(f"{editions.log_origin}/{edition}", ED25519, editions.log_key)


class Secretariat:
    """Takes one edition through its phases by signed commands."""

    def __init__(self, box: BallotBox, officials: Officials, verifier: Verifier) -> None:
        self._box = box
        self._officials = officials
        self._log = LogIdentity(verifier.name, verifier.public)
        self._verifier = verifier

    async def announce(self, script: Script, *, seats: int) -> None:
        """Announce the edition and publish the shortlist."""
        edition, origin = script.edition, self._log.origin
        manifest = Manifest(
            title=script.title,
            disclosure="live",
            officers=self._officials.officers,
            log=self._log,
            seats=seats,
            max_choices=script.max_choices,
            min_choices=script.min_choices,
            demonstration=True,
        )
        await self._carry_out(
            AnnounceEdition(edition=edition, origin=origin, expected_size=0, manifest=manifest)
        )
        await self._carry_out(
            PublishShortlist(
                edition=edition, origin=origin, expected_size=1, initiatives=script.initiatives
            )
        )

    async def open(self, edition: str, commitment: Commitment) -> None:
        """Commit the roll as the registrar says, and open the vote."""
        origin = self._log.origin
        await self._carry_out(
            CommitRoll(
                edition=edition,
                origin=origin,
                expected_size=2,
                size=commitment.size,
                root=commitment.root,
                issuer_key=commitment.issuer_key,
                mode=commitment.mode,
            )
        )
        await self._carry_out(OpenVoting(edition=edition, origin=origin, expected_size=3))

    async def close(self, edition: str) -> None:
        """Close the vote."""
        size = (await self._box.edition(edition)).size
        await self._carry_out(
            CloseVoting(edition=edition, origin=self._log.origin, expected_size=size)
        )

    async def report_issuance(self, edition: str, report: IssuanceReport) -> None:
        """Report how many credentials were issued, as the registrar says."""
        size = (await self._box.edition(edition)).size
        await self._carry_out(
            ReportIssuance(
                edition=edition,
                origin=self._log.origin,
                expected_size=size,
                issued=report.issued,
                root=report.root,
                channels=report.channels,
            )
        )

    async def certify(self, edition: str, source: LogSource, seed: str | None) -> tuple[str, ...]:
        """Recount from the log, draw if tied, certify. Returns the tied set, empty if none was."""
        report = await self._recount(source)
        origin, tied = self._log.origin, report.tied
        if tied:
            draw = DrawTieSeed(
                edition=edition,
                origin=origin,
                expected_size=report.size or 0,
                seed=seed or "".join(secrets.choice("0123456789") for _ in range(SEED_DIGITS)),
                tied=tied,
                root=report.root or b"",
            )
            await self._carry_out(draw)
            report = await self._recount(source)
        certificate = CertifyResult(
            edition=edition,
            origin=origin,
            expected_size=report.size or 0,
            winners=report.winners,
            counts=report.counts or {},
            size=report.size or 0,
            root=report.root or b"",
            openings_root=report.openings_root or b"",
        )
        await self._carry_out(certificate)
        return tied

    async def _recount(self, source: LogSource) -> AuditReport:
        report = await audit(source, progress=Silent(), verifier=self._verifier)
        if report.violation is not None:
            raise AuditFailed(f"{report.violation.where}: {report.violation.why}")
        return report

    async def _carry_out(self, command: Command) -> None:
        signed = self._officials.sign(command)
        await self._box.command(command.edition, signed, self._verifier)
