"""Audits of sound logs: what they say is verified, counted, and still to come."""

from collections import Counter
from pathlib import Path

from shared.client.known_logs import KnownLogs
from shared.edition.ballot import decode_opening
from tests.audits import audited, certified, started
from tests.editions import EditionBuilder


async def test_a_certified_edition_is_verified(tmp_path: Path) -> None:
    """Every check passes when nothing is wrong and nothing is pending."""
    known = KnownLogs(tmp_path / "known")
    certified().write(tmp_path / "log")
    await audited(tmp_path / "log", known=known)
    report = await audited(tmp_path / "log", known=known)
    assert report.verdict == "verified"
    assert {check.name: check.outcome for check in report.checks} == dict.fromkeys(
        ("checkpoint", "history", "entries", "tiles", "root", "openings", "eligibility", "result"),
        "passed",
    )


async def test_counts_are_those_of_each_voters_last_ballot(tmp_path: Path) -> None:
    """The recount is the one that the edition's ballots give by definition."""
    builder = certified()
    report = await audited(builder.write(tmp_path))
    last = {ballot.key: ballot for _, ballot in sorted(builder.ballots, key=lambda b: b[1].seq)}
    expected = Counter(id_ for ballot in last.values() for id_ in ballot.choices)
    assert report.counts == dict(expected)
    assert (report.ballots, report.voters) == (330, 300)


async def test_the_certified_winners_are_reported(tmp_path: Path) -> None:
    """Winners come in order, and the certificate is seen."""
    builder = certified()
    report = await audited(builder.write(tmp_path))
    assert report.certified
    assert report.winners == builder.current.result(builder.count().counts).winners


async def test_many_processes_verify_what_one_does(tmp_path: Path) -> None:
    """The report does not depend on the number of processes."""
    certified().write(tmp_path)
    one, two = await audited(tmp_path), await audited(tmp_path, jobs=2)
    assert (one.verdict, one.counts, one.root) == (two.verdict, two.counts, two.root)


async def test_a_live_edition_has_counts_before_the_close(tmp_path: Path) -> None:
    """With live disclosure the counts so far are reported, and no winners."""
    report = await audited(started().write(tmp_path))
    assert report.counts == {"i01": 2, "i02": 3, "i03": 1, "i04": 1, "i05": 0}
    assert report.winners == ()


async def test_sealed_choices_are_pending_before_the_close(tmp_path: Path) -> None:
    """Before the close of a sealed edition all else is verified, and there is nothing to count."""
    report = await audited(started(disclosure="at-close").write(tmp_path))
    assert (report.verdict, report.counts) == ("verified", None)
    assert [check.outcome for check in report.checks if check.name == "openings"] == ["pending"]


async def test_sealed_counts_are_not_told_although_they_could_be(tmp_path: Path) -> None:
    """An auditor that finds openings before the close does not spread what they say."""
    builder = started(disclosure="at-close")
    builder.tree().write(tmp_path, builder.openings)
    report = await audited(tmp_path)
    assert report.counts is None
    assert "tell the operator" in next(c.detail for c in report.checks if c.name == "openings")


async def test_sealed_choices_are_counted_after_the_close(tmp_path: Path) -> None:
    """After the close a sealed edition is counted as any other."""
    builder = started(disclosure="at-close")
    builder.finish()
    report = await audited(builder.write(tmp_path))
    assert (report.verdict, report.winners) == ("verified", ("i02", "i01"))


async def test_a_tie_names_no_winner_for_its_seats(tmp_path: Path) -> None:
    """Until the seed is drawn the tied ones are reported as tied."""
    builder = tied()
    builder.close()
    report = await audited(builder.write(tmp_path))
    assert (report.verdict, report.winners, report.tied) == ("verified", ("i02",), ("i01", "i03"))


async def test_a_drawn_tie_is_decided(tmp_path: Path) -> None:
    """After the draw the seats are filled as the seed orders the tied ones."""
    builder = tied()
    builder.finish()
    report = await audited(builder.write(tmp_path))
    assert builder.current.draw is not None
    assert (report.verdict, report.tied, len(report.winners)) == ("verified", (), 2)


async def test_every_stage_of_an_edition_is_verified(tmp_path: Path) -> None:
    """A log is sound after each of its events, whatever its size."""
    builder = tied()
    builder.finish()
    for size in range(1, len(builder.entries) + 1):
        builder.tree(size).write(tmp_path / str(size), builder.openings[:size])
        assert (await audited(tmp_path / str(size))).verdict == "verified"


async def test_an_empty_log_is_verified_with_its_key(tmp_path: Path) -> None:
    """A log without entries has nothing wrong in it."""
    builder = EditionBuilder()
    builder.write(tmp_path)
    report = await audited(tmp_path, verifier=builder.verifier)
    assert (report.verdict, report.size, report.edition) == ("verified", 0, None)


async def test_phone_mode_has_no_roll_bound(tmp_path: Path) -> None:
    """Where eligibility is by phone, more may vote than the roll had."""
    builder = EditionBuilder()
    builder.announce()
    builder.publish_shortlist()
    builder.commit_roll(size=1, mode="phone")
    builder.open()
    builder.cast(1, ["i01"])
    builder.cast(2, ["i02"])
    builder.finish()
    assert (await audited(builder.write(tmp_path))).verdict == "verified"


async def test_openings_are_those_that_were_cast() -> None:
    """The builder's own openings are the ballots' choices, or these tests would show nothing."""
    builder = started()
    index, ballot = builder.ballots[0]
    assert decode_opening(builder.openings[index]).choices == ballot.choices


def tied() -> EditionBuilder:
    """An edition whose second seat is tied."""
    builder = EditionBuilder()
    builder.prepare()
    builder.cast(1, ["i02", "i01"])
    builder.cast(2, ["i02", "i03"])
    return builder
