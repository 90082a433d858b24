"""Own models that cannot be built beside ours are refused with file, reason and what to do."""

import shutil
from pathlib import Path

import pytest

from flows.catalog import kpis
from flows.own_faults import BadOwnModel, check, faults
from flows.places import PROJECT

SQL, YAML = "kpi_own.sql", "kpi_own.yml"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The example's."""
    return Path(shutil.copytree(PROJECT / "examples" / "own_models" / "models", tmp_path / "models"))


def replaced(path: Path, right: str, wrong: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong), encoding="utf-8")


def test_the_example_is_right_and_its_kpi_comes_after_ours(models: Path) -> None:
    check(models)
    check(None)
    assert [kpi.kpi_id for kpi in kpis(models)] == [*(kpi.kpi_id for kpi in kpis()), "revenue_per_visitor"]
    assert kpis(models)[-1].stage == "conversion"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("name: revenue_per_visitor", "name: purchases", "purchases: Parcours has a KPI of this name: give yours anot"),
        ("stage: conversion", "stage: levers", "models.0.columns.2.config.meta.kpi.stage: is 'levers', but should be "),
        ("position: 1000", "position: 15", "position: is 15, but should be at least 1000"),
        (
            "parts: [order_value, web]",
            "parts: [order_values]",
            "parts: order_values is none; did you mean order_value?",
        ),
        ("cadence: weekly", "cadance: weekly", "cadence: is missing"),
        ("denominator: total_users", "effort: file", "a ratio names the columns of its numerator and denominator"),
        ("- name: kpi_own", "- name: kpi_owns", "kpi_owns has no kpi_owns.sql beside the others: write it, or take th"),
        ("[grain, period_start]", "[grain]", "kpi_own holds a KPI: give it the test {grain: {arguments: {columns: [gr"),
        ('"Value of the purchases as first paid / visitors', '"Value" of', "is no valid YAML: "),
        ("version: 2", "version: 2\nsources: []", "sources: is not known: correct its name, or take it out"),
    ],
)
def test_what_is_declared_wrongly_is_refused(models: Path, right: str, wrong: str, said: str) -> None:
    replaced(models / YAML, right, wrong)
    first = next(faults(models))
    assert first.startswith(f"{models / YAML}: ")
    assert said in first


@pytest.mark.parametrize(
    ("name", "sql", "said"),
    [
        ("fct_orders.sql", "select 1 as one", "fct_orders is a model of Parcours: give yours another name"),
        ("Own Table.sql", "select 1 as one", "its name is that of a table: name it by small letters, digits and _"),
        ("more/kpi_own.sql", "select 1 as one", "models/kpi_own.sql has the same name: give one of them another"),
        ("late.sql", "from {{ ref('kpi_history') }}", "kpi_history is written when all models are: read it in the pub"),
        ("late.sql", 'from {{ ref( "kpi_versions") }}', "kpi_versions is written when all models are: read it in the"),
        ("table.py", "def model(dbt, session): ...", "a model of the business's own is SQL: write it so, or take it"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(models: Path, name: str, sql: str, said: str) -> None:
    path = models / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(sql)
    with pytest.raises(BadOwnModel) as refused:
        check(models)
    [line] = str(refused.value).splitlines()
    assert said in line
    assert str(models) in line


def test_two_kpis_of_the_same_place_are_refused(models: Path) -> None:
    shutil.copy(models / SQL, models / "kpi_more.sql")
    text = (models / YAML).read_text().replace("kpi_own", "kpi_more")
    (models / "kpi_more.yml").write_text(text)
    assert [line.split(": ", 1)[1] for line in faults(models)] == [
        "revenue_per_visitor: kpi_more has a KPI of this name: give yours another",
        "revenue_per_visitor: position 1000 is that of revenue_per_visitor: give it another",
    ]
