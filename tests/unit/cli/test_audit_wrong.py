"""Audits of logs that are wrong: each is found out, with the place where."""

from pathlib import Path

import msgspec
import pytest

from cli.audit.evidence import Violation
from cli.audit.report import AuditReport
from shared.edition.ballot import encode_opening
from shared.edition.commands import CloseVoting, OfficerSignature, OpenVoting, SignedCommand
from shared.edition.events import ResultCertified, VotingClosed, VotingOpened
from shared.edition.manifest import LogIdentity
from shared.log.note import Signer, Verifier
from tests.audits import audited, certified, flip, started
from tests.editions import TIME, EditionBuilder, event_of


def violation(report: AuditReport) -> Violation:
    """What a report says is wrong; fails if it says that nothing is."""
    assert report.verdict == "wrong"
    assert report.violation is not None
    assert report.counts is None
    return report.violation


class TestTampered:
    """A log whose files were changed after it was signed."""

    @pytest.mark.parametrize("at", [2, 20, 150, 300, 500, 650, 690])
    async def test_entry(self, tmp_path: Path, at: int) -> None:
        """One flipped bit anywhere in an entry is found at its index."""
        builder = certified()
        start = sum(2 + len(entry) for entry in builder.entries[:100])
        flip(builder.write(tmp_path) / "tile/entries/000", start + at)
        found = violation(await audited(tmp_path))
        assert "index 100" in f"{found.where} {found.why}"

    async def test_spare_bit_of_an_entry(self, tmp_path: Path) -> None:
        """A bit that changes the bytes and not their meaning is found by the tile's hash."""
        file = certified().write(tmp_path) / "tile/entries/000"
        data = bytearray(file.read_bytes())
        spare = data.index(b'==","hour"', data.index(certified().entries[100])) - 1
        data[spare] += 1  # A to B, Q to R, g to h or w to x: the last character before padding
        file.write_bytes(data)
        assert violation(await audited(tmp_path)) == Violation(
            "tile/0/000", "its hash 100 is not that of the entry at index 100"
        )

    @pytest.mark.parametrize("at", [0, 1])
    async def test_length_of_an_entry(self, tmp_path: Path, at: int) -> None:
        """A changed length shifts what follows; the place is that of the first bad record."""
        builder = certified()
        start = sum(2 + len(entry) for entry in builder.entries[:100])
        flip(builder.write(tmp_path) / "tile/entries/000", start + at)
        assert "tile/entries/000" in violation(await audited(tmp_path)).where

    @pytest.mark.parametrize("at", [2, 12, 32, 33, 40, 50, 60])
    async def test_opening(self, tmp_path: Path, at: int) -> None:
        """One flipped bit anywhere in an opening is found at its index."""
        builder = certified()
        start = sum(2 + len(opening) for opening in builder.openings[:100])
        assert at < 2 + len(builder.openings[100])
        flip(builder.write(tmp_path) / "tile/openings/000", start + at)
        assert violation(await audited(tmp_path)).where == "index 100 (tile/openings/000)"

    async def test_spare_bit_of_an_opening(self, tmp_path: Path) -> None:
        """A bit that changes an opening's bytes and not their meaning is found at its index."""
        file = certified().write(tmp_path) / "tile/openings/000"
        data = bytearray(file.read_bytes())
        data[data.index(b'=="', data.index(certified().openings[100])) - 1] += 1
        file.write_bytes(data)
        assert violation(await audited(tmp_path)).where == "index 100 (tile/openings/000)"

    async def test_the_first_of_several_is_reported(self, tmp_path: Path) -> None:
        """What is wrong first is named, though other checks would have met the others before."""
        builder = certified()
        file = builder.write(tmp_path) / "tile/entries/000"
        data = bytearray(file.read_bytes())
        for index, found in ((60, b'"signature":"'), (90, b'"credential":"'), (120, b'"event":"')):
            data[data.index(found, data.index(builder.entries[index])) + len(found)] ^= 4
        file.write_bytes(data)
        assert violation(await audited(tmp_path)).where == "index 60 (tile/entries/000)"

    async def test_entry_in_the_partial_bundle(self, tmp_path: Path) -> None:
        """A flipped bit in the last bundle is found by a process of its own."""
        builder = certified()
        partial = f"tile/entries/001.p/{len(builder.entries) - 256}"
        flip(builder.write(tmp_path) / partial, 100)
        assert violation(await audited(tmp_path, jobs=2)).where == f"index 256 ({partial})"

    async def test_milestone(self, tmp_path: Path) -> None:
        """A changed word of the shortlist is not what the officers signed."""
        file = certified().write(tmp_path) / "tile/entries/000"
        data = file.read_bytes()
        at = data.rindex(b"Initiative i03", 0, data.index(b'"RollCommitted"'))
        flip(file, at)
        assert violation(await audited(tmp_path)).where == "index 1 (tile/entries/000)"

    @pytest.mark.parametrize("tile", ["tile/0/000", "tile/0/001.p/{}", "tile/1/000.p/1"])
    async def test_hash_tile(self, tmp_path: Path, tile: str) -> None:
        """One flipped bit in a tile of any level, full or partial, is found in that tile."""
        builder = certified()
        path = tile.format(len(builder.entries) - 256)
        flip(builder.write(tmp_path) / path, 17)
        assert violation(await audited(tmp_path)).where == path

    @pytest.mark.parametrize("tile", ["tile/0/000", "tile/1/000.p/1"])
    async def test_hash_tile_of_another_length(self, tmp_path: Path, tile: str) -> None:
        """A tile that ends too early is found."""
        file = certified().write(tmp_path) / tile
        file.write_bytes(file.read_bytes()[:-1])
        assert violation(await audited(tmp_path)).where == tile

    @pytest.mark.parametrize("at", [3, 20, 60, 100, -10])
    async def test_checkpoint(self, tmp_path: Path, at: int) -> None:
        """One flipped bit anywhere in the checkpoint is found."""
        builder = certified()
        flip(builder.write(tmp_path) / "checkpoint", at)
        report = await audited(tmp_path, verifier=builder.verifier)
        assert violation(report).where == "checkpoint"

    async def test_garbage_for_a_checkpoint(self, tmp_path: Path) -> None:
        """What is no checkpoint at all is evidence, not a crash."""
        (certified().write(tmp_path) / "checkpoint").write_bytes(b"<html>\xff\x00</html>\n" * 50)
        assert violation(await audited(tmp_path)).where == "checkpoint"

    async def test_first_entry_without_a_key(self, tmp_path: Path) -> None:
        """On first use, an announcement that cannot be read is evidence."""
        flip(certified().write(tmp_path) / "tile/entries/000", 4)
        assert violation(await audited(tmp_path)).where == "index 0 (tile/entries/000)"


