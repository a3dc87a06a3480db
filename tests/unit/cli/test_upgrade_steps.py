"""What is to be done for an upgrade, in which order, from what was found."""

from cli.upgrade_steps import Findings, Pending, Running, Schema, steps

ONLINE = Pending("0002_more", True, "a new table")
OFFLINE = Pending("0003_other", False, "rewrites the log")
OLD = Running("http://one", "1")
NEW = Running("http://two", "2")
SILENT = Running("http://three", None)


def english(findings: Findings) -> list[str]:
    """The steps, in one of the two languages."""
    return [step.en for step in steps(findings)]


def test_nothing_is_to_be_done_when_all_is_of_this_version() -> None:
    """The end of an upgrade."""
    assert steps(Findings("2", (Schema("ballot"),), (NEW,))) == ()


def test_databases_are_migrated_before_services_are_replaced() -> None:
    """The services of the version before go on with a newer schema, and not the other way round."""
    found = english(Findings("2", (Schema("ballot", (ONLINE,)),), (OLD, NEW)))
    assert [one.split(":")[0] for one in found] == [
        "make a backup first",
        "run the migrations; services go on meanwhile",
        "replace by 2 one at a time, each until its /ready is 200 again",
    ]


def test_only_services_of_another_version_are_replaced() -> None:
    """Each by its address."""
    found = english(Findings("2", (), (OLD, NEW)))
    assert found[0].endswith(": http://one (1)")


def test_a_migration_that_is_not_safe_during_a_vote_is_named_first() -> None:
    """With the service that must be stopped for it."""
    found = english(Findings("2", (Schema("ballot", (ONLINE, OFFLINE)), Schema("tally", ()))))
    assert found[0].startswith("ballot/0003_other may not run while people vote")


def test_a_database_that_is_newer_is_all_that_counts() -> None:
    """Nothing else may be done with this version."""
    found = english(Findings("1", (Schema("tally", (ONLINE,), ("0009_later",)),), (OLD, SILENT)))
    assert [one.split(":")[0] for one in found] == [
        "the databases of tally are newer than this program"
    ]


def test_a_service_that_does_not_answer_is_looked_at() -> None:
    """Nobody knows which version it is of."""
    assert english(Findings("2", (), (SILENT, NEW))) == [
        "http://three did not answer: see the logs there"
    ]
