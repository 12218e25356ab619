"""The Notion twin put together: one ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from local.twins.control import Control, ControlMiddleware
from local.twins.notion import errors, hosting, seed
from local.twins.notion.budget import Budgets
from local.twins.notion.config import Config
from local.twins.notion.gate import Gate
from local.twins.notion.ids import Minter
from local.twins.notion.oauth import OAuth
from local.twins.notion.outages import Outages
from local.twins.notion.records import Subscription, Token, Workspace
from local.twins.notion.state import Store
from local.twins.notion.steering import Steering, state
from local.twins.notion.switches import Switches
from local.twins.notion.templating import HERE
from local.twins.notion.web import Web
from local.twins.notion.webhooks import Webhooks
from local.twins.notion.world import World

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class Twin:
    """The parts of a running twin."""

    def __init__(self, config: Config) -> None:
        self.world = World(Store(config.state), Switches(), config, Minter())
        self.control = Control(
            on_reset=self._start_over,
            state=lambda: state(self.world, self.webhooks),
            connection_of=self._connection_of,
        )
        self.webhooks = Webhooks(self.world, self.control.clock, self.control.outbox, self.control.webhooks)
        self.outages = Outages(self.control.chance)
        self.budgets = Budgets(self.control.clock.monotonic)
        self.gate = Gate(self.world, self.control.clock, self.budgets, self.webhooks.publish, self.outages)
        if not self.world.store.all(Workspace):
            self._plant()
        for subscription in self.world.store.all(Subscription):
            self.control.webhooks.url = subscription.url

    def routes(self) -> list[BaseRoute]:
        """All addresses of the twin."""
        return [
            *self.control.routes(),
            *Steering(self.world, self.control, self.webhooks, self.outages).routes(),
            *OAuth(self.world, self.now).routes(),
            Route("/v1/{rest:path}", self.gate.__call__, methods=METHODS),
            *hosting.routes(self.world, self.control.clock),
            *Web(self.world).routes(),
            Mount("/_page", StaticFiles(directory=HERE / "static")),
        ]

    def now(self) -> float:
        """Twin time in seconds since 1970."""
        return self.control.clock.now().timestamp()

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Deliver webhooks while the application runs."""
        async with self.control.lifespan(app):
            sending = asyncio.create_task(self.webhooks.run())
            try:
                yield
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending
                self.world.store.close()

    def _connection_of(self, request: HTTPConnection) -> str | None:
        """The id of the bot whose token a call bears, also of calls that never reach the API because they fail."""
        token = self.world.store.get(Token, request.headers.get("authorization", "").removeprefix("Bearer "))
        return token.bot_id if token else None

    def _plant(self) -> None:
        with self.world.store.transaction():
            seed.plant(self.world.store, self.world.config.plan, self.now())

    def _start_over(self, number: int | None, _projects: int | None) -> None:
        """Everything of the workspaces goes; the subscription stays, for it is the developer portal's."""
        subscriptions = self.world.store.all(Subscription)
        self.world.minter = Minter(number)
        for name, field in Switches.model_fields.items():
            setattr(self.world.switches, name, field.default)
        self.webhooks.clear()
        self.budgets.clear()
        self.outages.planned.clear()
        with self.world.store.transaction():
            self.world.store.clear()
            seed.plant(self.world.store, self.world.config.plan, self.now())
            for subscription in subscriptions:
                self.world.store.put(subscription)


def create_app(config: Config | None = None) -> Starlette:
    """A twin of its own, with its own store."""
    twin = Twin(config or Config())
    app = Starlette(
        routes=twin.routes(),
        middleware=[Middleware(ControlMiddleware, control=twin.control)],
        lifespan=twin.lifespan,
        exception_handlers={Exception: _unexpected},
    )
    app.state.twin = twin
    return app


async def _unexpected(_request: Request, _error: Exception) -> Response:
    """The traceback goes to the twin's own log; the caller sees what Notion would say."""
    request_id = str(uuid4())
    return JSONResponse(errors.unexpected().envelope(request_id), 500, {"x-notion-request-id": request_id})
