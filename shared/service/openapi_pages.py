"""Serves a service's OpenAPI document at /schema, for people and, as JSON, for programs.

The user interface's files are all served from here: no third party is asked.
"""

from importlib.resources import as_file, files
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from shared.service.openapi_document import Document, printed

_UI = "/schema-ui"


def openapi_pages(document: Document) -> list[Router]:
    """The interface at /schema, its document at /schema/openapi.json, and its own files."""
    plugin = SwaggerRenderPlugin(
        js_url=f"{_UI}/swagger-ui-bundle.js",
        css_url=f"{_UI}/swagger-ui.css",
        standalone_preset_js_url=f"{_UI}/swagger-ui-standalone-preset.js",
        favicon="",
        path="/",
    )
    body = printed(document)

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def page(request: Request[Any, Any, Any]) -> bytes:
        return plugin.render(request, document)

    @get("/openapi.json", sync_to_thread=False)
    def as_json() -> Response[bytes]:
        # Public, and asked for by programs of any origin.
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
        return Response(body, media_type=MediaType.JSON, headers=headers)

    with as_file(files("swagger_ui") / "static") as directory:
        ui = create_static_files_router(path=_UI, directories=[directory], include_in_schema=False)
    return [Router(path="/schema", route_handlers=[page, as_json], include_in_schema=False), ui]
