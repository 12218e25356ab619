"""A workspace's own templates, and pages that people asked for from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from navsync.errors import Refused
from navsync.store import keys, records
from navsync.store.dynamo import ConditionFailedError, Dynamo, when
from navsync.store.keys import Tables, within
from navsync.store.records import Shelf
from navsync.templates import BUILT_IN, Commission, Template

COMMISSIONS_ARE_KEPT = timedelta(days=7)
"""As long as one can ask how far a run has come."""

MOST_TEMPLATES = 100
"""Of its own that a workspace may have."""


class Templates:
    """The templates of one workspace: its own, and the built-in ones whose names it has not taken."""

    def __init__(self, dynamo: Dynamo, tables: Tables, workspace_id: int) -> None:
        self.dynamo = dynamo
        self.table = tables.workspaces
        self.workspace_id = workspace_id

    def all(self) -> Sequence[Template]:
        """By name."""
        every = {**BUILT_IN, **{template.name: template for template in self._own()}}
        return [every[name] for name in sorted(every)]

    def get(self, name: str) -> Template | None:
        """The template of that name."""
        item = self.dynamo.get(self.table, within(self.workspace_id, keys.template(name)))
        return BUILT_IN.get(name) if item is None else records.read_short(Template, item["body"])

    def put(self, template: Template) -> None:
        """Keep *template*, in the place of what had its name. Raises `Refused` when there are too many."""
        known = {each.name for each in self._own()}
        if template.name not in known and len(known) >= MOST_TEMPLATES:
            raise Refused(f"a workspace has {MOST_TEMPLATES} templates of its own at most; delete one first")
        key = within(self.workspace_id, keys.template(template.name))
        self.dynamo.put(self.table, key | {"body": records.write_short(template)})

    def delete(self, name: str) -> bool:
        """Forget the workspace's own template of that name; False when there is none."""
        key = within(self.workspace_id, keys.template(name))
        try:
            self.dynamo.delete(self.table, key, when("attribute_exists(#pk)"))
        except ConditionFailedError:
            return False
        return True

    def _own(self) -> list[Template]:
        own = when("#pk = :pk AND begins_with(#sk, :templates)", pk=keys.partition(self.workspace_id),
                   templates=keys.TEMPLATES)  # fmt: skip
        return [records.read_short(Template, item["body"]) for item in self.dynamo.query(self.table, own)]


class DynamoCommissions:
    """A `navsync.ports.Commissions`. Beside the work they are about, since who puts the one puts the other."""

    def __init__(self, dynamo: Dynamo, tables: Tables, workspace_id: int) -> None:
        self.dynamo = dynamo
        self.table = tables.mappings
        self.workspace_id = workspace_id

    def get(self, commission_id: int) -> Commission | None:
        """The commission, read consistently."""
        item = self.dynamo.get(self.table, within(self.workspace_id, keys.commission(commission_id)))
        return None if item is None else records.read(Commission, item["body"], self._shelf(commission_id))

    def save(self, commission: Commission) -> Commission:
        """Keep how far it has come, and return it."""
        ends = int((commission.asked_at + COMMISSIONS_ARE_KEPT).timestamp())
        folded = records.write(commission)
        self._shelf(commission.id).store(folded, expires_at=ends)
        key = within(self.workspace_id, keys.commission(commission.id))
        self.dynamo.put(self.table, key | {"body": folded.text, "expires_at": ends})
        return commission

    def _shelf(self, commission_id: int) -> Shelf:
        return Shelf.of(self.dynamo, self.table, self.workspace_id, f"c{commission_id}")
