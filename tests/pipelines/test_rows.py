"""Columns that stand as they came are those whose every value its own conversion leaves alone."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.casts import caster, is_settled

KINDS = [
    pa.string(),
    pa.int64(),
    pa.bool_(),
    pa.float64(),
    pa.date32(),
    pa.timestamp("us", "UTC"),
    pa.decimal128(18, 2),
]
TIMES = st.sampled_from(
    ["2026-01-01T10:00:00Z", "1969-12-31 23:59", "0000-00-00 00:00:00", "٢١٠١-01-01T00:00", "2101-1-1", "1969-"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | TIMES | st.just("a\ud83d")
ALIKE = st.sampled_from([st.integers(), st.booleans(), st.text() | TIMES, VALUES])


@given(st.sampled_from(KINDS), ALIKE.flatmap(lambda kind: st.lists(st.none() | kind, max_size=4)))
def test_what_is_settled_is_what_a_conversion_of_each_value_gives(kind: pa.DataType, values: list[Any]) -> None:
    if is_settled(kind, values):
        converted = [caster(kind)(value) for value in values]
        assert converted == values
        assert list(map(type, converted)) == list(map(type, values))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.string(), ["a", None, "é", "", "2026-02-30T10:00", "19-1-1"]),
        (pa.int64(), [1, None, -(2**63), 2**63 - 1]),
        (pa.bool_(), [True, None]),
    ],
)
def test_the_usual_values_are_settled(kind: pa.DataType, values: list[Any]) -> None:
    assert is_settled(kind, values)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.string(), 1),
        (pa.string(), "1969-12-31T23:59:59Z"),
        (pa.string(), "a\ud83d"),
        (pa.int64(), True),
        (pa.int64(), "1"),
        (pa.int64(), 1.0),
        (pa.int64(), 2**63),
        (pa.bool_(), 1),
    ],
)
def test_one_that_must_be_looked_at_is_not(kind: pa.DataType, value: Any) -> None:
    assert not is_settled(kind, [None, value])
