"""What tests and operators do to Notion that has no API: the developer portal, more workspaces, switches."""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any, Final, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.twins.control import Control
from local.twins.notion import contents, ids, page_templates
from local.twins.notion.outages import Outage, Outages
from local.twins.notion.records import (
    Block,
    Bot,
    Capability,
    Comment,
    CustomEmoji,
    Database,
    DataSource,
    FileUpload,
    Page,
    Person,
    Plan,
    Record,
    Subscription,
    Token,
    View,
    Workspace,
)
from local.twins.notion.seed import another, bot_of
from local.twins.notion.webhooks import Webhooks, signature
from local.twins.notion.world import World

HANDSHAKE_WITHIN_S = 10.0
_TOLD: Final[dict[str, type[Record]]] = {
    "workspaces": Workspace,
    "people": Person,
    "bots": Bot,
    "tokens": Token,
    "subscriptions": Subscription,
    "databases": Database,
    "data_sources": DataSource,
    "pages": Page,
    "blocks": Block,
    "comments": Comment,
    "views": View,
    "file_uploads": FileUpload,
    "custom_emojis": CustomEmoji,
}


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Subscribe(_Order):
    url: str | None = None


class _Verify(_Order):
    token: str


class _NewWorkspace(_Order):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    plan: Plan = "free"


class _OfWorkspace(_Order):
    workspace_id: str


class _Share(_Order):
    bot_id: str
    page_id: str
    shared: bool


class _Plan(_Order):
    outages: list[Outage]


class _NewTemplate(_Order):
    data_source_id: str
    name: Annotated[str, Field(min_length=1, max_length=100)]
    markdown: str = ""
    is_default: bool = False


class _Grant(_Order):
    bot_id: str
    capabilities: tuple[Capability, ...]


class _Discussion(_Order):
    discussion_id: str
    resolved: bool


class _Emoji(_OfWorkspace):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    url: str


class _NewPerson(_OfWorkspace):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    email: str = "member@workspace.example"


class _SetPlan(_OfWorkspace):
    plan: Plan


