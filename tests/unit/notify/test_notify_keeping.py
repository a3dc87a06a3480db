"""Sealed addresses and links, a channel's health, and the development inbox."""

from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidTag

from services.notify.channels.channel import (
    Accepted,
    Message,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)
from services.notify.health import REMEMBERED_S, WINDOW, Health
from services.notify.inbox import Inbox
from services.notify.vault import BadToken, Vault, new_handle

VAULT = Vault(bytes(range(32)))
HANDLE = bytes(16)


def test_a_sealed_address_can_be_opened() -> None:
    """What was sealed for a subscription is opened with its handle."""
    assert VAULT.open(VAULT.seal("reader@example.org", HANDLE), HANDLE) == "reader@example.org"


def test_an_address_is_sealed_anew_each_time() -> None:
    """Two sealings of the same address do not look alike."""
    assert VAULT.seal("a", HANDLE) != VAULT.seal("a", HANDLE)


def test_an_address_opens_for_its_own_subscription_alone() -> None:
    """A sealed address moved to another row is refused."""
    with pytest.raises(InvalidTag):
        VAULT.open(VAULT.seal("a", HANDLE), new_handle())


def test_fingerprints_do_not_run_together() -> None:
    """The same characters split otherwise give another fingerprint."""
    assert VAULT.fingerprint("ab", "c") != VAULT.fingerprint("a", "bc")


def test_a_token_names_its_handle() -> None:
    """The beginning of the handle comes back out of a token."""
    handle = new_handle()
    assert VAULT.name("confirm", VAULT.token("confirm", handle)) == handle[:9]


def test_a_token_may_be_typed_in_capitals() -> None:
    """Upper and lower case are one."""
    token = VAULT.token("leave", HANDLE)
    assert VAULT.name("leave", token.upper()) == VAULT.name("leave", token)


def test_a_token_fits_a_text_message() -> None:
    """A token is letters and digits, and no longer than a provider takes as a parameter."""
    token = VAULT.token("leave", VAULT.fingerprint("sms", "+8613800138000"))
    assert (len(token), token.isalnum()) == (24, True)


def test_a_token_is_for_one_purpose() -> None:
    """A link to leave does not confirm."""
    with pytest.raises(BadToken):
        VAULT.name("confirm", VAULT.token("leave", HANDLE))


def test_a_token_of_another_key_is_refused() -> None:
    """Another installation's link is none of ours."""
    with pytest.raises(BadToken):
        VAULT.name("leave", Vault(bytes(32)).token("leave", HANDLE))


@pytest.mark.parametrize("token", ["", "a" * 23, "a" * 24, "a" * 25, "中" * 24, "=" * 24, "1" * 24])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Anything else than a token of this key is refused."""
    with pytest.raises(BadToken):
        VAULT.name("leave", token)


def after(*outcomes: Outcome, seconds: float = 1.0) -> Outcome:
    """What a message would meet `seconds` after these."""
    health = Health()
    for outcome in outcomes:
        health.record(outcome, 0.0)
    return health.expected(seconds)


def test_a_channel_works_until_it_is_tried() -> None:
    """Without any experience acceptance is expected."""
    assert after() == Accepted()


@pytest.mark.parametrize("failure", [Retry("busy"), Unknown("lost")])
def test_two_failures_in_a_row_are_the_channels(failure: Outcome) -> None:
    """After two failures in a row another is expected."""
    assert after(Accepted(), failure, failure) == failure


def test_one_failure_is_not_the_channels() -> None:
    """A single failure among messages that went out says nothing."""
    assert after(Accepted(), Retry("busy")) == Accepted()


def test_a_wrong_number_is_not_the_channels() -> None:
    """A few refusals for good are about those numbers."""
    assert after(*[Rejected("no such number")] * (WINDOW - 1)) == Accepted()


@pytest.mark.parametrize("after_s", [None, 60.0])
def test_what_lies_with_one_number_says_nothing(after_s: float | None) -> None:
    """However often one number fails, for good or for now, others are expected to be accepted."""
    assert after(*[Undeliverable("too many", after_s)] * (2 * WINDOW)) == Accepted()


def test_what_lies_with_one_number_hides_no_failure() -> None:
    """Between two failures of the channel it does not count as a message that went out."""
    failures = Retry("busy"), Undeliverable("no such number"), Retry("busy")
    assert after(*failures) == Retry("busy")


def test_refusing_everything_is_the_channels() -> None:
    """When nothing but refusals is remembered, another is expected."""
    assert after(*[Rejected("no template")] * WINDOW) == Rejected("no template")


def test_failures_are_forgotten() -> None:
    """After a while a channel that failed is worth another try."""
    assert after(Retry("x"), Retry("x"), seconds=REMEMBERED_S + 1) == Accepted()


def message(to: str, number: int = 0) -> Message:
    return Message(
        id=str(number), to=to, language="zh", kind="code", subject="", text="", parameters={}
    )


def inbox_of(capacity: int, *recipients: str) -> Inbox:
    inbox = Inbox(lambda: datetime(2027, 1, 1, tzinfo=UTC), capacity)
    for number, to in enumerate(recipients):
        inbox.put("sms", message(to, number))
    return inbox


def test_the_inbox_knows_recipients() -> None:
    """Messages are found by their recipient, the newest last."""
    assert [one.id for one in inbox_of(9, "a", "b", "a").to("a")] == ["0", "2"]


def test_the_inbox_forgets_the_oldest() -> None:
    """A full inbox forgets the oldest message, by its recipient, too."""
    inbox = inbox_of(2, "a", "b", "b")
    assert (list(inbox.to("a")), [one.id for one in inbox.newest(9)]) == ([], ["1", "2"])


def test_the_inbox_shows_the_newest() -> None:
    """Of all messages as many as asked for are shown, the newest last."""
    assert [one.id for one in inbox_of(9, "a", "b", "c").newest(2)] == ["1", "2"]
