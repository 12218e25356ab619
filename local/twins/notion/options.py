"""The options of select, multi_select and status columns: how they are made, found, replaced and lost."""

from dataclasses import replace
from typing import Final

from local.twins.notion.errors import UNDEFINED, ApiError, validation
from local.twins.notion.ids import COLORS, Minter
from local.twins.notion.records import Property
from local.twins.notion.validation import MAX_OPTION_NAME, Findings
from local.twins.notion.wire import JsonArray, JsonObject

WITH_OPTIONS: Final = frozenset({"select", "multi_select", "status"})
GROUPS: Final = (("To-do", "gray"), ("In progress", "blue"), ("Complete", "green"))
_STATUS_DEFAULTS: Final = (
    ("Not started", "default", "To-do"),
    ("In progress", "blue", "In progress"),
    ("Done", "green", "Complete"),
)


def find(column: Property, reference: JsonObject) -> JsonObject | None:
    """The option meant by `{id}` or `{name}`; names are equal whatever their case."""
    wanted, name = reference.get("id"), str(reference.get("name", "")).casefold()
    if wanted is not None:
        return next((option for option in column.config["options"] if option["id"] == wanted), None)
    return next((option for option in column.config["options"] if option["name"].casefold() == name), None)


def by_id(column: Property, option_id: str | None) -> JsonObject | None:
    """The option as a page shows it; None when it has been deleted."""
    found = next((option for option in column.config["options"] if option["id"] == option_id), None)
    return None if found is None else {key: found[key] for key in ("id", "name", "color")}


def default(column: Property) -> str | None:
    """The status that a row has when nobody set one: the first of the first group that has any."""
    chosen = (group["option_ids"][0] for group in column.config["groups"] if group["option_ids"])
    return next(chosen, None)


def refuse_comma(column: Property, name: str) -> None:
    """Notion joins names by commas somewhere inside, so it cannot have them in a name."""
    if "," in name:
        raise validation(f"Invalid {column.type} option, commas not allowed: {name}")


def unknown_status(name: str) -> ApiError:
    """A page write cannot make a status; the stray quote is Notion's."""
    return validation(f'Invalid status option. Status option "{name}" does not exist".')


def with_new(column: Property, name: str, minter: Minter) -> Property:
    """The column with one more option, in a colour of Notion's choice."""
    option = {"id": minter.plain(), "name": name, "color": minter.color(), "description": None}
    return replace(column, config=column.config | {"options": [*column.config["options"], option]})


def configured(
    column: Property, raw: JsonObject, path: str, findings: Findings, minter: Minter, *, edits: bool
) -> JsonObject:
    """The column's config after a write of *raw*; without `options` in it the list stays.

    The list replaces the old one: options left out are gone, and with them the values of all rows. *edits*: those that
    are kept may get another name or colour.
    """
    if "options" not in raw:
        return column.config or _initial(column.type, minter)
    given = [
        findings.mapping(item, f"{path}.options[{index}]")
        for index, item in enumerate(findings.array(raw["options"], f"{path}.options"))
    ]
    _check_names(given, f"{path}.options", findings)
    findings.check()
    made = [_option(column, item, minter, edits=edits) for item in given]
    _refuse_twins(made)
    return {"options": made} | ({"groups": _groups(column, given, made, minter)} if column.type == "status" else {})


def _check_names(given: list[JsonObject], path: str, findings: Findings) -> None:
    for index, item in enumerate(given):
        here = f"{path}[{index}]"
        findings.only(item, ("id", "name", "color", "description", "group"), here)
        if "id" not in item:
            findings.string(item.get("name", UNDEFINED), f"{here}.name", most=MAX_OPTION_NAME, least=1)
        if item.get("color") is not None:
            findings.one_of(item["color"], COLORS, f"{here}.color")
        if "group" in item:
            findings.one_of(item["group"], [name for name, _ in GROUPS], f"{here}.group")


def _option(column: Property, item: JsonObject, minter: Minter, *, edits: bool) -> JsonObject:
    known = find(column, item) if column.config else None
    if known is not None and edits:
        refuse_comma(column, item.get("name") or "")
        return known | {key: item[key] for key in ("name", "color") if item.get(key) is not None}
    if known is not None:
        _refuse_repainting(column, known, item)
        return known
    if "name" not in item:
        raise validation(f"Could not find {column.type} option with id: {item['id']}")
    refuse_comma(column, item["name"])
    color = item.get("color") or minter.color()
    return {"id": minter.plain(), "name": item["name"], "color": color, "description": item.get("description")}


def _refuse_repainting(column: Property, known: JsonObject, item: JsonObject) -> None:
    for key in ("color", "name"):
        if item.get(key) is not None and str(item[key]).casefold() != known[key].casefold():
            raise validation(f"Cannot update {key} of {column.type} with name: {known['name']}.")


def _refuse_twins(made: list[JsonObject]) -> None:
    names = [option["name"].casefold() for option in made]
    for option in made:
        if names.count(option["name"].casefold()) > 1:
            raise validation(f"Option names must be unique, case-insensitively: {option['name']}")


def _groups(column: Property, given: list[JsonObject], made: list[JsonObject], minter: Minter) -> JsonArray:
    old = (column.config or _initial("status", minter))["groups"]
    before = {option_id: group["name"] for group in old for option_id in group["option_ids"]}
    home = {
        option["id"]: item.get("group") or before.get(option["id"], GROUPS[0][0])
        for item, option in zip(given, made, strict=True)
    }
    return [
        group | {"option_ids": [option_id for option_id, name in home.items() if name == group["name"]]}
        for group in old
    ]


def _initial(kind: str, minter: Minter) -> JsonObject:
    if kind != "status":
        return {"options": []}
    options = [
        {"id": minter.plain(), "name": name, "color": color, "description": None} for name, color, _ in _STATUS_DEFAULTS
    ]
    groups = [
        {"id": minter.plain(), "name": name, "color": color, "option_ids": [option["id"]]}
        for (name, color), option in zip(GROUPS, options, strict=True)
    ]
    return {"options": options, "groups": groups}
