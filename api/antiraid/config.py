"""What a dashboard asks for before anybody has logged in."""

import msgspec
from litestar import Response

from api.antiraid.routes import get
from api.etags import tagged
from api.parts import Asked, parts_of
from schemas.antiraid import ApiConfig


@get("/config", summary="What to know before logging in", answers={200: ApiConfig, 304: None}, auth=False)
async def config(request: Asked) -> Response[bytes]:
    """Return the main server, where help is, and the primary bot."""
    settings = parts_of(request).settings
    found = ApiConfig(
        main_server=str(settings.antiraid_main_server),
        support_server_invite=settings.antiraid_support_invite,
        client_id=str(settings.antiraid_client_id),
    )
    return tagged(request, msgspec.json.encode(found))


ROUTES = (config,)
