"""Asks the fronts of `tests.interfaces` for what clients of ours would not: mostly refusals."""

import asyncio
import re
from collections.abc import Mapping

import aiohttp
import msgspec
from msgspec.structs import replace

from cli.installation import Installation
from shared.edition.ballot import Ballot

EDITION = "described"
NOBODY = "nobody"
TOO_LONG = "a" * 64
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
READER = "reader@example.org"


class Asking:
    """Each method asks one service; what comes back is the fronts' to judge."""

    def __init__(
        self, session: aiohttp.ClientSession, at: Mapping[str, str], installation: Installation
    ) -> None:
        self._session = session
        self._at = at
        self._installation = installation

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        status: int,
        body: object = None,
        headers: Mapping[str, str] = JSON,
    ) -> aiohttp.ClientResponse:
        """Any request; bytes are sent as they are, everything else as JSON."""
        data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        kind = headers if body is not None else {n: v for n, v in headers.items() if n not in JSON}
        url = f"{self._at[service]}{path}"
        async with self._session.request(method, url, data=data, headers=kind) as answer:
            await answer.read()
            assert answer.status == status, (method, path, answer.status, await answer.text())
            return answer

    async def ballot_box_refuses(self, ballot: Ballot) -> None:
        """Ballots, commands and resources of the log."""
        ballots = f"/v1/editions/{EDITION}/ballots"
        await self.ask("ballot", "POST", ballots, 201, ballot)
        again = replace(ballot, seq=1)
        for status, body in (
            (400, b"{"),
            (422, replace(ballot, choices=("no-such-one",))),
            (422, again),
            (413, b" " * 20_000),
        ):
            await self.ask("ballot", "POST", ballots, status, body)
        await self.ask("ballot", "POST", ballots, 415, b"{}", TEXT)
        await self.ask("ballot", "POST", f"/v1/editions/{NOBODY}/ballots", 404, ballot)
        await self.ask("ballot", "POST", f"/v1/editions/{EDITION}/commands", 400, b"{}")
        await self.ask("ballot", "GET", f"/v1/editions/{NOBODY}", 404)
        for resource, status in (
            ("checkpoint", 200),
            ("tile/entries/000.p/4", 200),
            ("tile/0/000.p/4", 200),
            ("tile/9/999", 404),
            ("tile/none", 404),
            ("proof/99", 404),
        ):
            await self.ask("ballot", "GET", f"/log/{EDITION}/{resource}", status)
        await self.ask("ballot", "GET", f"/log/{NOBODY}/checkpoint", 404)

    async def registrar_refuses(self) -> None:
        """What people ask."""
        path = f"/v1/editions/{EDITION}"
        person = {"by": "phone", "challenge": "A" * 22, "code": "123456"}
        blinded = {"person": person, "blinded_message": "A" * 342 + "=="}
        await self.ask("registrar", "GET", f"/v1/editions/{NOBODY}/registration", 404)
        await self.ask("registrar", "GET", f"/v1/editions/{TOO_LONG}/registration", 404)
        await self.ask("registrar", "POST", f"{path}/puzzles", 201)
        await self.ask("registrar", "POST", f"/v1/editions/{NOBODY}/puzzles", 404)
        asked: tuple[tuple[int, object], ...] = (
            (400, b"{"),
            (422, {}),
            (422, {"identity_number": "1"}),
            (429, {"identity_number": "999999190001010015", "proof_of_work": "none"}),
            (413, b" " * 20_000),
        )
        for status, body in asked:
            await self.ask("registrar", "POST", f"{path}/challenges", status, body)
        await self.ask("registrar", "POST", f"{path}/challenges", 415, b"{}", TEXT)
        await self.ask("registrar", "POST", f"{path}/credentials", 403, blinded)
        await self.ask("registrar", "POST", f"{path}/credentials", 400, {"person": person})
        await self.ask("registrar", "POST", f"{path}/issuance-proofs", 403, {"person": person})
        for name in ("live", "ready"):
            await self.ask("registrar", "GET", f"/{name}", 200)

    async def desk_refuses(self) -> None:
        """Each of the desk's operations without its token, and some with it."""
        token = self._installation.desk_token_file("registrar").read_text().strip()
        shown = {"Authorization": f"Bearer {token}"}
        for method, path in (
            ("PUT", "/roll"),
            ("POST", "/commitment"),
            ("GET", "/references"),
            ("POST", "/counter-codes"),
            ("GET", "/counter-codes"),
            ("POST", "/counter-codes/voided"),
            ("POST", "/issuance-report"),
            ("GET", ""),
            ("DELETE", "/phones"),
        ):
            body = b"{}" if method in {"PUT", "POST"} else None
            await self.ask("registrar", method, f"/desk/v1/editions/{EDITION}{path}", 403, body)
        desk = f"/desk/v1/editions/{EDITION}"
        ndjson = shown | {"Content-Type": "application/x-ndjson"}
        asked: tuple[tuple[str, str, int, object, Mapping[str, str]], ...] = (
            ("PUT", f"{desk}/roll", 415, b"{}", shown | JSON),
            ("PUT", f"{desk}/roll", 409, b"{}\n", ndjson),
            ("PUT", "/desk/v1/editions/other/roll", 422, b"{}\n", ndjson),
            ("POST", f"{desk}/commitment", 409, {"mode": "phone"}, shown | JSON),
            ("POST", f"{desk}/commitment", 400, {"mode": "none"}, shown | JSON),
            ("POST", f"{desk}/commitment", 400, b"text", shown | TEXT),
            ("POST", f"{desk}/commitment", 413, b" " * 20_000, shown | JSON),
            ("POST", f"{desk}/counter-codes", 400, {"count": 0, "batch": "a"}, shown | JSON),
            ("POST", f"{desk}/counter-codes/voided", 404, {"serials": [99]}, shown | JSON),
            ("DELETE", f"{desk}/phones", 409, None, shown),
            ("GET", f"/desk/v1/editions/{NOBODY}", 404, None, shown),
            ("GET", f"/desk/v1/editions/{NOBODY}/references", 404, None, shown),
            ("GET", "/desk/v1/editions/NoName", 400, None, shown),
        )
        for method, wanted, status, sent, headers in asked:
            await self.ask("registrar", method, wanted, status, sent, headers)

    async def reads(self) -> None:
        """What anyone reads of the ballot service."""
        for path in ("/v1/editions", "/live", "/ready", f"/log/{EDITION}/tile/openings/000.p/1"):
            await self.ask("ballot", "GET", path, 200)

    async def tally(self) -> None:
        """The count, as it stands and as it comes, and receipt checks."""
        path = f"/v1/editions/{EDITION}/tally"
        for one in ("", "/turnout"):
            answer = await self.ask("tally", "GET", f"{path}{one}", 200)
            seen = {"If-None-Match": answer.headers["ETag"]}
            await self.ask("tally", "GET", f"{path}{one}", 304, headers=seen)
            await self.ask("tally", "GET", f"/v1/editions/{NOBODY}/tally{one}", 404)
        for one in ("/stream", "/ballots.pb"):
            await self.ask("tally", "GET", f"{path}{one}", 200)
            await self.ask("tally", "GET", f"/v1/editions/{NOBODY}/tally{one}", 404)
        await self.ask("tally", "GET", f"/v1/editions/{TOO_LONG}/tally", 400)
        await self.ask("tally", "GET", "/v1/receipt-checks", 200)
        await self.ask("tally", "POST", "/v1/receipt-checks?outcome=verified", 200)
        await self.ask("tally", "POST", "/v1/receipt-checks?outcome=perhaps", 400)
        for name in ("live", "ready"):
            await self.ask("tally", "GET", f"/{name}", 200)

    async def subscribe(self) -> None:
        """A subscription up to its beginning, and what is wrong with others."""
        wanted = {"channel": "email", "address": READER}
        await self.ask("notify", "POST", "/v1/subscriptions", 202, wanted)
        refused: tuple[tuple[int, object], ...] = (
            (400, b"{"),
            (422, {"channel": "email", "address": "none"}),
            (413, b" " * 20_000),
        )
        for status, body in refused:
            await self.ask("notify", "POST", "/v1/subscriptions", status, body)
        await self.ask("notify", "POST", "/v1/subscriptions", 400, b"text", TEXT)
        path = await self._link("confirm")
        for method in ("GET", "POST"):
            await self.ask("notify", method, path, 200)

    async def unsubscribe(self) -> None:
        """The end of it, links that lead nowhere, and the desk."""
        path = await self._link("leave")
        for method in ("GET", "POST"):
            await self.ask("notify", method, path, 200)
            await self.ask("notify", method, path.replace("/leave/", "/s/"), 200)
            for broken in ("/confirm/broken", "/leave/broken", "/s/broken"):
                await self.ask("notify", method, broken, 404)
        desk = self._installation.desk_token_file("notify").read_text().strip()
        shown = {"Authorization": f"Bearer {desk}"}
        await self.ask("notify", "GET", "/desk/v1/status", 200, headers=shown)
        await self.ask("notify", "GET", "/desk/v1/status", 403)
        for name in ("live", "ready"):
            await self.ask("notify", "GET", f"/{name}", 200)

    async def page_of(self, kind: str) -> tuple[str, str]:
        """Path and media type of the page that an announcement to the reader leads to."""
        url = f"{self._installation.notify_url}/inbox/messages"
        found: list[str] = []
        while not found:
            async with self._session.get(url, params={"to": READER}) as answer:
                texts = [one["text"] for one in await answer.json() if one["kind"] == kind]
            found = re.findall(rf"http\S+#{EDITION}\b", "".join(texts))
            await asyncio.sleep(0.02)
        async with self._session.get(found[0]) as page:
            return page.url.path, page.content_type

    async def _link(self, kind: str) -> str:
        """The newest link of a kind that came to the reader."""
        url = f"{self._installation.notify_url}/inbox/messages"
        found: list[str] = []
        while not found:
            async with self._session.get(url, params={"to": READER}) as answer:
                found = re.findall(rf"/{kind}/[\w-]+", await answer.text())
            await asyncio.sleep(0.02)
        return found[-1]
