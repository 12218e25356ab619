"""How does a person give the connection access, and how does it get and keep its tokens?"""

import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local.twins.notion import ids, richtext, templating
from local.twins.notion.records import Bot, Code, Page, Person, Token, Workspace
from local.twins.notion.seed import bot_of
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import World, owner

CODE_LIFE_S: Final = 600.0


class OAuthError(Exception):
    """A refusal in OAuth's own envelope, which is not the API's."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class _Wish:
    """What an authorize link asks for."""

    client_id: str
    redirect_uri: str | None
    state: str | None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "_Wish":
        return cls(str(given.get("client_id", "")), given.get("redirect_uri") or None, given.get("state") or None)


@dataclass
class OAuth:
    """The four endpoints and the consent page; *now* is twin time in seconds."""

    world: World
    now: Callable[[], float]

    def routes(self) -> list[Route]:
        """To be put before the API's own routes."""
        return [
            Route("/v1/oauth/authorize", self._consent_page, methods=["GET"]),
            Route("/v1/oauth/authorize", self._decide, methods=["POST"]),
            Route("/v1/oauth/token", self._answered(self._exchange), methods=["POST"]),
            Route("/v1/oauth/introspect", self._answered(self._introspect), methods=["POST"]),
            Route("/v1/oauth/revoke", self._answered(self._revoke), methods=["POST"]),
        ]

    async def _consent_page(self, request: Request) -> Response:
        wish = _Wish.read(request.query_params)
        if (reason := self._unfit(wish, request.query_params.get("response_type"))) is not None:
            return templating.page(request, "refusal.html", {"reason": reason}, 400)
        workspaces = self.world.store.all(Workspace)
        chosen = self._chosen(request.query_params.get("workspace_id"))
        return templating.page(
            request,
            "consent.html",
            {
                "connection": self.world.config.connection_name,
                "wish": wish,
                "workspaces": workspaces,
                "chosen": chosen,
                "person": self._members(chosen)[0],
                "pages": [(page.id, _title(page)) for page in self._top_pages(chosen)],
            },
        )

    async def _decide(self, request: Request) -> Response:
        """The consent form; without any `pages` field of a browser's form every top page is shared."""
        async with request.form() as form:
            wish = _Wish.read(form)
            if (reason := self._unfit(wish, "code")) is not None:
                return templating.page(request, "refusal.html", {"reason": reason}, 400)
            if form.get("decision") != "allow":
                return self._back(wish, {"error": "access_denied"})
            if not (pages := self._picked(form)):
                reason = "no page was chosen; go back and choose at least one page to share"
                return templating.page(request, "refusal.html", {"reason": reason}, 400)
            return self._back(wish, {"code": self._issue_code(wish, form, pages)})

    def _unfit(self, wish: _Wish, response_type: str | None) -> str | None:
        config = self.world.config
        if wish.client_id != config.client_id:
            return "the link names a client_id that is not registered; check NOTION_CLIENT_ID"
        if response_type != "code":
            return "the link must say response_type=code"
        if wish.redirect_uri is None and len(config.redirect_uris) != 1:
            return "the link names no redirect_uri and several are registered"
        if wish.redirect_uri is not None and wish.redirect_uri not in config.redirect_uris:
            return "the link's redirect_uri is not registered for this connection; check NOTION_REDIRECT_URI"
        return None

    def _picked(self, form: FormData) -> tuple[str, ...]:
        here = [page.id for page in self._top_pages(self._chosen(form.get("workspace_id")))]
        if "pages" not in form and "pages_listed" not in form:
            return tuple(here)
        picked = [ids.parse(value) for value in form.getlist("pages")]
        return tuple(page_id for page_id in here if page_id in picked)

    def _issue_code(self, wish: _Wish, form: FormData, pages: tuple[str, ...]) -> str:
        workspace = self._chosen(form.get("workspace_id"))
        person = self._members(workspace)[0]
        code = Code(str(uuid4()), workspace.id, person.id, pages, wish.redirect_uri, self.now() + CODE_LIFE_S)
        with self.world.store.transaction():
            self.world.store.put(code)
        return code.id

    def _back(self, wish: _Wish, answer: dict[str, str]) -> Response:
        target = wish.redirect_uri or self.world.config.redirect_uris[0]
        query = urlencode(answer | ({"state": wish.state} if wish.state else {}))
        joint = "&" if urlsplit(target).query else "?"
        return RedirectResponse(f"{target}{joint}{query}", 302)

    def _answered(self, endpoint: Callable[[JsonObject], JsonObject]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            request_id = str(uuid4())
            headers = {"x-notion-request-id": request_id}
            try:
                self._authenticate(request)
                body = await _body(request)
                with self.world.store.transaction():
                    found = endpoint(body)
            except OAuthError as error:
                refusal = {"error": error.code, "request_id": request_id}
                return JSONResponse(refusal, error.status, headers)
            return JSONResponse(found | {"request_id": request_id}, headers=headers)

        return answer

    def _authenticate(self, request: Request) -> None:
        config = self.world.config
        expected = f"{config.client_id}:{config.client_secret}".encode()
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not hmac.compare_digest(_decoded(given), expected):
            raise OAuthError(401, "invalid_client")

    def _exchange(self, body: JsonObject) -> JsonObject:
        match body.get("grant_type"):
            case "authorization_code":
                return self._from_code(body)
            case "refresh_token":
                return self._from_refresh(body)
            case None:
                raise OAuthError(400, "invalid_request")
            case _:
                raise OAuthError(400, "unsupported_grant_type")

    def _from_code(self, body: JsonObject) -> JsonObject:
        code = self.world.store.get(Code, str(body.get("code", "")))
        if code is None:
            raise OAuthError(400, "invalid_grant")
        self._check_redirect(code, body.get("redirect_uri"))
        self.world.store.drop(code)
        if code.expires_at < self.now():
            raise OAuthError(400, "invalid_grant")
        bot = bot_of(
            self.world.store, self.world.minter, code.workspace_id, self.world.config.connection_name, code.person_id
        )
        self.world.store.put(replace(bot, owner_id=code.person_id, shared=code.pages, withheld=()))
        return self._grant(bot.id)

    def _check_redirect(self, code: Code, given: object) -> None:
        needed = code.redirect_uri is not None or len(self.world.config.redirect_uris) > 1
        if needed != (given is not None):
            raise OAuthError(400, "invalid_request")
        if code.redirect_uri is not None and given != code.redirect_uri:
            raise OAuthError(400, "invalid_grant")

    def _from_refresh(self, body: JsonObject) -> JsonObject:
        given = body.get("refresh_token")
        token = next((known for known in self.world.store.all(Token) if known.refresh == given), None)
        if given is None or token is None:
            raise OAuthError(400, "invalid_grant" if given else "invalid_request")
        self._retire(token)
        return self._grant(token.bot_id)

    def _retire(self, token: Token) -> None:
        """The pair before a refresh: at once gone, or its access token good for a while."""
        grace = self.world.switches.old_token_outlives_refresh_s
        if grace:
            self.world.store.put(replace(token, refresh=None, dies_at=self.now() + grace))
        else:
            self.world.store.drop(token)

    def _grant(self, bot_id: str) -> JsonObject:
        store = self.world.store
        token = Token(ids.access_token(), ids.refresh_token(), bot_id, self.now())
        store.put(token)
        bot = store.get(Bot, bot_id)
        workspace = store.get(Workspace, bot.workspace_id) if bot else None
        if bot is None or workspace is None:
            raise OAuthError(400, "invalid_grant")
        return {
            "access_token": token.id,
            "token_type": "bearer",
            "refresh_token": token.refresh,
            "bot_id": bot.id,
            "workspace_icon": workspace.icon,
            "workspace_name": workspace.name,
            "workspace_id": workspace.id,
            "owner": owner(self.world, bot),
            "duplicated_template_id": None,
        }

    def _introspect(self, body: JsonObject) -> JsonObject:
        token = self._known(body)
        if token is None:
            return {"active": False}
        bot = self.world.store.get(Bot, token.bot_id)
        scope = " ".join(bot.capabilities) if bot else ""
        return {"active": True, "scope": scope, "iat": int(token.issued_at * 1000)}

    def _revoke(self, body: JsonObject) -> JsonObject:
        if (token := self._known(body)) is not None:
            self.world.store.drop(token)
        return {}

    def _known(self, body: JsonObject) -> Token | None:
        given = body.get("token")
        if not isinstance(given, str):
            raise OAuthError(400, "invalid_request")
        return next((token for token in self.world.store.all(Token) if given in (token.id, token.refresh)), None)

    def _chosen(self, workspace_id: object) -> Workspace:
        found = self.world.store.get(Workspace, str(workspace_id)) if workspace_id else None
        return found or self.world.store.all(Workspace)[0]

    def _members(self, workspace: Workspace) -> list[Person]:
        return [person for person in self.world.store.all(Person) if person.workspace_id == workspace.id]

    def _top_pages(self, workspace: Workspace) -> list[Page]:
        return [page for page in self.world.store.pages_in(workspace.id) if not page.in_trash]


def _title(page: Page) -> str:
    return richtext.plain(page.values.get("title") or []) or "Untitled"


def _decoded(given: str) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        return b""


async def _body(request: Request) -> JsonObject:
    """The JSON body; the standard's form encoding is taken as well."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        async with request.form() as form:
            return dict(form)
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise OAuthError(400, "invalid_request") from error
    if not isinstance(body, dict):
        raise OAuthError(400, "invalid_request")
    return body
