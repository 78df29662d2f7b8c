"""Faults of a site file in words an integrator can act on: where it is, what stands there, what is allowed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

LONGEST_VALUE: Final = 80
MISSING: Final = "(missing)"
TYPE_NAMES: Final = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "an array",
}
Part = int | str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a site file."""

    path: str
    value: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.path}: {self.value}: {self.allowed}"


class SiteError(ValueError):
    """A site file that cannot be used; `faults` lists everything found, the text has one line each."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        self.file = file
        self.faults = list(faults)
        super().__init__("\n".join(f"{file}: {fault}" for fault in faults))


def worded(error: ValidationError, schema: Mapping[str, Any]) -> list[Fault]:
    """The faults pydantic found, told with what the JSON Schema of the whole file says about their places."""
    return [_worded(one, schema) for one in error.errors() if not _follows(one)]


def _follows(error: ErrorDetails) -> bool:
    """Whether a list only counts as too short because of faults in its entries."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _worded(error: ErrorDetails, schema: Mapping[str, Any]) -> Fault:
    kind, context, loc = error["type"], error.get("ctx", {}), error["loc"]
    path, node = _place(schema, loc)
    if kind == "missing":
        return Fault(path, MISSING, f"needed: {_described(schema, node)}")
    if kind == "extra_forbidden":
        keys = _place(schema, loc[:-1])[1].get("properties", {})
        return Fault(path, shown(error["input"]), f"no such key; there are: {', '.join(keys)}")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = str(context["discriminator"]).strip("'")
        tags = ", ".join(repr(tag) for tag in node["discriminator"]["mapping"])
        return Fault(f"{path}.{key}", repr(context["tag"]) if "tag" in context else MISSING, f"one of {tags}")
    if kind == "string_pattern_mismatch" or kind.endswith(("_type", "_parsing")):
        return Fault(path, shown(error["input"]), _described(schema, node))
    return Fault(path, shown(error["input"]), _plain(error["msg"]))


def shown(value: object) -> str:
    """A value as it stands in the file, kept short."""
    text = f"a table with {', '.join(map(str, value))}" if isinstance(value, dict) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def with_ids(path: str, raw: object) -> str:
    """The path with the ids of the entries it leads through: devices[37].topic becomes devices[37 a1_air].topic."""
    result, value = "", raw
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        value = _entry(value, name or int(index))
        if name:
            result += f".{name}" if result else name
        else:
            own = value.get("id") if isinstance(value, dict) else None
            result += f"[{index} {own}]" if isinstance(own, str) else f"[{index}]"
    return result


def _plain(message: str) -> str:
    for begin, better in (
        ("Value error, ", ""),
        ("Input should be ", "must be "),
        ("Tuple should have ", "must have "),
        (" after validation", ""),
    ):
        message = message.replace(begin, better)
    return message


def _entry(value: object, part: Part) -> object:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _place(schema: Mapping[str, Any], loc: Sequence[Part]) -> tuple[str, Mapping[str, Any]]:
    """The path in the file, and what the schema says about it: empty when it says nothing.

    A loc also names the alternatives that pydantic chose, and marks faults in keys; neither is part of the file's path.
    """
    path, node = "", _resolved(schema, schema)
    for part in loc:
        if part in (mapping := node.get("discriminator", {}).get("mapping", {})):
            node = {"$ref": mapping[part]}
        elif isinstance(part, int):
            path += f"[{part}]"
            tuple_items = node.get("prefixItems", [])
            node = tuple_items[part] if part < len(tuple_items) else node.get("items", {})
        elif part != "[key]":
            path += f".{part}" if path else part
            node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
        node = _resolved(schema, node)
    return path or "(file)", node


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node behind a reference, and behind 'this or nothing'."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        elif "anyOf" in node:
            node = next(option for option in node["anyOf"] if option.get("type") != "null")
        else:
            return node


def _described(schema: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """What may stand at a place of the file."""
    if "enum" in node or "const" in node:
        return "one of " + ", ".join(repr(value) for value in node.get("enum", [node.get("const")]))
    if "discriminator" in node:
        key, tags = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        return f"a table with {key} = one of {', '.join(repr(tag) for tag in tags)}"
    kind = node.get("type", "")
    if kind == "object":
        keys = node.get("required") or list(node.get("properties", {}))
        return f"a table with {', '.join(keys)}" if keys else "a table"
    if kind == "array" and (item := _resolved(schema, node.get("items", {}))).get("type") == "object":
        return f"an array, each entry {_described(schema, item)}"
    if kind == "string":
        if node.get("format") == "date":
            return "a date such as 2026-01-31"
        pattern = f" ({node['pattern']})" if "pattern" in node else ""
        return f"such as {node['examples'][0]}{pattern}" if "examples" in node else f"a text{pattern}"
    return " ".join([TYPE_NAMES.get(kind, "something else"), *_limits(node)])


def _limits(node: Mapping[str, Any]) -> Iterator[str]:
    for key, sign in (("minimum", ">="), ("exclusiveMinimum", ">"), ("maximum", "<="), ("exclusiveMaximum", "<")):
        if key in node:
            yield f"{sign} {node[key]:g}"
    if "minItems" in node:
        yield f"of at least {node['minItems']}"
