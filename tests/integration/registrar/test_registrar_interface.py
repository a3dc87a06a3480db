"""The HTTP interface: who may call what, from where, and how it says no."""

import re

import msgspec
import pytest
from structlog.testing import capture_logs

from services.registrar.settings import Settings
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.stage import (
    JSON,
    Registrar,
    Ward,
    counter,
    identity_number,
    open_registrar,
)

CHINESE = re.compile(r"[\u4e00-\u9fff]")
DESK = [
    ("PUT", "x/roll"),
    ("POST", "x/commitment"),
    ("GET", "x/references"),
    ("POST", "x/counter-codes"),
    ("GET", "x/counter-codes"),
    ("POST", "x/counter-codes/voided"),
    ("POST", "x/issuance-report"),
    ("GET", "x"),
    ("DELETE", "x/phones"),
]


@pytest.mark.parametrize(("method", "path"), DESK)
async def test_the_desk_asks_for_its_token(registrar: Registrar, method: str, path: str) -> None:
    """Without it, or with another one, nothing of the desk answers."""
    body = {"mode": "phone"} if method == "POST" else None
    missing = await registrar.request(method, f"/desk/v1/editions/{path}")
    wrong = await registrar.desk(method, path, body, token="x" * 40)  # wrong
    for answer in (missing, wrong):
        assert (answer.status, answer.slug) == (403, "desk-token-wrong")


async def test_a_token_that_is_not_ascii_is_wrong(registrar: Registrar) -> None:
    """Whatever the header holds, it is compared and not stumbled over."""
    answer = await registrar.desk("GET", "x", token="令牌")  # noqa: S106  # wrong
    assert answer.slug == "desk-token-wrong"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/counter-codes"), ("DELETE", "/phones")]
)
async def test_the_desk_names_what_it_does_not_know(
    registrar: Registrar, method: str, path: str
) -> None:
    """An edition without roll and commitment."""
    answer = await registrar.desk(method, f"nowhere{path}")
    assert (answer.status, answer.slug) == (404, "unknown-edition-at-desk")


PUBLIC = (
    ("GET", "registration", None),
    ("POST", "puzzles", None),
    ("POST", "challenges", {"identity_number": identity_number(1)}),
    (
        "POST",
        "credentials",
        {"person": {"by": "counter", "code": "x"}, "blinded_message": "A" * 342 + "=="},
    ),
    ("POST", "issuance-proofs", {"person": {"by": "counter", "code": "x"}}),
)


@pytest.mark.parametrize("edition", ["none", "%00", "a%00b", "%FF", "A+b", "x" * 300])
async def test_what_no_edition_is_called_is_not_found(settings: Settings, edition: str) -> None:
    """On every public path, also what the database could not even compare."""
    answers = {}
    async with open_registrar(msgspec.structs.replace(settings, proof_of_work=True)) as registrar:
        for method, resource, document in PUBLIC:
            data = None if document is None else msgspec.json.encode(document)
            path = f"/v1/editions/{edition}/{resource}"
            answer = await registrar.request(method, path, data, JSON)
            answers[resource] = answer.status, answer.slug
    assert answers == {one: (404, "unknown-registration") for _, one, _ in PUBLIC}


async def test_an_edition_id_is_checked(registrar: Registrar) -> None:
    """Ids that no log can have are refused at the desk."""
    answer = await registrar.desk("POST", "Not%20an%20id/commitment", {"mode": "phone"})
    assert answer.status in (400, 404)


