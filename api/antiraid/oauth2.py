"""Logging in with a code of the identity provider."""

from litestar import Response

from api.antiraid.bodies import read_body
from api.antiraid.errors import BadRequestError, BrokenError, RefusedError, RestrictedError, answer
from api.antiraid.routes import post
from api.antiraid.times import end
from api.discord import User
from api.logins import (
    BadCodeError,
    CodeUsedError,
    LoginBrokenError,
    LoginRefusedError,
    RedirectRefusedError,
    ScopesMissingError,
    log_in_with_code,
)
from api.parts import Asked
from domain.accounts.aggregate import SignupsClosedError
from schemas.antiraid import AuthorizeRequest, CreateUserSessionResponse, PlatformUser

NO_STORE = {"Cache-Control": "no-store"}
REFUSALS: dict[type[LoginRefusedError], type[RefusedError]] = {
    RedirectRefusedError: RestrictedError,
    BadCodeError: BadRequestError,
    CodeUsedError: BadRequestError,
    ScopesMissingError: RestrictedError,
}


@post(
    "/oauth2",
    summary="Log in with a code",
    body=AuthorizeRequest,
    answers={200: CreateUserSessionResponse},
    refusals=(403,),
    auth=False,
    bucket="oauth2_login",
)
async def oauth2(request: Asked) -> Response[bytes]:
    """Open a session for whom the identity provider gave the code."""
    wish = await read_body(request, AuthorizeRequest)
    try:
        login = await log_in_with_code(request, wish.code, wish.redirect_uri, wish.code_verifier)
    except LoginRefusedError as error:
        raise REFUSALS[type(error)](str(error)) from error
    except LoginBrokenError as error:
        raise BrokenError(str(error)) from error.__cause__
    except SignupsClosedError as error:
        message = "Signups are closed."
        raise RestrictedError(message) from error
    opened = CreateUserSessionResponse(
        user_id=str(login.user.id),
        token=login.token,
        session_id=login.uuid,
        expiry=end(login.expires_at),
        user=_shown(login.user),
        never_expires=False,
        scopes=None,
    )
    return answer(200, opened, NO_STORE | login.headers)


def _shown(user: User) -> PlatformUser:
    return PlatformUser(str(user.id), user.username, user.global_name, user.avatar)


ROUTES = (oauth2,)
