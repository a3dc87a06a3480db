"""Which caps a request counts under. Narrow ones come first: see `shared.service.caps`."""

from typing import Final, Literal

from services.registrar.keys import RegistrarKeys
from services.registrar.settings import Settings
from shared.service.caps import Cap

HOUR_S: Final = 3_600
DAY_S: Final = 86_400

BLOCK: Final = "requests from your network"
_BLOCK_SOLVED = "requests with a solved puzzle from your network"
_PERSON_HOUR = "codes for one person in an hour"
_PERSON_DAY = "codes for one person in a day"
_PHONE = "codes to one phone"
_EDITION = "codes of an edition"
_GUESSES = "codes tried from your network"
_COUNTER_GUESSES = "counter codes tried from your network"


class Caps:
    """The caps of the settings, for subjects under the registrar's keys."""

    def __init__(self, settings: Settings, keys: RegistrarKeys) -> None:
        self._settings = settings
        self._keys = keys

    def person(self, reference: bytes) -> tuple[Cap, ...]:
        """Codes that one person may ask for."""
        settings = self._settings
        return (
            Cap(_PERSON_HOUR, reference, settings.person_per_hour, HOUR_S),
            Cap(_PERSON_DAY, reference, settings.person_per_day, DAY_S),
        )

    def phone(self, phone: str) -> Cap:
        """Codes that may go to one phone, whichever edition and however many people it is for.

        For somebody without a phone the text of another thing may be given: it is counted alike.
        """
        subject = self._keys.cap_subject("phone", phone)
        return Cap(_PHONE, subject, self._settings.phone_per_day, DAY_S)

    def block(self, block: str) -> Cap:
        """Codes asked for from one block of addresses."""
        subject = self._keys.cap_subject("block", block)
        return Cap(BLOCK, subject, self._settings.block_per_hour, HOUR_S)

    def block_solved(self, block: str) -> Cap:
        """Codes asked for with a solved puzzle from one block of addresses."""
        subject = self._keys.cap_subject("block", block)
        return Cap(_BLOCK_SOLVED, subject, self._settings.block_solved_per_hour, HOUR_S)

    def edition(self, edition: str, codes: Literal[0, 1] = 1) -> Cap:
        """Codes of one edition that are sent in a day: what an attack could cost at most."""
        limit = self._settings.edition_per_day
        return Cap(_EDITION, edition.encode(), limit, DAY_S, uses=codes)

    def guess(self, block: str, *, at_counter: bool) -> Cap:
        """Codes tried from one block of addresses."""
        settings = self._settings
        subject = self._keys.cap_subject("guess", block)
        if at_counter:
            return Cap(_COUNTER_GUESSES, subject, settings.counter_guesses_per_hour, HOUR_S)
        return Cap(_GUESSES, subject, settings.guesses_per_hour, HOUR_S)
