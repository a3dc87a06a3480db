"""When a message is tried again, when a channel rests, and how fast it may go: all pure."""

import pytest

from services.notify.backoff import LONGEST_REST_S, MAX_ATTEMPTS, RESTS_AFTER, Rest, backoff_s
from services.notify.channels.channel import (
    Accepted,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)
from services.notify.pace import Pace
from services.notify.token_bucket import TokenBucket
from services.notify.verdict import verdict

PACE = Pace(first_backoff_s=5.0, longest_backoff_s=100.0)


@pytest.mark.parametrize(("attempts", "pause_s"), [(1, 5.0), (2, 10.0), (4, 40.0), (9, 100.0)])
def test_pauses_double_up_to_the_longest(attempts: int, pause_s: float) -> None:
    """Each pause is twice the one before, and none is longer than the longest."""
    assert backoff_s(attempts, 0, 0.999999, first_s=5, longest_s=100) == pytest.approx(pause_s)


def test_pauses_are_spread() -> None:
    """Chance takes up to half of a pause away."""
    assert backoff_s(1, 0, 0.0, first_s=5, longest_s=100) == 2.5


def test_a_provider_may_ask_for_a_longer_pause() -> None:
    """No attempt comes earlier than the provider asked."""
    assert backoff_s(1, 600, 0.5, first_s=5, longest_s=100) == 600


def test_in_the_end_it_is_given_up() -> None:
    """After the last attempt there is no pause."""
    assert backoff_s(MAX_ATTEMPTS, 0, 0.5, first_s=5, longest_s=100) is None


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted(), "sent"),
        (Rejected("no such mailbox"), "dead"),
        (Undeliverable("no such number"), "dead"),
        (Undeliverable("too many to this number", 60.0), "failed"),
        (Retry("busy"), "failed"),
        (Unknown("lost"), "unknown"),
    ],
)
def test_only_what_was_not_sent_is_tried_again(outcome: Outcome, state: str) -> None:
    """Of the outcomes only those lead to another attempt that can still come to something."""
    assert verdict(1, 1, outcome, 0.5, PACE).state == state


def test_a_number_that_has_had_too_many_is_left_alone_for_as_long_as_asked() -> None:
    """A limit on one recipient is waited for, like a pause that the provider asks for."""
    assert verdict(1, 1, Undeliverable("too many", 3_600.0), 0.5, PACE).after_s == 3_600


def test_the_last_attempt_makes_a_dead_letter() -> None:
    """A message that still cannot be sent after the last attempt is dead, with the reason."""
    done = verdict(1, MAX_ATTEMPTS, Retry("busy"), 0.5, PACE)
    assert (done.state, done.reason) == ("dead", "busy")


def test_a_long_reason_is_cut() -> None:
    """No provider fills the database with its reasons."""
    assert len(verdict(1, 1, Unknown("x" * 10_000), 0.5, PACE).reason) == 200


def resting() -> Rest:
    rest = Rest(first_s=1.0)
    for _ in range(RESTS_AFTER):
        rest.record(failed=True, now=10.0)
    return rest


def test_a_working_channel_does_not_rest() -> None:
    """A few failures among messages that go out hold nothing up."""
    rest = Rest()
    for _ in range(20):
        rest.record(failed=True, now=0.0)
        rest.record(failed=False, now=0.0)
    assert rest.allowed(under_way=3, wanted=8, now=0.0) == 8


def test_a_failing_channel_rests() -> None:
    """After some failures in a row nothing goes out for a while."""
    assert resting().allowed(under_way=0, wanted=8, now=10.5) == 0


def test_after_a_rest_one_message_is_tried() -> None:
    """When the rest is over one message goes out, and no second beside it."""
    rest = resting()
    assert [rest.allowed(under_way=n, wanted=8, now=11.0) for n in (0, 1)] == [1, 0]


def test_one_success_ends_the_rest() -> None:
    """As soon as a message is taken all may go."""
    rest = resting()
    rest.record(failed=False, now=11.0)
    assert rest.allowed(under_way=0, wanted=8, now=11.0) == 8


def test_rests_have_a_longest() -> None:
    """However long the provider is away, it is asked again within a minute."""
    rest, now = resting(), 10.0
    for _ in range(1000):
        now += rest.wait_s(now)
        rest.record(failed=True, now=now)
    assert rest.wait_s(now) == LONGEST_REST_S


def test_those_under_way_do_not_lengthen_a_rest() -> None:
    """Failures of messages that went out before a rest began leave it as it is."""
    rest = resting()
    for _ in range(20):
        rest.record(failed=True, now=10.1)
    assert rest.wait_s(10.5) == 0.5


def test_a_bucket_keeps_to_its_rate() -> None:
    """In ten seconds at four a second forty go, and the one that a bucket starts with."""
    bucket = TokenBucket(rate=4, burst=4, now=0.0)
    assert sum(bucket.take(100, tick / 8) for tick in range(81)) == 41


def test_a_bucket_saves_up_to_its_burst() -> None:
    """After a long pause the burst goes at once, and no more."""
    assert TokenBucket(rate=5, burst=8, now=0.0).take(100, 1000.0) == 8


def test_a_bucket_says_when_there_is_a_token() -> None:
    """An empty bucket of four a second has a token after a quarter of a second."""
    bucket = TokenBucket(rate=4, burst=4, now=0.0)
    bucket.take(1, 0.0)
    assert bucket.wait_s(0.0) == 0.25


def test_tokens_not_used_are_put_back() -> None:
    """Tokens taken for messages that there were not can be taken again."""
    bucket = TokenBucket(rate=5, burst=10, now=0.0)
    taken = bucket.take(10, 2.0)
    bucket.put_back(taken)
    assert bucket.take(10, 2.0) == taken


def test_no_rate_sets_no_limit() -> None:
    """A rate of 0 lets everything through."""
    assert TokenBucket(rate=0, burst=0, now=0.0).take(10_000, 0.0) == 10_000