@pytest.mark.parametrize("resource", ["challenges", "credentials", "issuance-proofs"])
async def test_a_page_of_any_origin_may_ask(registrar: Registrar, resource: str) -> None:
    """The preflight of a JSON POST is allowed, and so is its answer, also a refusal."""
    path = f"/v1/editions/x/{resource}"
    asked = {
        "Origin": "https://vote.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = await registrar.request("OPTIONS", path, headers=asked)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "content-type" in preflight.headers["Access-Control-Allow-Headers"]
    refused = await registrar.post("x", resource, {"person": {}})
    assert refused.headers.getall("Access-Control-Allow-Origin") == ["*"]  # type: ignore[attr-defined]


async def test_no_page_may_ask_the_desk(ward: Ward) -> None:
    """No answer of the desk is for a page of another origin, refusals neither."""
    preflight = await ward.registrar.request(
        "OPTIONS", f"/desk/v1/editions/{ward.edition}", headers={"Origin": "https://x.example"}
    )
    good = await ward.registrar.desk("GET", ward.edition)
    refused = await ward.registrar.get(f"/desk/v1/editions/{ward.edition}")
    for answer in (preflight, good, refused):
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_refusals_speak_both_languages(registrar: Registrar) -> None:
    """What failed, on what, and what to do next."""
    answer = await registrar.get("/v1/editions/nowhere/registration")
    document = answer.json()
    assert (answer.status, answer.slug) == (404, "unknown-registration")
    assert CHINESE.search(document["title_zh"])
    assert CHINESE.search(document["next_zh"])
    assert document["title"]
    assert document["next"]
    assert document["detail"]


async def test_a_body_is_json(registrar: Registrar) -> None:
    """A form or plain text is refused before it is read."""
    answer = await registrar.request(
        "POST", "/v1/editions/x/challenges", b"{}", {"Content-Type": "text/plain"}
    )
    assert (answer.status, answer.slug) == (415, "unsupported-media-type")


async def test_a_body_that_is_not_json(registrar: Registrar) -> None:
    """It is refused as such."""
    answer = await registrar.request(
        "POST", "/v1/editions/x/challenges", b"{", {"Content-Type": "application/json"}
    )
    assert (answer.status, answer.slug) == (400, "malformed-json")


async def test_a_large_body_is_refused(ward: Ward) -> None:
    """Sixteen thousand bytes are enough for anything public."""
    answer = await ward.registrar.post(ward.edition, "challenges", {"x": "y" * 20_000})
    assert (answer.status, answer.slug) == (413, "body-too-large")


async def test_wrong_shapes_do_not_come_back(ward: Ward) -> None:
    """The answer to a body of the wrong shape repeats no value in it."""
    number = 110105194912310021
    answer = await ward.registrar.post(ward.edition, "challenges", {"identity_number": number})
    assert answer.status == 400
    assert str(number).encode() not in answer.body


async def test_registration_follows_the_log(registrar: Registrar, log: Log, notify: Notify) -> None:
    """Not yet, open, closed."""
    ward = Ward(registrar, log, notify)
    await ward.import_roll(range(2))
    commitment = await ward.commit()
    early = await ward.registration()
    ward.builder.announce()
    ward.builder.publish_shortlist()
    other = await Ward(registrar, log, notify).open()
    opened = await other.registration()
    await other.close()
    closed = await other.registration()
    assert [one["issuing"] for one in (early, opened, closed)] == ["not-yet", "open", "closed"]
    assert (early["mode"], early["edition"], commitment.mode) == ("roll", ward.edition, "roll")


async def test_nothing_is_issued_before_the_roll_is_in_the_log(
    registrar: Registrar, log: Log, notify: Notify
) -> None:
    """No code and no credential before everybody can see what the roll is."""
    ward = Ward(registrar, log, notify)
    await ward.import_roll(range(2))
    await ward.commit()
    (code,) = await ward.counter_codes()
    answers = [await ward.ask(1), await ward.claim(counter(code, 1), ward.key().blinded)]
    assert [answer.slug for answer in answers] == ["not-issuing"] * 2


async def test_another_commitment_in_the_log_stops_everything(
    registrar: Registrar, log: Log, notify: Notify
) -> None:
    """When somebody commits another issuer's key, credentials would be void: none is given out."""
    ward, other = Ward(registrar, log, notify), Ward(registrar, log, notify)
    await ward.import_roll(range(2))
    await other.import_roll(range(2))
    await ward.commit()
    ward.announce(await other.commit())
    with capture_logs() as logs:
        answer = await ward.ask(1)
    assert (answer.status, answer.slug) == (409, "commitment-differs")
    said = [entry for entry in logs if entry["log_level"] == "critical"]
    assert [entry["event"] for entry in said] == ["the log commits to another roll or issuer key"]


async def test_a_log_under_another_key_is_not_believed(
    registrar: Registrar, log: Log, notify: Notify
) -> None:
    """A ballot service that is not the one in the settings says nothing about phases."""
    from tests.editions import EditionBuilder

    ward = Ward(registrar, log, notify)
    await ward.import_roll(range(2))
    ward.builder = EditionBuilder(ward.edition, log_seed=bytes(32))
    ward.announce(await ward.commit())
    answer = await ward.ask(1)
    assert (answer.status, answer.slug) == (503, "edition-unread")


async def test_the_last_known_phase_holds(ward: Ward, log: Log) -> None:
    """When the ballot service is away, people still get credentials."""
    await ward.registration()
    log.away = True
    assert (await ward.claim(await ward.code(1), ward.key().blinded)).status == 201


async def test_a_phase_that_nobody_knows(registrar: Registrar, log: Log, notify: Notify) -> None:
    """While the ballot service has not answered once, people are told to come back."""
    ward = Ward(registrar, log, notify)
    await ward.import_roll(range(2))
    ward.announce(await ward.commit())
    log.away = True
    answer = await ward.ask(1)
    assert (answer.status, answer.slug, answer.headers["Retry-After"]) == (
        503,
        "edition-unread",
        "3",
    )


@pytest.mark.parametrize("path", ["/live", "/ready", "/metrics", "/schema/openapi.json"])
async def test_operators_can_look(registrar: Registrar, path: str) -> None:
    """Health, metrics and the interface's description."""
    assert (await registrar.get(path)).status == 200


async def test_the_interface_describes_bodies(registrar: Registrar) -> None:
    """Programs can be written from the description alone."""
    document = (await registrar.get("/schema/openapi.json")).json()
    post = document["paths"]["/v1/editions/{edition}/credentials"]["post"]
    assert "CredentialRequest" in str(post["requestBody"])
