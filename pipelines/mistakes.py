"""What is wrong with a settings file, in words for whoever wrote it: a line per key, with what it should be."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

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


def lines(error: ValidationError, model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """`key: what is wrong`, each key once: one that may be of several types is wrong as each of them."""
    told: dict[str, str] = {}
    for found in error.errors():
        told.setdefault(_key(found["loc"]), _said(found) + _near(found, model))
    # what is wrong between several keys of a section is told of the section
    yield from (f"{prefix}{key}".removesuffix(".") + f": {said}" for key, said in told.items())


def meant(name: str, known: Iterable[str]) -> str:
    """A question for the name that is nearest to an unknown one, if one is near."""
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else ""


def _near(found: Any, model: type[BaseModel]) -> str:
    if found["type"] != "extra_forbidden":
        return ""
    *path, name = found["loc"]
    question = meant(str(name), _keys(model, path))
    return f"; {question}" if question else ""


def _keys(model: type[BaseModel], path: list[int | str]) -> Iterable[str]:
    """The keys of a section, where its name leads to a model or a list of one."""
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inside = (field.annotation, *get_args(field.annotation)) if field else ()
        models = [one for one in inside if isinstance(one, type) and issubclass(one, BaseModel)]
        if not models:
            return ()
        model = models[0]
    return [field.alias or name for name, field in model.model_fields.items()]


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
