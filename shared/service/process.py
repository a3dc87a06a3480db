"""What every service's `__main__` does: settings, logging, serving, exit status.

With `--check`, `--show` or `--describe` it only speaks about the settings: no server is started and
no database asked. `--check` goes the way of serving up to where that would open connections.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal, TypeVar

import msgspec
import structlog
from litestar.types import ASGIApp

from shared.service.logging import configure_logging
from shared.service.metrics import counted_process
from shared.service.nats import check_nkey_seed
from shared.service.pace import ServerPace
from shared.service.server import Drain, serve
from shared.service.setting import settings_of
from shared.service.settings import BadSettings, ServiceSettings, load_settings, read_settings
from shared.service.settings_toml import as_toml
from shared.service.tracing import tracing

S = TypeVar("S", bound=ServiceSettings)

BAD_SETTINGS: Final = 2


def run(
    service: str,
    kind: type[S],
    create_app: Callable[[S, Drain], ASGIApp],
    try_out: Callable[[S], Coroutine[Any, Any, None]] | None = None,
) -> int:
    """Serve until told to stop. 0: stopped; 1: could not start or had to stop; 2: bad settings.

    `create_app` and `try_out` raise `BadSettings` for what cannot be served with; `try_out` may
    open what connects to nothing yet, and closes it again.
    """
    configure_logging(service)
    drain = Drain()

    def prepare() -> tuple[S, ASGIApp]:
        settings = load_settings(kind, service, os.environ)
        check_nkey_seed(settings.nats_nkey_seed)
        app = create_app(settings, drain)
        if try_out is not None:
            asyncio.run(try_out(settings))
        return settings, app

    wish = _wish(service)
    try:
        match wish:
            case "describe":
                print(msgspec.json.encode([*settings_of(kind, service).values()]).decode())
            case "show":
                print(as_toml(service, read_settings(kind, service, os.environ)), end="")
            case "check":
                prepare()
            case "serve":
                settings, app = prepare()
                configure_logging(service, settings.log_level)
                with counted_process(service), tracing(service, settings.otlp_endpoint):
                    in_order = serve(
                        app,
                        drain,
                        host=settings.host,
                        port=settings.port,
                        pace=ServerPace(notice_s=settings.stop_notice_s),
                    )
                return 0 if in_order else 1
    except BadSettings as error:
        if wish == "serve":
            structlog.get_logger().critical("bad settings", why=str(error))
        else:
            print(*error.faults, sep="\n", file=sys.stderr)
        return BAD_SETTINGS
    return 0


def _wish(service: str) -> Literal["serve", "check", "show", "describe"]:
    parser = argparse.ArgumentParser(
        f"python -m services.{service}", description="Serves, unless it is told otherwise."
    )
    wishes = parser.add_mutually_exclusive_group()
    for wish, says in (
        ("check", "only say what is wrong with the settings; exit status 2 if anything is"),
        ("show", "only print the settings as TOML, without secrets"),
        ("describe", "only print which settings there are, as JSON"),
    ):
        wishes.add_argument(f"--{wish}", dest="wish", action="store_const", const=wish, help=says)
    wished: Literal["check", "show", "describe"] | None = parser.parse_args().wish
    return wished or "serve"