class TestMissing:
    """A log that does not give out what its checkpoint covers."""

    @pytest.mark.parametrize("path", ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"])
    async def test_resource(self, tmp_path: Path, path: str) -> None:
        """A missing bundle or tile is named."""
        builder = certified()
        (builder.write(tmp_path) / path).unlink()
        report = await audited(tmp_path, verifier=builder.verifier)
        assert violation(report).where == path

    async def test_openings_bundle(self, tmp_path: Path) -> None:
        """A missing bundle of openings is named by the first ballot in it."""
        (certified().write(tmp_path) / "tile/openings/000").unlink()
        assert violation(await audited(tmp_path)).where == "index 4 (tile/openings/000)"

    async def test_one_opening_of_a_live_edition(self, tmp_path: Path) -> None:
        """A ballot without opening is named although nothing is certified yet."""
        builder = started()
        builder.openings[5] = b""
        path = f"tile/openings/000.p/{len(builder.entries)}"
        assert violation(await audited(builder.write(tmp_path))).where == f"index 5 ({path})"

    async def test_openings_after_the_close_of_a_sealed_edition(self, tmp_path: Path) -> None:
        """Once voting has closed, sealed choices must be there."""
        builder = started(disclosure="at-close")
        builder.close()
        builder.tree().write(tmp_path, None)
        assert "index 4 " in violation(await audited(tmp_path)).where

    async def test_records_of_a_bundle(self, tmp_path: Path) -> None:
        """A bundle with fewer records than the checkpoint covers is named."""
        file = certified().write(tmp_path) / "tile/entries/000"
        data = file.read_bytes()
        file.write_bytes(data[: -2 - len(certified().entries[255])])
        assert violation(await audited(tmp_path)) == Violation(
            "tile/entries/000", "it has 255 records instead of 256"
        )


class TestUnlawful:
    """A log that is signed and whole, and holds what must not be in it."""

    async def test_ballot_after_the_close(self, tmp_path: Path) -> None:
        """A ballot after the close is found at its index."""
        builder = started()
        builder.close()
        index = builder.record(builder.ballot(9, ["i01"]))
        found = violation(await audited(builder.write(tmp_path)))
        assert found.where.startswith(f"index {index} ")
        assert "has closed" in found.why

    async def test_ballot_before_the_roll(self, tmp_path: Path) -> None:
        """A ballot before anyone could have a credential is found."""
        builder = EditionBuilder()
        builder.announce()
        builder.publish_shortlist()
        builder.record(builder.ballot(1, ["i01"]))
        assert "index 2 " in violation(await audited(builder.write(tmp_path))).where

    async def test_ballot_between_roll_and_opening(self, tmp_path: Path) -> None:
        """A ballot before voting opened is found."""
        builder = EditionBuilder()
        builder.announce()
        builder.publish_shortlist()
        builder.commit_roll()
        builder.record(builder.ballot(1, ["i01"]))
        assert "index 3 " in violation(await audited(builder.write(tmp_path))).where

    async def test_milestones_out_of_order(self, tmp_path: Path) -> None:
        """Voting that opens twice is found."""
        builder = started()
        opened = VotingOpened(
            edition="2027", time=TIME, signed=builder.signed(OpenVoting(**builder.base()))
        )
        index = builder.append(opened)
        assert f"index {index} " in violation(await audited(builder.write(tmp_path))).where

    async def test_one_officer_where_two_must_sign(self, tmp_path: Path) -> None:
        """A close that one officer signed is found."""
        builder = started()
        signed = builder.signed(CloseVoting(**builder.base()), officers=["first"])
        builder.append(VotingClosed(edition="2027", time=TIME, signed=signed))
        why = violation(await audited(builder.write(tmp_path))).why
        assert "officer-signature-missing" in why

    async def test_forged_officer_signature(self, tmp_path: Path) -> None:
        """A signature that is not the officer's is found."""
        builder = started()
        good = builder.signed(CloseVoting(**builder.base()))
        forged = OfficerSignature(officer="second", signature=good.signatures[0].signature)
        signed = SignedCommand(good.command, (good.signatures[0], forged))
        builder.append(VotingClosed(edition="2027", time=TIME, signed=signed))
        why = violation(await audited(builder.write(tmp_path))).why
        assert "officer-signature-wrong" in why

    async def test_event_that_is_not_its_command(self, tmp_path: Path) -> None:
        """A close that embeds a signed opening is found."""
        builder = EditionBuilder()
        builder.announce()
        builder.publish_shortlist()
        builder.commit_roll()
        signed = builder.signed(OpenVoting(**builder.base()))
        builder.append(VotingClosed(edition="2027", time=TIME, signed=signed))
        assert "index 3 " in violation(await audited(builder.write(tmp_path))).where

    async def test_foreign_credential(self, tmp_path: Path) -> None:
        """A credential of another issuer is found."""
        builder = started()
        builder.record(builder.ballot(9, ["i01"], issuer="foreign"))
        assert "bad-credential" in violation(await audited(builder.write(tmp_path))).why

    async def test_ballot_signed_by_another_key(self, tmp_path: Path) -> None:
        """A ballot whose signature is another voter's is found."""
        builder = started()
        mine, other = builder.ballot(8, ["i01"]), builder.ballot(9, ["i01"])
        builder.record(msgspec.structs.replace(mine, signature=other.signature))
        assert "bad-ballot-signature" in violation(await audited(builder.write(tmp_path))).why

    async def test_ballot_for_another_edition(self, tmp_path: Path) -> None:
        """A ballot that was cast elsewhere and copied here is found."""
        builder, other = started(), started(edition="2028")
        copied = other.entries[4]
        builder.entries.append(copied)
        builder.openings.append(other.openings[4])
        assert "another edition" in violation(await audited(builder.write(tmp_path))).why

    async def test_lower_seq_after_a_higher(self, tmp_path: Path) -> None:
        """An older ballot of the same key, put in again, is found."""
        builder = started()
        builder.record(builder.ballot(1, ["i05"], seq=2))
        index = builder.record(builder.ballot(1, ["i04"], seq=1))
        found = violation(await audited(builder.write(tmp_path)))
        assert found.where.startswith(f"index {index} ")
        assert "seq 1 after seq 2" in found.why

    async def test_same_ballot_twice(self, tmp_path: Path) -> None:
        """The same ballot a second time is found."""
        builder = started()
        builder.record(builder.ballot(1, ["i01", "i02"]))
        assert "seq 1 after seq 1" in violation(await audited(builder.write(tmp_path))).why

    @pytest.mark.parametrize(
        ("choices", "slug"),
        [
            (["i99"], "unknown-initiative"),
            (["i01", "i01"], "repeated-initiative"),
            (["i01", "i02", "i03", "i04"], "too-many-choices"),
            ([], "too-few-choices"),
        ],
    )
    async def test_choices_that_are_not_allowed(
        self, tmp_path: Path, choices: list[str], slug: str
    ) -> None:
        """A ballot whose choices break the rules is found, although it opens its commitment."""
        builder = started()
        builder.record(builder.ballot(9, choices))
        assert slug in violation(await audited(builder.write(tmp_path))).why

    async def test_opening_of_other_choices(self, tmp_path: Path) -> None:
        """An opening that is not the one committed to is found."""
        builder = started()
        index, ballot = builder.ballots[0]
        builder.openings[index] = encode_opening(ballot.salt, ["i05"])
        assert "does not open" in violation(await audited(builder.write(tmp_path))).why

    async def test_certificate_with_another_count(self, tmp_path: Path) -> None:
        """A certificate that gives one initiative a ballot more is found, though signed."""
        builder = started()
        builder.close()
        builder.report_issuance()
        builder.certify()
        last = builder.entries.pop()
        builder.openings.pop()
        right = msgspec.json.decode(last, type=ResultCertified)
        counts = {**right.counts, "i01": right.counts["i01"] + 1}
        command = msgspec.structs.replace(builder.certificate(), counts=counts)
        signed = builder.signed(command)
        index = builder.append(msgspec.structs.replace(right, signed=signed, counts=counts))
        found = violation(await audited(builder.write(tmp_path)))
        assert found.where.startswith(f"index {index} ")
        assert "'i01' has 2 ballots, not 3" in found.why

    async def test_more_voters_than_credentials(self, tmp_path: Path) -> None:
        """More voter keys than credentials issued are found."""
        builder = started()
        builder.close()
        builder.report_issuance(issued=2)
        why = violation(await audited(builder.write(tmp_path))).why
        assert why == "3 different voter keys cast ballots, and 2 credentials were issued"

    async def test_more_voters_than_people_on_the_roll(self, tmp_path: Path) -> None:
        """More voter keys than people on the roll are found before issuance is reported."""
        builder = EditionBuilder()
        builder.announce()
        builder.publish_shortlist()
        builder.commit_roll(size=1)
        builder.open()
        builder.cast(1, ["i01"])
        builder.cast(2, ["i01"])
        assert "the roll has 1 people" in violation(await audited(builder.write(tmp_path))).why

    async def test_opening_where_there_is_no_ballot(self, tmp_path: Path) -> None:
        """An opening beside an officers' event is found."""
        builder = started()
        builder.openings[0] = encode_opening(bytes(16), ["i01"])
        assert "index 0 " in violation(await audited(builder.write(tmp_path))).where

    async def test_result_that_relies_on_a_missing_opening(self, tmp_path: Path) -> None:
        """A certificate hidden in another event does not get round the missing opening."""
        builder = started()
        builder.close()
        builder.report_issuance()
        signed = builder.signed(builder.certificate())
        builder.append(VotingOpened(edition="2027", time=TIME, signed=signed))
        builder.openings[4] = b""
        assert "index 4 " in violation(await audited(builder.write(tmp_path))).where

    @pytest.mark.parametrize("entry", [b"\xff" * 40, b'{"event":"BallotCast","x":' + b"[" * 60_000])
    async def test_entry_that_is_no_event(self, tmp_path: Path, entry: bytes) -> None:
        """Bytes that are no event, however hostile, are found at their index."""
        builder = started()
        builder.entries.append(entry)
        builder.openings.append(b"")
        where = violation(await audited(builder.write(tmp_path))).where
        assert where.startswith(f"index {len(builder.entries) - 1} ")

    async def test_finer_time_than_the_hour(self, tmp_path: Path) -> None:
        """A ballot whose time could link it to a person is found."""
        builder = started()
        event = event_of("2027", builder.ballot(9, ["i01"]))
        builder.append(msgspec.structs.replace(event, hour=TIME.replace(minute=7)))
        assert "finer than an hour" in violation(await audited(builder.write(tmp_path))).why

    async def test_manifest_of_another_log(self, tmp_path: Path) -> None:
        """An announcement that names another log than the one it stands in is found."""
        builder = EditionBuilder()
        other = LogIdentity(origin="vote.example/2027", key=bytes(32))
        builder.manifest = msgspec.structs.replace(builder.manifest, log=other)
        builder.announce()
        report = await audited(builder.write(tmp_path), verifier=builder.verifier)
        assert "another log" in violation(report).why


class TestUnsigned:
    """A log that is whole and lawful, and not the one that was signed."""

    async def test_another_history_under_the_checkpoint(self, tmp_path: Path) -> None:
        """Lawful entries with tiles that fit them are wrong if their root was never signed."""
        builder, other = started(), started()
        builder.cast(4, ["i01"])
        other.cast(4, ["i05"])
        files = other.tree().files(other.openings)
        builder.write(tmp_path)
        for path in set(files) - {"checkpoint"}:
            (tmp_path / path).write_bytes(files[path])
        report = await audited(tmp_path)
        assert violation(report).where == "checkpoint"
        assert report.checks[-1].name == "root"


class TestSigner:
    """Whose key it is."""

    async def test_another_key_than_the_one_given(self, tmp_path: Path) -> None:
        """A log under another key of the same name is not the log that was asked for."""
        builder = certified()
        other = Verifier.parse(Signer(builder.signer.name, bytes(32)).vkey)
        report = await audited(builder.write(tmp_path), verifier=other)
        assert violation(report).where == "checkpoint"

    async def test_announced_key_that_did_not_sign(self, tmp_path: Path) -> None:
        """On first use, a log that its announced key did not sign is wrong."""
        builder = started()
        builder.signer = Signer(builder.signer.name, bytes(32))
        assert violation(await audited(builder.write(tmp_path))).where == "checkpoint"


def test_the_entries_flipped_above_are_ballots() -> None:
    """The offsets in these tests lie in ballots, or the tests would show something else."""
    builder = certified()
    assert builder.entries[100].startswith(b'{"event":"BallotCast"')
    assert builder.openings[100].startswith(b'{"salt":')