class Steering:
    """The routes under /_twin that only this twin has."""

    def __init__(self, world: World, control: Control, webhooks: Webhooks, outages: Outages) -> None:
        self._world = world
        self._outages = outages
        self._control = control
        self._webhooks = webhooks

    def routes(self) -> list[Route]:
        """To be put beside the shared control surface."""
        return [
            Route("/_twin/switches", self._get_switches, methods=["GET"]),
            Route("/_twin/switches", self._set_switches, methods=["POST"]),
            Route("/_twin/subscription", self._get_subscription, methods=["GET"]),
            Route("/_twin/subscription", self._subscribe, methods=["POST"]),
            Route("/_twin/subscription/verify", self._obeying(_Verify, self._verify), methods=["POST"]),
            Route("/_twin/workspaces", self._get_workspaces, methods=["GET"]),
            Route("/_twin/workspaces", self._obeying(_NewWorkspace, self._add_workspace), methods=["POST"]),
            Route("/_twin/people", self._obeying(_NewPerson, self._add_person), methods=["POST"]),
            Route("/_twin/plan", self._obeying(_SetPlan, self._set_plan), methods=["POST"]),
            Route("/_twin/tokens", self._obeying(_OfWorkspace, self._internal_token), methods=["POST"]),
            Route("/_twin/disconnect", self._obeying(_OfWorkspace, self._disconnect), methods=["POST"]),
            Route("/_twin/discussions", self._obeying(_Discussion, self._resolve), methods=["POST"]),
            Route("/_twin/emojis", self._obeying(_Emoji, self._add_emoji), methods=["POST"]),
            Route("/_twin/share", self._obeying(_Share, self._share), methods=["POST"]),
            Route("/_twin/outages", self._look_at_outages, methods=["GET", "DELETE"]),
            Route("/_twin/outages", self._obeying(_Plan, self._plan), methods=["POST"]),
            Route("/_twin/templates", self._obeying(_NewTemplate, self._add_template), methods=["POST"]),
            Route("/_twin/capabilities", self._obeying(_Grant, self._grant), methods=["POST"]),
        ]

    async def _get_switches(self, _request: Request) -> Response:
        return JSONResponse(self._world.switches.model_dump())

    async def _set_switches(self, request: Request) -> Response:
        """What is not named keeps its setting."""
        before = self._world.switches.model_dump()
        try:
            wanted = json.loads(await request.body())
            for name, value in wanted.items():
                setattr(self._world.switches, name, value)
        except (ValueError, AttributeError, ValidationError) as error:
            for name, value in before.items():
                setattr(self._world.switches, name, value)
            return _refusal(f"the switches stayed as they were because {error}", 422)
        return JSONResponse(self._world.switches.model_dump())

    async def _get_subscription(self, _request: Request) -> Response:
        found = next(iter(self._subscriptions()), None)
        return JSONResponse(None if found is None else _without_token(found))

    async def _subscribe(self, request: Request) -> Response:
        """As the portal: makes the subscription and posts the verification token, signed with itself."""
        try:
            order = _Subscribe.model_validate_json(await request.body() or b"{}")
        except ValidationError as error:
            return _refusal(str(error), 422)
        url = order.url or self._world.config.webhook_url
        if url is None:
            return _refusal("no subscription was made because there is no url; send one", 422)
        subscription = Subscription(self._world.minter.plain(), url, f"secret_{secrets.token_hex(21)}", "pending")
        self._keep(subscription)
        status = await _handshake(subscription, signed=self._world.switches.sign_handshake)
        return JSONResponse(_without_token(subscription) | {"handshake_status": status})

    def _verify(self, order: _Verify) -> Response:
        given = order.token.encode()
        found = next((one for one in self._subscriptions() if secrets.compare_digest(given, one.token.encode())), None)
        if found is None:
            return _refusal("the token does not match; copy the one that the last handshake brought", 400)
        active = replace(found, state="active")
        with self._world.store.transaction():
            self._world.store.put(active)
        return JSONResponse(_without_token(active))

    def _keep(self, subscription: Subscription) -> None:
        """The newest, and of the others as many as there may be."""
        store = self._world.store
        with store.transaction():
            for old in self._subscriptions()[self._world.switches.most_subscriptions - 1 :]:
                store.drop(old)
            store.put(subscription)
        self._control.webhooks.url = subscription.url

    def _subscriptions(self) -> list[Subscription]:
        """Those there are, the newest first."""
        return self._world.store.all(Subscription)[::-1]

    async def _get_workspaces(self, _request: Request) -> Response:
        return JSONResponse([self._shown(workspace) for workspace in self._world.store.all(Workspace)])

    def _shown(self, workspace: Workspace) -> dict[str, Any]:
        store = self._world.store
        return asdict(workspace) | {
            "people": [asdict(person) for person in store.all(Person) if person.workspace_id == workspace.id],
            "bots": [asdict(bot) for bot in store.all(Bot) if bot.workspace_id == workspace.id],
            "pages": [page.id for page in store.pages_in(workspace.id)],
        }

    def _add_workspace(self, order: _NewWorkspace) -> Response:
        with self._world.store.transaction():
            made = another(self._world.store, self._world.minter, order.name, order.plan, self._now())
        return JSONResponse(self._shown(made))

    def _add_person(self, order: _NewPerson) -> Response:
        """As a person who invites another one into the workspace."""
        if self._world.store.get(Workspace, order.workspace_id) is None:
            return _refusal("there is no such workspace; GET /_twin/workspaces lists them", 404)
        person = Person(self._world.minter.plain(), order.workspace_id, order.name, order.email)
        with self._world.store.transaction():
            self._world.store.put(person)
        return JSONResponse(asdict(person))

    def _set_plan(self, order: _SetPlan) -> Response:
        if (found := self._world.store.get(Workspace, order.workspace_id)) is None:
            return _refusal("there is no such workspace; GET /_twin/workspaces lists them", 404)
        with self._world.store.transaction():
            self._world.store.put(replace(found, plan=order.plan))
        return JSONResponse({"plan": order.plan})

    def _internal_token(self, order: _OfWorkspace) -> Response:
        """A token of a connection that belongs to the workspace itself, as its settings page would show it."""
        store, minter = self._world.store, self._world.minter
        if store.get(Workspace, order.workspace_id) is None:
            return _refusal("there is no such workspace; GET /_twin/workspaces lists them", 404)
        with store.transaction():
            bot = bot_of(store, minter, order.workspace_id, self._world.config.connection_name, None)
            store.put(bot)
            token = Token(ids.access_token(), None, bot.id, self._now())
            store.put(token)
        return JSONResponse({"token": token.id, "bot_id": bot.id})

    def _disconnect(self, order: _OfWorkspace) -> Response:
        """As a person who removes the connection from the workspace: every token of it is dead."""
        store = self._world.store
        gone = {bot.id for bot in store.all(Bot) if bot.workspace_id == order.workspace_id}
        dead = [token for token in store.all(Token) if token.bot_id in gone]
        with store.transaction():
            for token in dead:
                store.drop(token)
        return JSONResponse({"tokens_revoked": len(dead)})

    def _share(self, order: _Share) -> Response:
        """As a person who adds the connection to a page or database or removes it; what lies below follows."""
        store = self._world.store
        bot, thing = store.get(Bot, order.bot_id), self._world.find(order.page_id)
        if bot is None or thing is None:
            return _refusal("there is no such bot or page; GET /_twin/state shows them", 404)
        shared = tuple(known for known in bot.shared if known != thing.id)
        withheld = tuple(known for known in bot.withheld if known != thing.id)
        if order.shared:
            after = replace(bot, shared=(*shared, thing.id), withheld=withheld)
        else:
            after = replace(bot, shared=shared, withheld=(*withheld, thing.id))
        with store.transaction():
            store.put(after)
        return JSONResponse({"shared": list(after.shared)})

    async def _look_at_outages(self, request: Request) -> Response:
        """DELETE ends all of them."""
        if request.method == "DELETE":
            self._outages.planned.clear()
        return self._shown_outages()

    def _plan(self, order: _Plan) -> Response:
        """Notion has bad moments: these, after those planned before."""
        self._outages.planned.extend(order.outages)
        return self._shown_outages()

    def _shown_outages(self) -> Response:
        return JSONResponse([one.model_dump(mode="json") | {"fired": one.fired} for one in self._outages.planned])

    def _add_template(self, order: _NewTemplate) -> Response:
        """As a person who makes a template for the rows of a data source."""
        if (source := self._world.store.get(DataSource, order.data_source_id)) is None:
            return _refusal("there is no such data source; GET /_twin/state shows them", 404)
        with self._world.store.transaction():
            made = page_templates.made(self._world, source, order.name, order.markdown, self._now())
            if order.is_default:
                self._world.store.put(replace(source, default_template=made.id))
        return JSONResponse({"template_id": made.id})

    def _grant(self, order: _Grant) -> Response:
        """As the developer who ticks what a connection may do, and the person who agreed to it."""
        if (bot := self._world.store.get(Bot, order.bot_id)) is None:
            return _refusal("there is no such bot; GET /_twin/state shows them", 404)
        with self._world.store.transaction():
            self._world.store.put(replace(bot, capabilities=order.capabilities))
        return JSONResponse({"capabilities": list(order.capabilities)})

    def _resolve(self, order: _Discussion) -> Response:
        """As a person who resolves a discussion, for which Notion has no API, or opens it again."""
        store = self._world.store
        found = [comment for comment in store.all(Comment) if comment.discussion_id == order.discussion_id]
        if not found:
            return _refusal("there is no such discussion; GET /_twin/state shows the comments", 404)
        with store.transaction():
            for comment in found:
                store.put(replace(comment, resolved=order.resolved))
        return JSONResponse({"comments": len(found), "resolved": order.resolved})

    def _add_emoji(self, order: _Emoji) -> Response:
        """As a person who adds an emoji to the workspace."""
        if self._world.store.get(Workspace, order.workspace_id) is None:
            return _refusal("there is no such workspace; GET /_twin/workspaces lists them", 404)
        emoji = CustomEmoji(self._world.minter.plain(), order.workspace_id, order.name, order.url)
        with self._world.store.transaction():
            self._world.store.put(emoji)
        return JSONResponse(asdict(emoji))

    def _now(self) -> float:
        return self._control.clock.now().timestamp()

    def _obeying[O: _Order](self, shape: type[O], do: Callable[[O], Response]) -> Any:
        async def endpoint(request: Request) -> Response:
            try:
                order = shape.model_validate_json(await request.body() or b"{}")
            except ValidationError as error:
                return _refusal(str(error), 422)
            return do(order)

        return endpoint


