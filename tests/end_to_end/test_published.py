"""The published file as an analyst finds it."""

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import requests

from flows.places import PROJECT
from sandbox.vendors.facebook.tokens import TOKEN, USER_TOKEN
from tests.end_to_end.conftest import REFRESHES, Refreshed

STAGES = ("awareness", "engagement", "capture", "conversion", "experience", "ascension", "fan", "ambassador")


def test_every_table_and_column_is_explained(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        tables = marts.execute(
            "select table_name from duckdb_tables() where comment is null and not internal"
        ).fetchall()
        columns = marts.execute(
            "select table_name, column_name from duckdb_columns() where comment is null and not internal"
        ).fetchall()
        names = {name for (name,) in marts.execute("select table_name from duckdb_tables()").fetchall()}
    assert tables == []
    assert columns == []
    assert {f"kpi_{stage}" for stage in STAGES} | {"kpi_levers", "kpi_values", "kpi_catalog"} <= names


def test_source_health_says_when_each_credential_expires_and_how_to_renew_it(refreshed: Refreshed) -> None:
    """Of Facebook's page the token is a person's, which ends; that of its ads is a system user's."""
    url = f"{refreshed.vendors.base_url}/facebook/v26.0/debug_token?input_token={USER_TOKEN}&access_token={TOKEN}"
    ends_at = datetime.fromtimestamp(requests.get(url, timeout=5).json()["data"]["expires_at"], UTC)
    ends_on = ends_at.astimezone(ZoneInfo("Europe/Paris")).date()
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        found = marts.execute(
            "select source, credential_expires_on, credential_days_left, left(credential_renewal, 41) "
            "from source_health where credential_expires_on is not null"
        ).fetchall()
    days = (ends_on - REFRESHES[-1].as_of.astimezone(ZoneInfo("Europe/Paris")).date()).days
    assert found == [("facebook_page", ends_on, days, "Give SOURCES__FACEBOOK_PAGE__ACCESS_TOKEN")]


def test_a_stage_is_complete_where_none_of_its_values_lacks_days(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        for stage in (*STAGES, "levers"):
            found = marts.execute(
                "select stages.is_complete, bool_or(kpis.value is not null and not kpis.is_complete) as is_partial, "
                f"bool_or(kpis.is_complete) as is_any from kpi_{stage} as stages join kpi_values as kpis "
                f"using (grain, period_start) where kpis.stage = '{stage}' "
                "group by grain, period_start, stages.is_complete"
            ).fetchall()
            assert {one[0] for one in found} == {True, False}, stage
            assert not [one for one in found if one[0] and (one[1] or not one[2])], stage


def test_no_stored_sum_is_a_double(refreshed: Refreshed) -> None:
    """A double is a ratio, a target, or a `value` in long form, which holds both and comes from exact columns."""
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        doubles = marts.execute(
            "select table_name, column_name from duckdb_columns() where data_type = 'DOUBLE' "
            "and not internal and column_name not in ('value', 'value_before', 'value_after', 'other_value', 'change', "
            "'start_value', 'target_value', 'latest_value', 'expected_value', 'target', 'per_period')"
        ).fetchall()
        wide = marts.execute(
            "select table_name, column_name from duckdb_columns() where not internal and data_type = 'HUGEINT' "
            "or (not internal and data_type like 'DECIMAL%' and numeric_precision > 18)"
        ).fetchall()
    ratios = ("_rate", "_share", "_per_prospect", "_per_session", "_per_customer", "_with_proxies", "_basket")
    others = {"avg_session_duration", "avg_days_to_first_purchase", "median_days_to_first_purchase", "nps",
              "north_star", "customer_satisfaction", "purchase_frequency", "median_seconds_to_purchase",
              "support_tickets_per_100_purchases", "nps_low", "nps_high", "mean_review_rating"}  # fmt: skip
    assert [one for one in doubles if not one[1].endswith(ratios) and one[1] not in others] == []
    assert wide == []


def test_the_models_unit_tests_hold(refreshed: Refreshed) -> None:
    run = subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main", "test", "--select", "test_type:unit",
            "--project-dir", str(PROJECT / "dbt_project"), "--profiles-dir", str(PROJECT),
            "--target-path", str(refreshed.places.data / "units"), "--log-path", str(refreshed.places.data / "units"),
        ],
        capture_output=True,
        text=True,
        env={"PARCOURS_WAREHOUSE": str(refreshed.places.warehouse), "PATH": ""},
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
    assert "ERROR=0" in run.stdout
