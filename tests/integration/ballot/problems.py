"""What every refusal must look like, and that it leaves nothing behind."""

import re
from collections.abc import Awaitable, Mapping

from tests.polls import Answer, Poll

CHINESE = re.compile(r"[\u4e00-\u9fff]")


async def refused(poll: Poll, asked: Awaitable[Answer], status: int, slug: str) -> Answer:
    """The answer, which must be this problem; the log must be as long as before."""
    before = await poll.size()
    answer = await asked
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert_problem(answer.status, answer.json(), status, slug)
    assert await poll.size() == before
    return answer


def assert_problem(answered: int, document: Mapping[str, object], status: int, slug: str) -> None:
    """The document is this problem: what failed, on what, and what next, in both languages."""
    assert (answered, document["type"]) == (status, f"urn:huimin:problem:{slug}"), document
    assert document["status"] == status
    for name in ("title", "next"):
        assert document[name]
        assert CHINESE.search(str(document[f"{name}_zh"]))
    assert document["detail"]