def state(world: World, webhooks: Webhooks) -> dict[str, Any]:
    """Everything the twin holds, secrets included: it is a twin. *bodies* are the markdown of pages that have any."""
    told = {name: world.store.as_json(kind) for name, kind in _TOLD.items()}
    bodies = {page.id: contents.markdown_of(world, page) for page in world.store.all(Page) if page.children}
    return told | {"bodies": bodies, "switches": world.switches.model_dump(), "held_webhooks": webhooks.held}


async def _handshake(subscription: Subscription, *, signed: bool) -> int | None:
    """Post the token; the status answered, or None when nobody did."""
    body = json.dumps({"verification_token": subscription.token}, separators=(",", ":")).encode()
    headers = {"content-type": "application/json"}
    if signed:
        headers["x-notion-signature"] = signature(subscription.token, body)
    try:
        async with httpx.AsyncClient(timeout=HANDSHAKE_WITHIN_S, trust_env=False) as client:
            answer = await client.post(subscription.url, content=body, headers=headers)
    except httpx.HTTPError:
        return None
    return answer.status_code


def _without_token(subscription: Subscription) -> dict[str, Any]:
    return {key: value for key, value in asdict(subscription).items() if key != "token"}


def _refusal(reason: str, status: Literal[400, 404, 422]) -> Response:
    return JSONResponse({"error": reason}, status)
