"""As much of GraphQL as Shopify's clients need: a document is parsed and answered with the fields that it asks for.

Objects are dicts with a `__typename`, or functions of the arguments that give one; connections page by cursor.
"""

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Item = dict[str, Any]
Value = Any

MOST_ROWS = 250
TOKEN = re.compile(
    r'"""(?P<block>.*?)"""|"(?P<text>(?:\\.|[^"\\])*)"|(?P<number>-?\d+)|(?P<name>[A-Za-z_]\w*)'
    r"|(?P<mark>\.\.\.|[{}()\[\]:!$=])|[\s,]+",
    re.DOTALL,
)
CONSTANTS = {"true": True, "false": False, "null": None}
WRAPPERS = ("edges", "node", "nodes", "pageInfo")  # of a connection; they cost nothing by themselves


class GraphqlError(Exception):
    """An error inside an answer."""

    def __init__(self, message: str, code: str | None = None, **extensions: Any) -> None:
        super().__init__(message)
        self.item: Item = {"message": message, "locations": [{"line": 1, "column": 1}]}
        if code or extensions:
            self.item["extensions"] = {"code": code, **extensions}


def no_such_field(name: str, typename: str) -> GraphqlError:
    """The error of a query that asks for a field which its type has not, or no longer."""
    message = f"Field '{name}' doesn't exist on type '{typename}'"
    return GraphqlError(message, "undefinedField", typeName=typename, fieldName=name)


@dataclass(frozen=True)
class Variable:
    """A value that the call gives beside the document."""

    name: str


@dataclass(frozen=True)
class Selection:
    """A field with what is wanted of it; `on` is the type that an inline fragment is for, whose name is ''."""

    name: str
    alias: str
    arguments: Item
    below: list["Selection"]
    on: str = ""


@dataclass(frozen=True)
class Connection:
    """A list that is read by pages; `build` makes a node's fields only when it is shown."""

    typename: str
    items: Sequence[Any]
    build: Callable[[Any], Item] = field(default=lambda item: item)


def parse(document: str) -> tuple[str, list[Selection]]:
    """The kind of a document's only operation, and what it selects."""
    return _Parser(document).operation()


class _Parser:
    def __init__(self, document: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(document):
            match = TOKEN.match(document, at)
            if match is None:
                raise GraphqlError(f"syntax error, unexpected {document[at]!r}")
            if match.lastgroup:
                self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.at = 0

    def operation(self) -> tuple[str, list[Selection]]:
        kind = "query"
        if self._kind() == "name":
            kind = self._take()
            if self._kind() == "name":
                self._take()
            if self._see("("):
                while self._take() != ")":
                    pass
        return kind, self.selections()

    def selections(self) -> list[Selection]:
        self._expect("{")
        found = []
        while not self._see("}"):
            found.append(self._selection())
        self._expect("}")
        return found

    def _selection(self) -> Selection:
        if self._see("..."):
            self._take()
            self._expect("on")
            on = self._take()
            return Selection("", "", {}, self.selections(), on)
        alias = name = self._take()
        if self._see(":"):
            self._take()
            name = self._take()
        arguments = {}
        if self._see("("):
            self._take()
            while not self._see(")"):
                key = self._take()
                self._expect(":")
                arguments[key] = self._value()
            self._take()
        return Selection(name, alias, arguments, self.selections() if self._see("{") else [])

    def _value(self) -> Value:
        kind, text = self._kind(), self._take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text)
        if kind == "number":
            return int(text)
        if text == "$":
            return Variable(self._take())
        if text == "[":
            found = []
            while not self._see("]"):
                found.append(self._value())
            self._take()
            return found
        return CONSTANTS.get(text, text)

    def _kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def _see(self, text: str) -> bool:
        return self._kind() in ("mark", "name") and self.tokens[self.at][1] == text

    def _take(self) -> str:
        if self._kind() == "end":
            raise GraphqlError("syntax error, unexpected end of file")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _expect(self, text: str) -> None:
        if self._take() != text:
            raise GraphqlError(f"syntax error, expected {text!r}")


