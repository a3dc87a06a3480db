"""What can go wrong for a client, by what it says about the other side.

`CannotRead` says nothing about it: the network or the server's health was in the way, try again.
`Missing`, `Sealed`, `Oversized` and `BadAnswer` are answers: evidence of what the server has.
`Refused` is a final no to what was sent, in the server's words.
"""

from typing import ClassVar

from msgspec import Struct


class ClientError(Exception):
    """Base of everything that a client of the public interfaces raises."""


class CannotRead(ClientError):
    """No answer could be had, or none that says anything; what it would have been is not known."""


class OutcomeUnknown(ClientError):
    """A command was sent and its answer was lost: it may or may not have been carried out."""


class Missing(ClientError):
    """The server says that there is nothing at this path, or the directory has no such file."""


class Sealed(ClientError):
    """The server says that this is not public before voting closes."""


class Oversized(ClientError):
    """There is more at this path than its format allows."""


class BadAnswer(ClientError):
    """The server answered with what its interface does not allow."""


class BadReceipt(ClientError):
    """A receipt that does not prove what it was given for."""


class Problem(Struct, frozen=True):
    """A problem document (RFC 9457) as far as clients rely on it; tolerant of absent members."""

    SLUGS: ClassVar[str] = "urn:huimin:problem:"

    type: str = "about:blank"
    title: str = ""
    title_zh: str = ""
    detail: str = ""
    next: str = ""
    next_zh: str = ""

    @property
    def slug(self) -> str:
        """The stable name of the problem; empty when the answer is not one of Huimin's."""
        return self.type.removeprefix(self.SLUGS) if self.type.startswith(self.SLUGS) else ""


class Refused(ClientError):
    """The server refused what was sent, and would again: `status`, and why in `problem`."""

    def __init__(self, status: int, problem: Problem) -> None:
        what = problem.title or f"the server answered {status}"
        super().__init__(". ".join(part for part in (what, problem.detail, problem.next) if part))
        self.status = status
        self.problem = problem
