"""The web pages that a service hands out: built files, served from memory with their headers.

`web/` builds them into `pages/` beside this file. A page may load scripts and styles from its own
origin alone, none inline, and may ask the services named in the settings; `/services.json` tells it
where they are. Assets are named by their contents and kept for ever; pages are asked for each time.
A file lies beside its compressed copies. How pages are built stands in `web/vite.config.ts`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Self, TypeAlias
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter
from litestar.response import Redirect
from msgspec import Meta, Struct

from shared.service.problem import NoSuchResource

BUILT: Final = Path(__file__).parent / "pages"
"""Where the build puts the pages; a wheel has them, a fresh checkout does not."""

PublicUrl = Annotated[str, Meta(pattern=r"^(https?://[A-Za-z0-9.\-:\[\]]+(/[\w.~/-]*)?)?\Z")]
"""Where browsers reach a service; empty if that is the origin of the page itself."""

log = structlog.get_logger()

_ANY_ORIGIN: Final = {"Access-Control-Allow-Origin": "*"}
_REVALIDATED: Final = {"Cache-Control": "no-cache"}
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_HARDENING: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

AssetName = Annotated[str, PathParameter(description="The file's name")]
Question: TypeAlias = "Request[object, object, object]"


class PublicUrls(Struct, frozen=True, kw_only=True):
    """Where browsers reach the services, as `/services.json` has it."""

    ballot: PublicUrl = ""
    registrar: PublicUrl = ""
    tally: PublicUrl = ""
    notify: PublicUrl = ""

    def trimmed(self) -> Self:
        """Without slashes at the end."""
        urls = {name: url.rstrip("/") for name, url in msgspec.structs.asdict(self).items()}
        return type(self)(**urls)

    def origins(self) -> list[str]:
        """The other origins that a page has to ask."""
        split = (urlsplit(url) for url in msgspec.structs.astuple(self) if url)
        return sorted({f"{one.scheme}://{one.netloc}" for one in split})


class _File(Struct, frozen=True):
    """A file's bodies by encoding (the empty one is plain), its media type and entity tag."""

    bodies: dict[str, bytes]
    media_type: str
    etag: str


def page_handlers(
    names: Sequence[str], urls: PublicUrls, directory: Path = BUILT
) -> list[HTTPRouteHandler]:
    """Handlers of `/<name>` for these pages, of `/`, which leads to the first, and of assets.

    Without built pages the service does without, and says so in its log.
    """
    missing = [name for name in names if not (directory / f"{name}.html").is_file()]
    if missing:
        log.warning("no pages", what=", ".join(missing), why="they are not built; run make pages")
        return []
    assets = {file.name: _read(file) for file in _originals((directory / "assets").iterdir())}
    return [
        _entrance(f"/{names[0]}"),
        _directions(urls.trimmed()),
        *(_page(name, _read(directory / f"{name}.html"), urls) for name in names),
        *(_worker(file) for file in _workers(names, directory)),
        _assets(assets),
    ]


def policy(urls: PublicUrls) -> str:
    """The Content-Security-Policy of the pages."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            " ".join(("connect-src 'self'", *urls.origins())),
            "worker-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _entrance(path: str) -> HTTPRouteHandler:
    @get("/", include_in_schema=False, sync_to_thread=False)
    def entrance() -> Redirect:
        return Redirect(path, status_code=302, headers=_REVALIDATED)

    return entrance


def _directions(urls: PublicUrls) -> HTTPRouteHandler:
    body = msgspec.json.encode(urls)

    @get("/services.json", include_in_schema=False, sync_to_thread=False)
    def directions() -> Response[bytes]:
        return Response(body, media_type=MediaType.JSON, headers=_REVALIDATED | _ANY_ORIGIN)

    return directions


def _page(name: str, file: _File, urls: PublicUrls) -> HTTPRouteHandler:
    camera = "(self)" if name == "check" else "()"
    headers = {
        **_HARDENING,
        **_REVALIDATED,
        "Content-Security-Policy": policy(urls),
        "Permissions-Policy": f"camera={camera}, geolocation=(), microphone=(), payment=(), usb=()",
        "X-Frame-Options": "DENY",
    }

    @get(f"/{name}", include_in_schema=False, sync_to_thread=False, name=f"page-{name}")
    def page(request: Question) -> Response[bytes]:
        return _answer(request, file, headers)

    return page


def _worker(path: Path) -> HTTPRouteHandler:
    file = _read(path)

    @get(f"/{path.name}", include_in_schema=False, sync_to_thread=False, name=path.name)
    def worker(request: Question) -> Response[bytes]:
        return _answer(request, file, _HARDENING | _REVALIDATED)

    return worker


def _assets(files: Mapping[str, _File]) -> HTTPRouteHandler:
    @get("/assets/{name:str}", include_in_schema=False, sync_to_thread=False)
    def asset(request: Question, name: AssetName) -> Response[bytes]:
        if name not in files:
            raise NoSuchResource("there is no such file; the page may be of an older version")
        return _answer(request, files[name], _HARDENING | _FOREVER)

    return asset


def _answer(request: Question, file: _File, headers: Mapping[str, str]) -> Response[bytes]:
    headers = {**headers, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, media_type=file.media_type, headers=headers)
    encoding = _encoding(request.headers.get("accept-encoding", ""), file.bodies)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(file.bodies[encoding], media_type=file.media_type, headers=headers)


def _encoding(accepted: str, bodies: Mapping[str, bytes]) -> str:
    """The best encoding that the client takes; it refuses one by a weight of zero."""
    taken = set()
    for offer in accepted.lower().split(","):
        name, _, weight = offer.replace(" ", "").partition(";q=")
        if weight.strip("0.") or not weight:
            taken.add(name)
    return next((name for name, _ in _ENCODINGS if name in taken and name in bodies), "")


def _read(path: Path) -> _File:
    body = path.read_bytes()
    bodies = {"": body}
    for encoding, suffix in _ENCODINGS:
        compressed = path.with_name(path.name + suffix)
        if compressed.is_file():
            bodies[encoding] = compressed.read_bytes()
    media_type = _TYPES.get(path.suffix, "application/octet-stream")
    return _File(bodies, media_type, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def _originals(files: Iterable[Path]) -> list[Path]:
    compressed = {suffix for _, suffix in _ENCODINGS}
    return [file for file in files if file.suffix not in compressed]


def _workers(names: Sequence[str], directory: Path) -> list[Path]:
    """The workers of these pages, whose scope is the page: they must not lie below it."""
    files = (directory / f"{name}-worker.js" for name in names)
    return [file for file in files if file.is_file()]
