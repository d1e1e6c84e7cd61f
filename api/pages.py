"""The published document as a file, and a page to browse it, which needs nothing from elsewhere."""

import asyncio
from importlib.metadata import distribution
from pathlib import Path

from litestar import Response, get
from litestar.exceptions import NotFoundException

from api.parts import Asked

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Guildbook API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<p><a href="/docs/streams">Streams, callbacks and topics</a></p>
<div id="page"></div>
<script src="/docs/swagger-ui.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
# Nothing is asked of other hosts, whatever the scripts would like to.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
ASSET_HEADERS = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}
VENDOR = "offapi"  # Swagger UI, as it came; it is read, never imported: an import would keep all of it in memory
ASSETS = {
    "swagger-ui.css": ("text/css", "swagger_style.css"),
    "swagger-ui.js": ("text/javascript", "swagger_bundle.js"),
}


@get("/openapi.json", include_in_schema=False)
async def openapi(request: Asked) -> Response[bytes]:
    """Return the document."""
    return Response(request.app.state["document"], media_type="application/json")


@get(["/docs", "/redoc"], include_in_schema=False)
async def page() -> Response[str]:
    """Return a page to browse the document and to try it out."""
    return Response(PAGE, media_type="text/html", headers=HEADERS)


@get("/docs/start.js", include_in_schema=False)
async def start() -> Response[bytes]:
    """Return what sets the page up; no script stands in a page itself."""
    return Response(START, media_type="text/javascript", headers=ASSET_HEADERS)


@get("/docs/{asset:str}", include_in_schema=False)
async def asset(request: Asked) -> Response[bytes]:
    """Return a part of the page."""
    if request.path_params["asset"] not in ASSETS:
        raise NotFoundException
    media_type, file = ASSETS[request.path_params["asset"]]
    content = await asyncio.to_thread(_read, file)
    return Response(content, media_type=media_type, headers=ASSET_HEADERS)


def _read(file: str) -> bytes:
    return Path(str(distribution(VENDOR).locate_file(f"{VENDOR}/{file}"))).read_bytes()


ROUTES = (openapi, page, start, asset)