class Answer:
    """Answers selections; `allow` refuses fields, `note` hears of pages, `step_back` repeats rows of the one before."""

    def __init__(
        self,
        variables: Item,
        allow: Callable[[str], None],
        note: Callable[[str, int, int], None],
        step_back: int = 0,
    ) -> None:
        self.variables, self.allow, self.note, self.step_back = variables, allow, note, step_back
        self.has_noted = False  # of connections inside one another the outermost is told

    def of(self, value: Value, selections: list[Selection], name: str = "") -> Value:
        """A value with only what is selected of it."""
        if isinstance(value, Connection):
            return self._page(value, selections, name)
        if isinstance(value, list):
            return [self.of(one, selections) for one in value]
        if not isinstance(value, dict):
            return value
        found: Item = {}
        for wanted in selections:
            if wanted.on:
                found |= self.of(value, wanted.below) if wanted.on == value["__typename"] else {}
                continue
            found[wanted.alias] = self._field(value, wanted)
        return found

    def arguments(self, wanted: Selection) -> Item:
        """The arguments of a field with the values of variables."""
        return {name: self._given(value) for name, value in wanted.arguments.items()}

    def _field(self, value: Item, wanted: Selection) -> Value:
        if wanted.name not in value:
            raise no_such_field(wanted.name, value["__typename"])
        self.allow(wanted.name)
        inner = value[wanted.name]
        arguments = self.arguments(wanted)
        inner = inner(arguments) if callable(inner) else inner
        if isinstance(inner, Connection):
            return self._page(inner, wanted.below, wanted.name, arguments)
        if not wanted.below and (
            isinstance(inner, dict) or (inner and isinstance(inner, list) and _holds_objects(inner))
        ):
            raise GraphqlError(f"Field must have selections (field '{wanted.name}')", "selectionMismatch")
        return self.of(inner, wanted.below, wanted.name)

    def _page(self, found: Connection, selections: list[Selection], name: str, arguments: Item | None = None) -> Item:
        arguments = arguments or {}
        first = arguments.get("first")
        if first is None:
            raise GraphqlError(f"you must provide one of first or last (field '{name}')", "BAD_REQUEST")
        if first > MOST_ROWS:
            raise GraphqlError(f"first cannot exceed {MOST_ROWS}.", "BAD_REQUEST")
        start = _position(arguments["after"]) if arguments.get("after") else 0
        shown_from = max(0, start - self.step_back)
        some = found.items[shown_from : start + first]
        if not self.has_noted:
            self.note(name, start // max(first, 1) + 1, len(some))
        self.has_noted = True
        nodes = [found.build(item) for item in some]
        page: Item = {
            "__typename": f"{found.typename}Connection",
            "nodes": nodes,
            "edges": [
                {"__typename": f"{found.typename}Edge", "cursor": _cursor(shown_from + number), "node": node}
                for number, node in enumerate(nodes, start=1)
            ],
            "pageInfo": {
                "__typename": "PageInfo",
                "hasNextPage": start + first < len(found.items),
                "hasPreviousPage": start > 0,
                "startCursor": _cursor(start + 1) if nodes else None,
                "endCursor": _cursor(start + len(some)) if nodes else None,
            },
        }
        answered: Item = self.of(page, selections)
        return answered

    def _given(self, value: Value) -> Value:
        if isinstance(value, list):
            return [self._given(one) for one in value]
        return self.variables.get(value.name) if isinstance(value, Variable) else value

    def cost(self, selections: list[Selection]) -> int:
        """What selections cost before they are answered: a point per object, amounts for nothing."""
        total = 0
        for wanted in selections:
            below = self.cost(wanted.below)
            first, ids = self.arguments(wanted).get("first"), self.arguments(wanted).get("ids")
            if first is not None:
                total += 2 + first * (1 + below)
            elif ids is not None:
                total += len(ids) * (1 + below)
            elif wanted.below and wanted.name and wanted.name not in WRAPPERS and not wanted.name.endswith("Money"):
                total += 1 + below
            else:
                total += below
        return total


def lines(found: Connection, selections: list[Selection], answer: Answer, parent: str = "") -> Iterator[Item]:
    """A connection as a bulk operation writes it: a row per node, and rows below it with their parent's id."""
    node = next(one for edges in selections for one in edges.below if one.name == "node")
    for item in found.items:
        value = found.build(item)
        plain = [one for one in node.below if not isinstance(value.get(one.name), Connection)]
        yield answer.of(value, plain) | ({"__parentId": parent} if parent else {})
        for one in node.below:
            if one not in plain:
                yield from lines(value[one.name], one.below, answer, value["id"])


def connections(selections: list[Selection], names: set[str], in_list: bool = False) -> Iterator[tuple[str, bool]]:
    """The connections of a bulk query (fields with edges below), and whether each is inside a list field."""
    for one in selections:
        if any(below.name == "edges" for below in one.below):
            yield one.name, in_list
        yield from connections(one.below, names, in_list or one.name in names)


def _holds_objects(values: list[Any]) -> bool:
    return any(isinstance(one, dict) for one in values)


def _cursor(position: int) -> str:
    return base64.b64encode(f"position {position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor).decode().split()[1])
    except (ValueError, IndexError):
        raise GraphqlError("Invalid cursor for current pagination sort.", "BAD_REQUEST") from None
