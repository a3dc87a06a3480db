"""OpenAPI with a user interface whose files are all served from here: no third party is asked."""

from importlib.resources import as_file, files

from litestar import Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import License
from litestar.static_files import create_static_files_router

_UI = "/schema-ui"


def openapi_config(title: str, version: str, description: str) -> OpenAPIConfig:
    """The interface at /schema, and its document at /schema/openapi.json."""
    return OpenAPIConfig(
        title=title,
        version=version,
        description=description,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        path="/schema",
        render_plugins=[
            SwaggerRenderPlugin(
                js_url=f"{_UI}/swagger-ui-bundle.js",
                css_url=f"{_UI}/swagger-ui.css",
                standalone_preset_js_url=f"{_UI}/swagger-ui-standalone-preset.js",
                favicon="",
                path="/",
            ),
            JsonRenderPlugin(path="/openapi.json"),
        ],
    )


def openapi_files() -> Router:
    """The interface's own files."""
    with as_file(files("swagger_ui") / "static") as directory:
        return create_static_files_router(
            path=_UI, directories=[directory], include_in_schema=False
        )
