"""Facebook's access tokens, and what `debug_token` says of one.

https://developers.facebook.com/docs/graph-api/reference/debug_token. A system user's token never ends; somebody's own
lasts 60 days, and the app's access to their data 90 days from when they were last there. The token of a page lasts as
long as that access. `debug_token` is asked by GET only, with the app's own token (`<id>|<secret>`), or with that of
somebody who has a role in the app.
"""

from datetime import UTC, datetime, time, timedelta

from sandbox.state import Sandbox
from sandbox.vendors.facebook.graph import Call, GraphError, Row

APP_ID, APP_SECRET = "770000000000001", "sandbox-app-secret"
TOKEN = "sandbox-token"  # noqa: S105  of a system user
USER_TOKEN = "sandbox-user-token"  # noqa: S105  of somebody who manages the page
OF_PAGE = f"{TOKEN}-page-"  # a page's own token begins with this
HAVE_A_ROLE = {TOKEN, USER_TOKEN}

LIFE, ACCESS = timedelta(days=60), timedelta(days=90)
LEFT = timedelta(days=23)  # of the user's token, when the simulated vendor begins
SCOPES = {
    "SYSTEM_USER": ["ads_read", "read_insights", "pages_read_engagement", "pages_read_user_content", "public_profile"],
    "USER": ["read_insights", "pages_show_list", "pages_read_engagement", "pages_read_user_content", "public_profile"],
}
SCOPES["PAGE"] = SCOPES["USER"]


def is_of_page(token: str) -> bool:
    """Whether it is a page's own token."""
    return token.startswith(OF_PAGE)


class Tokens:
    """Every token of the app, and when each ends by the clock of the vendors."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        evening = datetime.combine(sandbox.world.last_day, time(20), UTC)
        self.ends_at = max(evening, sandbox.began_at) + LEFT
        self.issued_at = self.ends_at - LIFE

    def check(self, token: str) -> None:
        """Refuse a token that is unknown, or has ended."""
        if fault := self._fault(token):
            raise fault

    def answer(self, call: Call) -> Row | None:
        """What is asked of the app and of its tokens; None where something else is asked."""
        if call.parts == ("app",):
            return {"id": APP_ID}
        if call.parts != ("debug_token",):
            return None
        if call.method != "GET":
            raise GraphError(100, "Unsupported post request. Please read the Graph API documentation", 33)
        if call.token not in HAVE_A_ROLE and not _is_of_app(call.token):
            raise GraphError(
                100,
                "(#100) You must provide an app access token, or a user access token that is an owner or developer of "
                "the app",
            )
        if "input_token" not in call.params:
            raise GraphError(100, "(#100) The parameter input_token is required")
        return {"data": self._told(call.params["input_token"])}

    def _fault(self, token: str) -> GraphError | None:
        now = self.sandbox.now()
        if token == USER_TOKEN and now >= self.ends_at:
            return GraphError(
                190,
                f"Error validating access token: Session has expired on {_written(self.ends_at)}. The current time is "
                f"{_written(now)}.",
                463,
            )
        if token in (TOKEN, USER_TOKEN) or is_of_page(token) or _is_of_app(token):
            return None
        return GraphError(190, "Invalid OAuth access token - Cannot parse access token")

    def _told(self, token: str) -> Row:
        """One that cannot be used any more is no error of the question; the answer holds why."""
        fault = self._fault(token)
        if fault and fault.subcode is None:
            return {"error": _error(fault), "is_valid": False, "scopes": []}
        kind = "PAGE" if is_of_page(token) else "USER" if token == USER_TOKEN else "SYSTEM_USER"
        told: Row = {
            "app_id": APP_ID,
            "type": kind,
            "application": "Boutique reports",
            "data_access_expires_at": 0 if kind == "SYSTEM_USER" else _unix(self.issued_at + ACCESS),
            "expires_at": _unix(self.ends_at) if kind == "USER" else 0,
            "is_valid": fault is None,
            "issued_at": _unix(self.issued_at),
            "scopes": SCOPES[kind],
            "user_id": "122000000000000001",
        }
        if kind == "PAGE":
            told["profile_id"] = token.removeprefix(OF_PAGE)
        return told | ({"error": _error(fault)} if fault else {})


def _is_of_app(token: str) -> bool:
    return token == f"{APP_ID}|{APP_SECRET}"


def _error(fault: GraphError) -> Row:
    """Within an answer, the subcode has a shorter name."""
    subcode = {} if fault.subcode is None else {"subcode": fault.subcode}
    return {"code": fault.code, "message": fault.message} | subcode


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _written(moment: datetime) -> str:
    return moment.strftime("%A, %d-%b-%y %H:%M:%S UTC")
