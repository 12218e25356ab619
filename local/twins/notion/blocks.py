"""Pages and databases under the name of blocks: looked at and trashed."""

from local.twins.notion import databases, objects, pages
from local.twins.notion.records import Page
from local.twins.notion.requests import Ask
from local.twins.notion.wire import JsonObject
from local.twins.notion.world import Caller


def retrieve(caller: Caller, ask: Ask) -> JsonObject:
    """GET /v1/blocks/{block_id}."""
    return objects.block(caller, caller.block(ask.path["block_id"]))


def delete(caller: Caller, ask: Ask) -> JsonObject:
    """DELETE /v1/blocks/{block_id}: into the trash, from where it can be restored."""
    found = caller.block(ask.path["block_id"])
    after = pages.trash(caller, found) if isinstance(found, Page) else databases.trash(caller, found)
    return objects.block(caller, after)
