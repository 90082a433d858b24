"""Google Analytics' filter expressions as SQL conditions."""

from typing import Any

from google.analytics.data_v1beta.types import Filter, FilterExpression

from sandbox.vendors.google_analytics.query import DIMENSIONS, NOT_SET, InvalidArgumentError

MATCH = Filter.StringFilter.MatchType
PATTERNS = {
    MATCH.EXACT: "{value} = {asked}",
    MATCH.MATCH_TYPE_UNSPECIFIED: "{value} = {asked}",
    MATCH.BEGINS_WITH: "starts_with({value}, {asked})",
    MATCH.ENDS_WITH: "ends_with({value}, {asked})",
    MATCH.CONTAINS: "contains({value}, {asked})",
    MATCH.FULL_REGEXP: "regexp_full_match({value}, {asked})",
    MATCH.PARTIAL_REGEXP: "regexp_matches({value}, {asked})",
}


def where(expression: FilterExpression) -> tuple[str, list[Any]]:
    """The condition and its parameters; "true" for no filter."""
    if "and_group" in expression:
        return _joined(" and ", expression.and_group.expressions)
    if "or_group" in expression:
        return _joined(" or ", expression.or_group.expressions)
    if "not_expression" in expression:
        clause, parameters = where(expression.not_expression)
        return f"not ({clause})", parameters
    if "filter" in expression:
        return _one(expression.filter)
    return "true", []


def names(expression: FilterExpression) -> list[str]:
    """The dimensions that it filters on, one entry per filter."""
    if "not_expression" in expression:
        return names(expression.not_expression)
    group = expression.and_group if "and_group" in expression else expression.or_group
    inner = [name for one in group.expressions for name in names(one)]
    return [*inner, expression.filter.field_name] if "filter" in expression else inner


def _joined(word: str, expressions: Any) -> tuple[str, list[Any]]:
    parts = [where(expression) for expression in expressions]
    return word.join(f"({clause})" for clause, _ in parts), [value for _, values in parts for value in values]


def _one(asked: Filter) -> tuple[str, list[Any]]:
    if asked.field_name not in DIMENSIONS:
        raise InvalidArgumentError(f"Field {asked.field_name} is not a valid dimension.")
    value = f"coalesce({DIMENSIONS[asked.field_name]}, '{NOT_SET}')"
    if "in_list_filter" in asked:
        wanted, exact = list(asked.in_list_filter.values), asked.in_list_filter.case_sensitive
        marks = ", ".join(_cased("?", exact) for _ in wanted)
        return f"{_cased(value, exact)} in ({marks})", wanted
    if "string_filter" in asked:
        one = asked.string_filter
        pattern = PATTERNS[one.match_type]
        if "regexp" in pattern:
            flags = "" if one.case_sensitive else "(?i)"
            return pattern.format(value=value, asked="?"), [flags + one.value]
        return pattern.format(value=_cased(value, one.case_sensitive), asked=_cased("?", one.case_sensitive)), [
            one.value
        ]
    raise InvalidArgumentError(f"The filter on {asked.field_name} is not supported for dimensions.")


def _cased(expression: str, case_sensitive: bool) -> str:
    return expression if case_sensitive else f"lower({expression})"
