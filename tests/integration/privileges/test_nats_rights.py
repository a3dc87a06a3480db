"""What each user of NATS may say and hear: exactly what is written here, by trying the rest.

Subjects of every service, the whole JetStream interface, the system's subjects and all inboxes are
tried with each user's own key. The server tells which it refused.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig
from nats.js.errors import BadRequestError

from cli.installation import Installation
from cli.roles import DASHBOARD, SERVICES, nats_users, nkey_file
from shared.service.subjects import CODES_SUBJECT, run_subject, stream_name, tally_subject

USERS: Final = (*SERVICES, DASHBOARD)

STREAM_CALLS: Final = (
    "CREATE", "UPDATE", "DELETE", "PURGE", "INFO", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE",
    "LEADER.STEPDOWN", "PEER.REMOVE",
)  # fmt: skip
JETSTREAM: Final = (
    *(f"$JS.API.STREAM.{call}.S" for call in STREAM_CALLS),
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.TEMPLATE.CREATE.S",
    "$JS.API.CONSUMER.CREATE.S",
    "$JS.API.CONSUMER.CREATE.S.c.huimin.log.x.runs",
    "$JS.API.CONSUMER.DURABLE.CREATE.S.c",
    "$JS.API.CONSUMER.DELETE.S.c",
    "$JS.API.CONSUMER.INFO.S.c",
    "$JS.API.CONSUMER.NAMES.S",
    "$JS.API.CONSUMER.LIST.S",
    "$JS.API.CONSUMER.PAUSE.S.c",
    "$JS.API.CONSUMER.MSG.NEXT.S.c",
    "$JS.API.DIRECT.GET.S",
    "$JS.API.DIRECT.GET.S.huimin.log.x.runs",
    "$JS.API.ACCOUNT.PURGE.LOG",
    "$JS.API.META.LEADER.STEPDOWN",
    "$JS.API.SERVER.REMOVE",
    "$JS.ACK.S.c.1.1.1.1.0",
    "$JS.FC.S.c.x",
)
SYSTEM: Final = (
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.SERVER.PING.CONNZ",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "$SYS.REQ.USER.INFO",
    "$SYS.REQ.CLAIMS.UPDATE",
)
OURS: Final = (run_subject("x"), tally_subject("x"), CODES_SUBJECT, "huimin.other", "other")
INBOXES: Final = tuple(f"_INBOX_{user}.x" for user in USERS)

SAYS: Final = (*OURS, *INBOXES, "_INBOX.x", *JETSTREAM, *SYSTEM)
MAY_SAY: Final[Mapping[str, set[str]]] = {
    "ballot": {
        run_subject("x"),
        "$JS.API.STREAM.CREATE.S",
        "$JS.API.STREAM.INFO.S",
        "$JS.API.STREAM.MSG.GET.S",
    },
    "tally": {
        tally_subject("x"),
        "$JS.API.STREAM.INFO.S",
        "$JS.API.STREAM.MSG.GET.S",
    },
    "registrar": {CODES_SUBJECT},
    "notify": set(),
    DASHBOARD: set(),
}

HEARS: Final = (
    *OURS,
    *INBOXES,
    "_INBOX.x",
    *("*", ">", "*.>", "huimin.>", "huimin.*", "huimin.log.>", "huimin.*.*", "_INBOX.>", "_R_.>"),
    *(run_subject("*"), tally_subject("*"), *(f"_INBOX_{user}.>" for user in USERS)),
    *("$SYS.>", "$SYS.ACCOUNT.>", "$JS.>", "$JS.API.>", "$JS.EVENT.>", "$G.>"),
)
MAY_HEAR: Final[Mapping[str, set[str]]] = {
    "ballot": set(),
    "tally": {run_subject("x"), run_subject("*")},
    "registrar": set(),
    "notify": {CODES_SUBJECT, run_subject("x"), run_subject("*")},
    DASHBOARD: {tally_subject("x"), tally_subject("*")},
}
"""Besides one's own inbox; a dashboard, which asks nothing, has none."""

REFUSAL: Final = re.compile(r'permissions violation for (?:publish|subscription) to "([^"]+)"')


class User(NamedTuple):
    """A client with a user's own key, and what it was refused, in lower case as it says it."""

    client: Client
    refused: list[str]

    async def settle(self) -> None:
        """Return when the server has answered to all that was sent, and that was read."""
        for _ in range(2):  # nats-py may write the first PING ahead of commands
            await self.client.flush()

    def allowed(self, subjects: Sequence[str]) -> set[str]:
        """Those of the subjects that it was not refused."""
        return {subject for subject in subjects if subject.lower() not in self.refused}


@asynccontextmanager
async def as_user(installation: Installation, name: str) -> AsyncIterator[User]:
    """A client of the installation's server with the user's own key."""
    refused: list[str] = []

    async def on_error(error: Exception) -> None:
        if found := REFUSAL.search(str(error).lower()):
            refused.append(found[1])

    client = await nats.connect(
        installation.nats.url,
        nkeys_seed=str(nkey_file(installation.secrets, name)),
        inbox_prefix=f"_INBOX_{name}",
        error_cb=on_error,
        allow_reconnect=False,
    )
    try:
        yield User(client, refused)
    finally:
        await client.close()


@pytest.mark.parametrize("name", USERS)
async def test_a_user_may_say_what_is_written_here_and_no_more(
    installation: Installation, name: str
) -> None:
    """Empty messages on every subject there is."""
    async with as_user(installation, name) as user:
        for subject in SAYS:
            await user.client.publish(subject, b"")
        await user.settle()
        assert user.allowed(SAYS) == MAY_SAY[name]


