"""What an announcement says, fixed when it is made: whoever is told later is told the same."""

from msgspec import Struct

from shared.edition.manifest import Text, Timestamp
from shared.notices.views import MilestoneName


class Facts(Struct, frozen=True, kw_only=True):
    """One milestone of one edition, as announced at `time`.

    Who was not told when it `expires` is not told any more.
    `winners` in order; empty before the result is certified.
    """

    edition: str
    milestone: MilestoneName
    time: Timestamp
    title: Text
    url: str
    initiatives: int
    seats: int
    max_choices: int
    expires: Timestamp
    closes_at: Timestamp | None = None
    winners: tuple[Text, ...] = ()
