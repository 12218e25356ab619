"""Templates, and pages made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import replace
from http import HTTPStatus
from itertools import chain

from aws_lambda_powertools.event_handler import Response
from pydantic import JsonValue

from dashboard import asking, pages
from dashboard.front import SEVERAL_WORKSPACES, must_be_active, routes, runtime, workspace_meant, workspaces_of
from navsync import api, views
from navsync.api import Call, Nothing, answers, asks
from navsync.errors import Refused
from navsync.fields import Unreadable
from navsync.model import EntityRef, EntityType, WorkKind, Workspace
from navsync.templates import BUILT_IN, Commission, Template, names_of, values_of

IN_USE = {"in_use": (409, "The workspace's settings say that new rows start with it; the detail names them.")}

TOO_MANY = {"too_many": (409, "The workspace has as many templates of its own as it may have.")}


@routes.reads("/templates", role="viewer", query=asks.TemplateQuery, answers=answers.Page[answers.TemplateAnswer])
def templates(call: Call[asks.TemplateQuery, Nothing]) -> Response[str]:
    """What pages may start with, by workspace and name: the built-in templates, and those of the workspace's own."""
    asked = call.query
    every = list(chain.from_iterable(map(_shown, workspaces_of(call, asked.workspace_id))))
    return api.json_response(pages.page(every[asked.skip : asked.skip + asked.limit], len(every), asked))


def _shown(workspace: Workspace) -> list[views.Json]:
    return [views.template(workspace.id, each) for each in runtime.store.templates(workspace.id).all()]


@routes.changes(
    "POST",
    "/templates",
    role="analyst",
    query=Nothing,
    body=asks.NewTemplate,
    answers=answers.TemplateAnswer,
    statuses=(201,),
    problems=SEVERAL_WORKSPACES | TOO_MANY | {"exists": (409, "There is a template of that name: change it instead.")},
)
def add_template(call: Call[Nothing, asks.NewTemplate]) -> Response[str]:
    """Add a template of the workspace's own."""
    asked = call.body
    workspace = call.enter(workspace_meant(call, asked.workspace_id))
    if runtime.store.templates(workspace.id).get(asked.name) is not None:
        raise api.Problem(HTTPStatus.CONFLICT, "exists", f"There is a template {asked.name} already: change it.")
    return _kept(workspace, asked.name, asked, HTTPStatus.CREATED)


@routes.changes(
    "PUT",
    "/templates/{template}",
    role="analyst",
    query=asks.Scope,
    body=asks.ChangeTemplate,
    answers=answers.TemplateAnswer,
    problems=SEVERAL_WORKSPACES | TOO_MANY | IN_USE,
)
def change_template(call: Call[asks.Scope, asks.ChangeTemplate]) -> Response[str]:
    """Replace a template as a whole. A built-in one becomes the workspace's own; other workspaces keep it as it was."""
    workspace, template = _entered(call)
    _must_not_be_missed(workspace, template.name, call.body.entity_type)
    return _kept(workspace, template.name, call.body, HTTPStatus.OK)


@routes.changes(
    "DELETE",
    "/templates/{template}",
    role="analyst",
    query=asks.Scope,
    body=Nothing,
    answers=answers.TemplateDeleted,
    problems=SEVERAL_WORKSPACES | IN_USE | {"built_in": (409, "It is built in: it can be changed, and not deleted.")},
)
def delete_template(call: Call[asks.Scope, Nothing]) -> Response[str]:
    """Delete a template of the workspace's own; a built-in one of its name is there again. Pages stay as they are."""
    workspace, template = _entered(call)
    built_in = BUILT_IN.get(template.name)
    _must_not_be_missed(workspace, template.name, None if built_in is None else built_in.entity_type)
    if not runtime.store.templates(workspace.id).delete(template.name):
        raise api.Problem(HTTPStatus.CONFLICT, "built_in", f"{template.name} is built in: it cannot be deleted.")
    message = "The built-in template is there again." if template.name in BUILT_IN else "Template deleted."
    return api.json_response({"message": message})


def _must_not_be_missed(workspace: Workspace, name: str, stays_for: EntityType | None) -> None:
    """Refuse where new rows of another kind than that which the template of *name* *stays_for* start with it."""
    chosen = workspace.settings.page_templates.items()
    users = [kind for kind, used in chosen if used == name and kind != stays_for]
    if users:
        settings = ", ".join(f"page_templates.{kind}" for kind in sorted(users))
        reason = f"New rows start with {name}: choose another one in the workspace's settings first ({settings})."
        raise api.Problem(HTTPStatus.CONFLICT, "in_use", reason)


def _entered[Brought: (asks.ChangeTemplate, Nothing)](
    call: Call[asks.Scope, Brought],
) -> tuple[Workspace, Template]:
    """The workspace, entered to change something in it, and the template that the path names."""
    workspace = call.enter(workspace_meant(call, call.query.workspace_id))
    return workspace, _template(workspace, call.path["template"])


