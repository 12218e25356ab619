"""What the twin's JSON looks like to Python: names for the shapes that everything here passes around."""

from typing import Any

type JsonObject = dict[str, Any]
type JsonArray = list[Any]

__all__ = ["JsonArray", "JsonObject"]
