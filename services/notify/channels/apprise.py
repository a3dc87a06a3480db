"""Chat services, through the library Apprise and URLs that the operator configured.

Apprise reports success or failure, and a failure may come after the service took the message over
(a lost reply, one of several targets of a URL). Failures are therefore `Unknown`: nobody is told
twice, and the operator sees that the message may be missing. Only what failed before any service
was called is certain. Apprise's own log quotes URLs and answers, so it is switched off.

Apprise is slow to import and blocks: it is imported when the channel is opened and runs in threads.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from services.notify.channels.channel import Accepted, Message, Outcome, Rejected, Retry, Unknown
from shared.service.settings import BadSettings

if TYPE_CHECKING:
    from apprise import Apprise, AppriseResult

_SILENT: Final = logging.CRITICAL + 1
_NOISY: Final = ("apprise", "urllib3")


class AppriseSettings(Struct, frozen=True, kw_only=True):
    """The URLs that messages may go to (they hold passwords), and how long one message may take."""

    urls: tuple[str, ...]
    threads: int = 4
    timeout_s: float = 30.0

    def __repr__(self) -> str:
        return f"AppriseSettings({len(self.urls)} URLs)"


class AppriseChannel:
    """A channel to the configured URLs; `open_apprise` makes one."""

    name = "apprise"

    def __init__(
        self, services: Mapping[str, "Apprise"], threads: ThreadPoolExecutor, timeout_s: float
    ) -> None:
        self._services = services
        self._threads = threads
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> Outcome:
        """One attempt; see `Channel`. `message.to` is one of the configured URLs."""
        service = self._services.get(message.to)
        if service is None:
            return Rejected("not one of the Apprise URLs that are configured")
        work = self._threads.submit(
            service.notify, body=message.text, title=message.subject, timeout=self._timeout_s
        )
        return await self._result(work)

    async def _result(self, work: "Future[AppriseResult]") -> Outcome:
        try:
            async with asyncio.timeout(self._timeout_s):
                return _outcome(await asyncio.wrap_future(work))
        except TimeoutError:
            if work.cancelled():
                return Retry("no thread was free in time")
            return Unknown("the chat service gave no answer in time")
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, at any point
            return Unknown(f"Apprise failed ({type(error).__name__})")


@asynccontextmanager
async def open_apprise(settings: AppriseSettings) -> AsyncIterator[AppriseChannel]:
    """The channel. Raises `BadSettings` for a URL that Apprise does not understand."""
    services = await asyncio.to_thread(_services, settings)
    threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="apprise")
    try:
        yield AppriseChannel(services, threads, settings.timeout_s)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _services(settings: AppriseSettings) -> Mapping[str, "Apprise"]:
    from apprise import (  # noqa: PLC0415 - a quarter of a second, and only where it is used
        Apprise,
        AppriseAsset,
        NotifyFormat,
        PersistentStoreMode,
    )

    for name in _NOISY:
        logging.getLogger(name).setLevel(_SILENT)
    asset = AppriseAsset(
        app_id="Huimin",
        async_mode=False,
        body_format=NotifyFormat.TEXT,
        http_redirects=False,
        interpret_emojis=False,
        language="en",
        service_timeout=settings.timeout_s,
        storage_mode=PersistentStoreMode.MEMORY,
    )
    services = {}
    for position, url in enumerate(settings.urls, start=1):
        service = Apprise(asset=asset)
        if not service.add(url) or len(service) != 1:
            raise BadSettings(f"Apprise does not understand URL number {position}")
        services[url] = service
    return services


def _outcome(result: "AppriseResult") -> Outcome:
    if result:
        return Accepted()
    if len(result) == 0:
        return Rejected("Apprise could not use the message")
    return Unknown("the chat service did not confirm the message")