def _template(workspace: Workspace, name: str) -> Template:
    found = runtime.store.templates(workspace.id).get(name) if re.match(asks.TEMPLATE_NAME, name) else None
    if found is None:
        raise api.not_found("template")
    return found


def _kept(workspace: Workspace, name: str, asked: asks.ChangeTemplate, status: HTTPStatus) -> Response[str]:
    template = Template(name, asked.title, asked.body, asked.entity_type)
    try:
        runtime.store.templates(workspace.id).put(template)
    except Refused as error:
        raise api.Problem(HTTPStatus.CONFLICT, "too_many", f"The template was not kept: {error}.") from error
    return api.json_response(views.template(workspace.id, template), status)


# --- pages ------------------------------------------------------------------------------------------------------------


@routes.changes(
    "POST",
    "/create-template",
    role="analyst",
    query=Nothing,
    body=asks.CreateTemplate,
    answers=answers.PageFromTemplate,
    statuses=(200, 202),
    problems=SEVERAL_WORKSPACES
    | asking.DECISION_PROBLEMS
    | {
        "not_found": (404, "There is no template of that name."),
        "not_made": (409, "The page could not be made; the detail says why, and so does the history."),
    },
)
def create_template(call: Call[Nothing, asks.CreateTemplate]) -> Response[str]:
    """Make a page from a template. Waits for it, unless `Prefer` says how long; 202: it is made later, once."""
    asked = call.body
    given = asked.project_data or {}
    workspace = call.enter(workspace_meant(call, asked.workspace_id))
    must_be_active(workspace)
    template = _template(workspace, asked.template_name)
    blank = asking.work(call, WorkKind.TEMPLATE, "")
    work = replace(blank, external_id=blank.run_id)
    commission = Commission(int(work.run_id), template, asked.parent_page_id, runtime.clock())
    kept = runtime.store.desk(workspace.id).commissions()
    kept.save(commission := _with_record(commission, given))
    asking.done_within(call.wait_or(api.LONGEST_WAIT_S), [workspace.id], work)
    ignored = [] if commission.entity is not None else _ignored(template.entity_type, given)
    return _came_of(kept.get(commission.id) or commission, ignored)


def _with_record(commission: Commission, given: Mapping[str, JsonValue]) -> Commission:
    """*commission* with what fills the page: a record to be read from NavImpact, or one that was sent along."""
    entity_type = commission.template.entity_type
    match given:
        case {"project_id": id, **rest} if not rest and entity_type is EntityType.MEDIA_PROJECT:
            return replace(commission, entity=_entity(entity_type, id))
        case {"entity_id": id, **rest} if not rest and entity_type is not None:
            return replace(commission, entity=_entity(entity_type, id))
    if given and given.keys().isdisjoint(names_of(entity_type)):
        raise api.invalid(["project_data"], _says_nothing(entity_type))
    try:
        return replace(commission, values=values_of(entity_type, given))
    except Unreadable as error:
        raise api.invalid(["project_data"], str(error)) from error


def _says_nothing(entity_type: EntityType | None) -> str:
    if entity_type is None:
        return "the template is about no record; give a title, or nothing"
    id = "project_id" if entity_type is EntityType.MEDIA_PROJECT else "entity_id"
    names = ", ".join(names_of(entity_type))
    return f'it names no field of the record; give some of {names}, or only {{"{id}": 42}} to have the record read'


def _ignored(entity_type: EntityType | None, given: Mapping[str, JsonValue]) -> list[str]:
    """What was sent along and no template shows, without what NavImpact says of each record."""
    unread = given.keys() - {*names_of(entity_type), *ON_EACH_RECORD}
    return sorted(name[:LONGEST_NAME] for name in unread)[:MOST_IGNORED]


ON_EACH_RECORD = ("id", "created_at", "updated_at")

MOST_IGNORED, LONGEST_NAME = 100, 100


def _entity(entity_type: EntityType, id: JsonValue) -> EntityRef:
    number = api.public_id(str(id)) if isinstance(id, int | str) else None
    if number is None:
        raise api.invalid(["project_data"], "the id of a record is a number")
    return EntityRef(entity_type, str(number))


def _came_of(commission: Commission, ignored: Sequence[str]) -> Response[str]:
    """What became of it so far, and what of the request had no part in it."""
    if commission.refused is not None:
        raise api.Problem(HTTPStatus.CONFLICT, "not_made", f"The page was not made: {commission.refused}.")
    done = commission.page_id is not None
    content = {
        "message": f"Page {'made' if done else 'will be made'} from the template {commission.template.name}",
        "template_id": commission.page_id,
        "template_url": commission.url,
        "run_id": str(commission.id),
        "done": done,
        "ignored": ignored,
    }
    answer = api.json_response(content, HTTPStatus.OK if done else HTTPStatus.ACCEPTED)
    answer.headers["Location"] = f"{api.PREFIX}/history?run_id={commission.id}"
    return answer
