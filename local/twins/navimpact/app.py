"""How is the NavImpact twin put together?"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from starlette.applications import Starlette
from starlette.middleware import Middleware

from local.twins.control import Control, ControlMiddleware
from local.twins.navimpact.api import EXCEPTION_HANDLERS, Api
from local.twins.navimpact.page import Page
from local.twins.navimpact.platform import Platform
from local.twins.navimpact.records import ENTITIES
from local.twins.navimpact.sample import make
from local.twins.navimpact.store import Store

PORT = 8789


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a twin is started with.

    Without *state* everything is in memory. *webhook_secrets* are `whsec_...`; several sign side by side, as while a
    secret is rotated. *seed* and *projects* fill a store that is new.
    """

    token: str
    state: Path | None = None
    webhook_url: str | None = None
    webhook_secrets: tuple[str, ...] = ()
    seed: int = 0
    projects: int = 25

    def __post_init__(self) -> None:
        """Refuse what could not work, while somebody is looking."""
        if not self.token:
            raise ValueError("the NavImpact twin stopped because NAVIMPACT_TWIN_TOKEN is empty; set a service token")
        if self.webhook_url and not self.webhook_secrets:
            raise ValueError(
                "the NavImpact twin stopped because it has NAVIMPACT_TWIN_WEBHOOK_URL but no "
                "NAVIMPACT_TWIN_WEBHOOK_SECRET; set one that starts with whsec_"
            )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read NAVIMPACT_TWIN_STATE, _TOKEN, _WEBHOOK_URL, _WEBHOOK_SECRET (several apart by spaces), _SEED, _PROJECTS.

        Raises:
            ValueError: a value is missing or no number.
        """
        state = env.get("NAVIMPACT_TWIN_STATE")
        return cls(
            token=env.get("NAVIMPACT_TWIN_TOKEN", ""),
            state=Path(state) if state else None,
            webhook_url=env.get("NAVIMPACT_TWIN_WEBHOOK_URL") or None,
            webhook_secrets=tuple(env.get("NAVIMPACT_TWIN_WEBHOOK_SECRET", "").split()),
            seed=_number(env, "NAVIMPACT_TWIN_SEED", 0),
            projects=_number(env, "NAVIMPACT_TWIN_PROJECTS", 25),
        )


def create_app(config: Config) -> Starlette:
    """A twin of its own with its own store; it is filled, and its webhooks flow, while its lifespan runs.

    `app.state.control` is its control surface, for tests in the same process.
    """
    store = Store(config.state)

    def refill(seed: int | None, projects: int | None) -> None:
        wanted = config.projects if projects is None else projects
        platform.fill(make(seed=config.seed if seed is None else seed, projects=wanted))

    control = Control(on_reset=refill, state=lambda: _state(store), webhook_url=config.webhook_url, seed=config.seed)
    platform = Platform(store=store, clock=control.clock, outbox=control.outbox, secrets=config.webhook_secrets)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            if store.is_new:
                refill(None, None)
            async with control.lifespan(app):
                platform.tell_what_is_left()
                yield
        finally:
            store.close()

    app = Starlette(
        routes=[*Api(platform, token=config.token).routes(), *Page(store).routes(), *control.routes()],
        middleware=[Middleware(ControlMiddleware, control=control)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    app.state.control = control
    return app


def _state(store: Store) -> dict[str, Any]:
    records = {entity.name: [one.as_json() for one in store.all(entity)] for entity in ENTITIES}
    return {**records, "undelivered_events": len(store.events())}


def _number(env: Mapping[str, str], name: str, otherwise: int) -> int:
    written = env.get(name) or str(otherwise)
    if not written.isdecimal():
        raise ValueError(f"the NavImpact twin stopped because {name} is {written!r}; set a whole number of 0 or more")
    return int(written)
