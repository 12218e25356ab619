"""The columns of a data source: declared, added, renamed, retyped and removed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from local.twins.notion import options
from local.twins.notion.errors import UNDEFINED, validation
from local.twins.notion.ids import Minter
from local.twins.notion.properties import PARSERS, READ_ONLY
from local.twins.notion.records import DataSource, Property
from local.twins.notion.validation import Findings
from local.twins.notion.wire import JsonObject

TYPES: Final = (*PARSERS, *sorted(READ_ONLY))
NUMBER_FORMATS: Final = (
    "number", "number_with_commas", "percent", "dollar", "australian_dollar", "canadian_dollar", "singapore_dollar",
    "euro", "pound", "yen", "ruble", "rupee", "won", "yuan", "real", "lira", "rupiah", "franc", "hong_kong_dollar",
    "new_zealand_dollar", "krona", "norwegian_krone", "mexican_peso", "rand", "new_taiwan_dollar", "danish_krone",
    "zloty", "baht", "forint", "koruna", "shekel", "chilean_peso", "philippine_peso", "dirham", "colombian_peso",
    "riyal", "ringgit", "leu", "argentine_peso", "uruguayan_peso", "peruvian_sol",
)  # fmt: skip

type Action = Literal["created", "updated", "deleted"]


@dataclass(frozen=True)
class ColumnChange:
    """What happened to one column."""

    before: Property | None
    after: Property | None

    @property
    def action(self) -> Action:
        """The webhook's word for it."""
        return "created" if self.before is None else "deleted" if self.after is None else "updated"

    def as_event(self) -> JsonObject:
        """The entry in a schema_updated webhook."""
        column = self.after or self.before
        assert column is not None  # noqa: S101  # a change without either side is never made
        return {"id": column.encoded_id, "name": self.after and self.after.name, "action": self.action}


@dataclass
class Designing:
    """What reading columns needs; *target* finds the data source that a relation points to."""

    findings: Findings
    minter: Minter
    target: Callable[[str], DataSource]
    taken: set[str] = field(default_factory=set)
    edits_status: bool = False
    """Whether a status that there is may get another name or colour."""


def declared(raw: JsonObject, path: str, designing: Designing) -> tuple[Property, ...]:
    """The columns of a new data source; without a title column it gets one called Name."""
    columns = [_new(name, spec, f"{path}.{name}", designing) for name, spec in raw.items()]
    designing.findings.check()
    titles = [column for column in columns if column.type == "title"]
    if len(titles) > 1:
        raise validation("A data source has exactly one title property.")
    return tuple(columns) if titles else (*columns, Property("title", "Name", "title"))


def changes(source: DataSource, raw: JsonObject, designing: Designing) -> list[ColumnChange]:
    """What a PATCH of properties does to the columns, in its order.

    Raises:
        ApiError: a key names no column, the title would go, two columns would share a name.
    """
    found = [_change(source, key, spec, designing) for key, spec in raw.items()]
    designing.findings.check()
    _refuse_same_names(source, found)
    return [change for change in found if change.before != change.after]


def applied(columns: tuple[Property, ...], made: list[ColumnChange]) -> tuple[Property, ...]:
    """The columns after *made*."""
    after = {change.before.id: change.after for change in made if change.before}
    kept = [after.get(column.id, column) for column in columns]
    added = [change.after for change in made if change.before is None]
    return tuple(column for column in (*kept, *added) if column is not None)


def _change(source: DataSource, key: str, spec: Any, designing: Designing) -> ColumnChange:
    before, path = source.property(key), f"body.properties.{key}"
    if before is None:
        if not isinstance(spec, dict) or _kind(spec) is None:
            raise validation(f"Could not find property with name or id: {key}")
        return ColumnChange(None, _new(str(spec.get("name", key)), spec, path, designing))
    if spec is None:
        _refuse_removing_title(before)
        return ColumnChange(before, None)
    return ColumnChange(before, _changed(before, designing.findings.mapping(spec, path), path, designing))


def _refuse_removing_title(column: Property) -> None:
    if column.type == "title":
        raise validation("Title property cannot be deleted.")


def _changed(before: Property, spec: JsonObject, path: str, designing: Designing) -> Property:
    name = before.name
    if "name" in spec:
        name = designing.findings.string(spec["name"], f"{path}.name", least=1)
    kind = _kind(spec) or before.type
    if "title" in (kind, before.type) and kind != before.type:
        raise validation(f"Cannot change the type of property {before.name} from {before.type} to {kind}.")
    base = before if kind == before.type else replace(before, type=kind, config={})
    if kind not in spec:
        return replace(base, name=name)
    config = _config(base, designing.findings.mapping(spec[kind], f"{path}.{kind}"), f"{path}.{kind}", designing)
    return replace(base, name=name, config=config)


def _new(name: str, spec: Any, path: str, designing: Designing) -> Property:
    given = designing.findings.mapping(spec, path)
    kind = _kind(given)
    if kind is None:
        choices = " or ".join(f'`"{known}"`' for known in TYPES)
        designing.findings.add(f"{path}.type", choices, given.get("type", UNDEFINED))
        return Property("", name, "rich_text")
    bare = Property("title" if kind == "title" else designing.minter.property(designing.taken), name, kind)
    designing.taken.add(bare.id)
    config = designing.findings.mapping(given.get(kind, {}), f"{path}.{kind}")
    return replace(bare, config=_config(bare, config, f"{path}.{kind}", designing))


def _kind(spec: JsonObject) -> str | None:
    named = spec.get("type")
    if named is not None:
        return named if named in TYPES else None
    return next((key for key in spec if key in TYPES), None)


def _config(column: Property, raw: JsonObject, path: str, designing: Designing) -> JsonObject:
    match column.type:
        case "select" | "multi_select" | "status":
            edits = designing.edits_status and column.type == "status"
            return options.configured(column, raw, path, designing.findings, designing.minter, edits=edits)
        case "number":
            wanted = raw.get("format", column.config.get("format", "number"))
            return {"format": designing.findings.one_of(wanted, NUMBER_FORMATS, f"{path}.format")}
        case "relation":
            return _relation(column, raw, path, designing)
        case _:
            return {}


def _relation(column: Property, raw: JsonObject, path: str, designing: Designing) -> JsonObject:
    target_id = designing.findings.uuid(raw.get("data_source_id", UNDEFINED), f"{path}.data_source_id")
    kind = raw.get("type") or next((key for key in ("single_property", "dual_property") if key in raw), None)
    chosen = designing.findings.one_of(kind or UNDEFINED, ("single_property", "dual_property"), f"{path}.type")
    designing.findings.check()
    target = designing.target(target_id)
    kept = column.config.get(chosen) if column.config.get("data_source_id") == target_id else None
    details = kept or ({} if chosen == "single_property" else raw.get("dual_property") or {})
    return {"database_id": target.database_id, "data_source_id": target_id, "type": chosen, chosen: details}


def _refuse_same_names(source: DataSource, made: list[ColumnChange]) -> None:
    names = [column.name for column in applied(source.schema, made)]
    for name in names:
        if names.count(name) > 1:
            raise validation(f"Property names must be unique: {name}")
