"""Who is in the workspace?"""

from local.twins.notion.records import Bot, Person
from local.twins.notion.requests import Ask, window_of_query
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller, shown_user


def me(caller: Caller, _ask: Ask) -> JsonObject:
    """The connection itself, or the person whose edit this is."""
    return shown_user(caller.world, caller.user(caller.author.id), caller.bot)


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """One user."""
    return shown_user(caller.world, caller.user(ask.path["user_id"]), caller.bot)


def list_all(caller: Caller, ask: Ask) -> JsonObject:
    """All members and bots."""
    store = caller.world.store
    everybody: list[Person | Bot] = [*store.all(Person), *store.all(Bot)]
    here = [user for user in everybody if user.workspace_id == caller.workspace.id]
    window = window_of_query(caller, ask, "users")
    return window.of(here, "user", lambda user: shown_user(caller.world, user, caller.bot), list_id="users")
