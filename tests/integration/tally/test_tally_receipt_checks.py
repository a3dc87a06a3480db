"""Receipt checks that pages report are counted by day and outcome, and at a bounded pace."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.tally import store
from services.tally.receipt_checks import BURST, Meter, city_day
from services.tally.settings import Settings
from shared.service.problem import TooManyRequests
from tests.integration.tally.stage import Tally, open_tally
from tests.servers import query

NOON = datetime(2027, 3, 1, 4, tzinfo=UTC)


async def posted(tally: Tally, outcome: str) -> tuple[int, dict[str, object]]:
    """Report a check as a page does."""
    url = f"{tally.url}/v1/receipt-checks"
    async with tally.session.post(url, params={"outcome": outcome}) as answer:
        return answer.status, await answer.json()


async def test_a_check_is_counted_by_how_it_ended(settings: Settings) -> None:
    """And the new numbers are the answer."""
    async with open_tally(settings) as tally:
        await posted(tally, "verified")
        await posted(tally, "verified")
        status, checks = await posted(tally, "wrong")
        assert status == 200
        async with tally.session.get(f"{tally.url}/v1/receipt-checks") as answer:
            assert await answer.json() == checks
    today = city_day(datetime.now(UTC)).isoformat()
    assert checks == {"day": today, "verified": 2, "wrong": 1}


async def test_another_outcome_is_refused(settings: Settings) -> None:
    """There are two."""
    async with open_tally(settings) as tally:
        status, _ = await posted(tally, "perhaps")
    assert status == 400


async def test_a_day_begins_anew(settings: Settings) -> None:
    """What was counted on one day is not shown on the next."""
    pool = await store.open_pool(settings.database_url)
    try:
        await store.count_receipt_check(pool, date(2027, 3, 1), "verified")
        assert await store.receipt_checks(pool, date(2027, 3, 1)) == {"verified": 1}
        assert await store.receipt_checks(pool, date(2027, 3, 2)) == {}
    finally:
        await pool.close()


def test_a_day_is_what_the_city_calls_one() -> None:
    """Eight hours ahead of UTC."""
    assert city_day(datetime(2027, 3, 1, 15, 59, tzinfo=UTC)) == date(2027, 3, 1)
    assert city_day(datetime(2027, 3, 1, 16, tzinfo=UTC)) == date(2027, 3, 2)


def test_too_many_at_once_are_not_counted() -> None:
    """Beyond a burst; and a while later some are again."""
    meter = Meter(NOON)
    for _ in range(int(BURST)):
        meter.take(NOON)
    with pytest.raises(TooManyRequests):
        meter.take(NOON)
    meter.take(NOON + timedelta(seconds=1))


def test_a_clock_that_goes_back_lets_nothing_more_through() -> None:
    """Time spent going forward again counts once."""
    meter = Meter(NOON, per_s=1, burst=1)
    meter.take(NOON)
    with pytest.raises(TooManyRequests):
        meter.take(NOON - timedelta(hours=1))


async def test_the_service_may_not_take_counts_back(
    settings: Settings, tally_schema: tuple[str, str]
) -> None:
    """The table grows; nothing but numbers is in it."""
    _, address = tally_schema
    query(address, "INSERT INTO receipt_checks VALUES ('2027-01-01', 'wrong', 1)")
    with pytest.raises(Exception, match="permission denied"):
        query(address, "DELETE FROM receipt_checks")
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
    assert {row[0] for row in query(address, columns, "receipt_checks")} == {
        "day", "outcome", "checks",
    }  # fmt: skip