@pytest.mark.parametrize("name", USERS)
async def test_a_user_may_hear_what_is_written_here_and_no_more(
    installation: Installation, name: str
) -> None:
    """Exact subjects, and wildcards that would take in those of others."""
    own = {f"_INBOX_{name}.x", f"_INBOX_{name}.>"} if name in SERVICES else set()
    async with as_user(installation, name) as user:
        for subject in HEARS:
            await user.client.subscribe(subject)
        await user.settle()
        assert user.allowed(HEARS) == MAY_HEAR[name] | own


async def test_a_stream_cannot_record_codes(installation: Installation) -> None:
    """Whoever may make streams may name any subject; but codes are in other accounts."""
    async with (
        as_user(installation, "ballot") as ballot,
        as_user(installation, "registrar") as registrar,
    ):
        streams = ballot.client.jetstream()
        await streams.add_stream(StreamConfig(name="HUIMIN_LOG_thief", subjects=[CODES_SUBJECT]))
        await registrar.client.publish(CODES_SUBJECT, b"not even json")
        await registrar.settle()
        assert (await streams.stream_info("HUIMIN_LOG_thief")).state.messages == 0


async def test_a_stream_is_not_changed_by_making_it_again(installation: Installation) -> None:
    """The right to make streams is not one to change what is there."""
    async with as_user(installation, "ballot") as ballot:
        streams = ballot.client.jetstream()
        config = StreamConfig(name="HUIMIN_LOG_kept", subjects=[run_subject("kept")])
        await streams.add_stream(config)
        with pytest.raises(BadRequestError, match="already in use"):
            await streams.add_stream(config.evolve(max_age=1))


@pytest.mark.parametrize(
    "config",
    [
        {"ack_policy": "none"},
        {"durable_name": "theirs", "ack_policy": "explicit"},
        {"deliver_subject": run_subject("target"), "ack_policy": "none"},
    ],
    ids=["pull", "durable and acknowledging", "delivered into another log"],
)
@pytest.mark.parametrize("name", USERS)
async def test_nobody_makes_a_consumer(
    installation: Installation, name: str, config: dict[str, str]
) -> None:
    """Where a consumer delivers to is in no subject: it could speak in another log's stream."""
    source, filtered = stream_name("source"), run_subject("source")
    subject = f"$JS.API.CONSUMER.CREATE.{source}.theirs.{filtered}"
    made = {"name": "theirs", "filter_subject": filtered, **config}
    async with as_user(installation, "ballot") as ballot, as_user(installation, name) as user:
        streams = ballot.client.jetstream()
        for edition in ("source", "target"):
            await streams.add_stream(
                StreamConfig(name=stream_name(edition), subjects=[run_subject(edition)])
            )
        await streams.publish(filtered, b"run")
        request = json.dumps({"stream_name": source, "config": made}).encode()
        await user.client.publish(subject, request, reply=f"_INBOX_{name}.answer")
        await user.settle()
        assert user.refused == [subject.lower()]
        assert (await streams.stream_info(source)).state.consumer_count == 0
        assert (await streams.stream_info(stream_name("target"))).state.messages == 0


async def test_the_tally_reads_a_stream_without_a_consumer(installation: Installation) -> None:
    """By sequence, and it hears that there is something."""
    subject, stream = run_subject("read"), stream_name("read")
    async with as_user(installation, "tally") as tally, as_user(installation, "ballot") as ballot:
        heard = await tally.client.subscribe(subject)
        await tally.settle()
        streams = ballot.client.jetstream()
        await streams.add_stream(StreamConfig(name=stream, subjects=[subject]))
        await streams.publish(subject, b"run")
        assert (await heard.next_msg(10)).data == b"run"
        message = await tally.client.jetstream().get_msg(stream, 1, subject=subject, next=True)
        assert message.data == b"run"


async def test_runs_reach_notify_from_the_account_of_the_log(installation: Installation) -> None:
    """It learns from them that a log has grown."""
    subject = run_subject("nowhere")
    async with as_user(installation, "notify") as notify, as_user(installation, "ballot") as ballot:
        heard = await notify.client.subscribe(subject)
        await notify.settle()
        await ballot.client.publish(subject, b"run")
        assert (await heard.next_msg(10)).data == b"run"


async def test_whoever_answers_a_code_may_answer_once(installation: Installation) -> None:
    """Notify has no right to speak but that."""
    async with (
        as_user(installation, "notify") as notify,
        as_user(installation, "registrar") as registrar,
    ):
        asked = await notify.client.subscribe(CODES_SUBJECT)
        await notify.settle()
        await registrar.client.publish(CODES_SUBJECT, b"no json", reply="_INBOX_registrar.one")
        request = await asked.next_msg(10)
        await request.respond(b"1")
        await request.respond(b"2")
        await notify.settle()
        assert notify.refused == [request.reply.lower()]


def test_the_users_of_the_configuration_are_those_that_are_tried(
    installation: Installation,
) -> None:
    """A user that is added must be written here."""
    accounts = configuration(installation)["accounts"]
    found = {user["nkey"] for account in accounts.values() for user in account.get("users", [])}
    assert found == {user.public_nkey for user in nats_users(installation.secrets)}
    assert {user.name for user in nats_users(installation.secrets)} == set(USERS)


def test_nobody_stands_in_the_system_account(installation: Installation) -> None:
    """What the server tells and lets do there is for nobody."""
    settings = configuration(installation)
    assert settings["accounts"][settings["system_account"]] == {}


def configuration(installation: Installation) -> dict[str, Any]:
    """What the server was started with, but for the comments."""
    lines = (installation.data / "nats" / "nats.conf").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    settings: dict[str, Any] = json.loads(text)
    return settings
