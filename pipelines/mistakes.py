"""What is wrong with a settings file, in words for whoever wrote it: a line per key, with what it should be."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

KINDS = {
    "string": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a section",
    "model": "a section",
    "date": "a date, such as 2025-01-01",
}
LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def lines(error: ValidationError, prefix: str = "") -> Iterator[str]:
    """`key: what is wrong`, each key once: one that may be of several types is wrong as each of them."""
    told: dict[str, str] = {}
    for found in error.errors():
        told.setdefault(_key(found["loc"]), _said(found))
    yield from (f"{prefix}{key}: {said}" for key, said in told.items())


def _key(location: tuple[int | str, ...]) -> str:
    """The key as the file has it: a choice between types leaves their names in it."""
    parts = [str(part) for part in location]
    return ".".join(part for part in parts if not (part in ("str", "[key]") or "[" in part))


def _said(found: Any) -> str:
    kind, value, context = found["type"], found["input"], found.get("ctx", {})
    if kind == "value_error":
        return str(found["msg"]).removeprefix("Value error, ")
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not known: correct its name, or take it out"
    if kind in LIMITS:
        word, limit = LIMITS[kind]
        return f"is {value!r}, but should be {word} {context[limit]:g}"
    if kind == "literal_error":
        return f"is {value!r}, but should be {context['expected']}"
    if kind in ("too_short", "string_too_short"):
        return "is empty"
    if kind == "string_pattern_mismatch":
        return f"is {value!r}, which is not written as it should be: {context['pattern']}"
    for name, words in KINDS.items():
        if kind.startswith(f"{name}_"):
            return f"is {value!r}, but should be {words}"
    return f"is {value!r}, which cannot be"
