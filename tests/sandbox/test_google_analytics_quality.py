"""Google Analytics at its worst: each switch does to the answers what the vendor says, and only that."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import pstdev
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import requests

from sandbox.__main__ import main
from sandbox.events import Hit, Visit
from sandbox.server import Running, running
from sandbox.vendors.google_analytics.quality import estimated
from sandbox.world import generate
from tests.sandbox.test_google_analytics import ask, schema
from tests.sandbox.test_main import start

FIRST_DAY, LAST_DAY = date(2026, 3, 1), date(2026, 3, 20)
NOW = datetime(2026, 3, 23, 6, tzinfo=UTC)  # all hits have shown
PARIS = ZoneInfo("Europe/Paris")
RANGE = [{"startDate": "2026-03-01", "endDate": "2026-03-20"}]
TOTAL = {"metrics": [{"name": "totalUsers"}, {"name": "sessions"}, {"name": "itemsViewed"}], "dateRanges": RANGE}
BY_DAY = TOTAL | {"dimensions": [{"name": "date"}], "metrics": [{"name": "sessions"}, {"name": "totalUsers"}]}
TRAFFIC = BY_DAY | {
    "dimensions": [{"name": name} for name in ("date", "sessionSource", "sessionMedium", "sessionCampaignName")],
    "limit": "100000",
}
COST = {"dimensions": [{"name": "sessionCampaignName"}], "metrics": [{"name": "advertiserAdCost"}], "dateRanges": RANGE}
EVERYTHING: dict[str, Any] = {
    "noise": True, "sampled_events": 1000, "threshold_users": 3, "other_row_after": 4, "retained_from": "2026-03-05",
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.3), NOW, only=["google_analytics"]) as served:
        yield served


@pytest.fixture
def served(sandbox: Running) -> Iterator[Running]:
    yield sandbox
    sandbox.quality()
    sandbox.set_clock(NOW)


def report(served: Running, body: dict[str, Any]) -> dict[str, Any]:
    answer = ask(served, "runReport", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def values(answer: dict[str, Any]) -> dict[tuple[str, ...], list[float]]:
    """Dimension values → metric values."""
    return {
        tuple(label["value"] for label in row.get("dimensionValues", [])): [
            float(value["value"]) for value in row["metricValues"]
        ]
        for row in answer.get("rows", [])
    }


def hits(served: Running) -> list[tuple[date, Hit, Visit | None]]:
    """What the primary property counts: consented hits with their day and session."""
    world = served.sandbox.world
    visits = {visit.visit_id: visit for visit in world.visits}
    return [
        (hit.happened_at.astimezone(PARIS).date(), hit, visits.get(hit.visit_id or 0))
        for hit in world.hits
        if hit.property_id == "111111111" and hit.cookie_id
    ]


def channel(visit: Visit | None) -> tuple[str, str, str]:
    if visit is None:
        return ("(not set)",) * 3
    return visit.reported_source, visit.reported_medium, visit.reported_campaign


@pytest.mark.parametrize("body", [TOTAL, TRAFFIC, COST], ids=["total", "traffic", "cost"])
@pytest.mark.parametrize("switches", [*({name: value} for name, value in EVERYTHING.items()), EVERYTHING])
def test_a_poor_answer_is_still_what_google_describes(
    served: Running, switches: dict[str, Any], body: dict[str, Any]
) -> None:
    served.quality(**switches)
    answer = report(served, body | {"returnPropertyQuota": True})
    assert answer["rows"]
    jsonschema.validate(answer, schema("RunReportResponse"))


def test_without_a_switch_nothing_is_said(served: Running) -> None:
    for body in (TOTAL, TRAFFIC, COST):
        assert report(served, body)["metadata"] == {"currencyCode": "EUR", "timeZone": "Europe/Paris"}


# --- noise -----------------------------------------------------------------------------------------------------------


def test_an_estimate_is_off_by_little_and_the_same_each_time(served: Running) -> None:
    true = values(report(served, TOTAL))[()]
    served.quality(noise=True)
    noisy = values(report(served, TOTAL))[()]
    assert noisy == values(report(served, TOTAL))[()]
    assert noisy[:2] != true[:2]
    assert noisy[0] == pytest.approx(true[0], rel=5 * 0.008)
    assert noisy[1] == pytest.approx(true[1], rel=5 * 0.016)
    assert noisy[2] == true[2]  # units are summed, not estimated
    served.quality(noise=True, noise_seed=8)
    assert values(report(served, TOTAL))[()] != noisy


def test_an_estimate_does_not_hang_on_what_else_is_asked(served: Running) -> None:
    served.quality(noise=True)
    whole = values(report(served, BY_DAY))
    alone = BY_DAY | {
        "metrics": [{"name": "sessions"}],
        "dateRanges": [{"startDate": "2026-03-09", "endDate": "2026-03-09"}],
    }
    assert values(report(served, alone)) == {("20260309",): [whole["20260309",][0]]}
    paged = report(
        served, BY_DAY | {"limit": "1", "offset": "8", "orderBys": [{"dimension": {"dimensionName": "date"}}]}
    )
    assert values(paged) == {("20260309",): whole["20260309",]}


def test_the_errors_are_as_large_as_the_vendors() -> None:
    found = [estimated(["totalUsers", "sessions"], [10**6, 10**6], (7, number)) for number in range(4000)]
    for metric, error in ((0, 0.008), (1, 0.016)):
        assert pstdev(row[metric] / 10**6 for row in found) == pytest.approx(error, rel=0.05)


# --- sampling --------------------------------------------------------------------------------------------------------


def test_a_large_range_is_sampled_scaled_up_and_says_so(served: Running) -> None:
    short = {"startDate": "2026-03-02", "endDate": "2026-03-02"}
    body = TOTAL | {"dateRanges": [short, *RANGE], "metrics": [{"name": "eventCount"}, {"name": "sessions"}]}
    true = values(report(served, body))
    space = len(hits(served))
    served.quality(sampled_events=space // 2)
    answer = report(served, body)
    on_the_day = sum(day == date(2026, 3, 2) for day, _, _ in hits(served))
    first, second = answer["metadata"]["samplingMetadatas"]
    assert first == {"samplesReadCount": str(on_the_day), "samplingSpaceSize": str(on_the_day)}
    assert second["samplingSpaceSize"] == str(space)
    assert 0.3 * space < int(second["samplesReadCount"]) < 0.7 * space
    assert values(answer)["date_range_0",] == true["date_range_0",]
    events, sessions = values(answer)["date_range_1",]
    assert events == space  # scaled by just this
    assert sessions == pytest.approx(true["date_range_1",][1], rel=0.15)
    assert sessions != true["date_range_1",][1]


def test_what_ads_cost_is_not_sampled(served: Running) -> None:
    true = report(served, COST)
    served.quality(sampled_events=10, threshold_users=10**6, other_row_after=1)
    assert report(served, COST) == true


# --- thresholds and (other) ------------------------------------------------------------------------------------------


def test_rows_of_few_users_are_withheld_where_dimensions_tell_them(served: Running) -> None:
    served.quality(threshold_users=4)
    users: defaultdict[tuple[str, ...], set[str | None]] = defaultdict(set)
    for day, hit, visit in hits(served):
        users[day.strftime("%Y%m%d"), *channel(visit)].add(hit.cookie_id)
    answer = report(served, TRAFFIC)
    assert answer["metadata"]["subjectToThresholding"] is True
    told = {row: who for row, who in users.items() if len(who) >= 4}
    assert 0 < len(told) < len(users)
    assert {row: found[1] for row, found in values(answer).items()} == {row: len(who) for row, who in told.items()}


def test_a_report_without_dimensions_or_by_day_withholds_nothing(served: Running) -> None:
    true = [report(served, body) for body in (TOTAL, BY_DAY)]
    served.quality(threshold_users=10**6, other_row_after=1)
    assert [report(served, body) for body in (TOTAL, BY_DAY)] == true


def test_the_rarest_values_of_a_day_are_other(served: Running) -> None:
    events: defaultdict[date, Counter[tuple[str, ...]]] = defaultdict(Counter)
    sessions: defaultdict[date, dict[int, tuple[str, ...]]] = defaultdict(dict)
    for day, _, visit in hits(served):
        events[day][channel(visit)] += 1
        if visit:
            sessions[day][visit.visit_id] = channel(visit)
    served.quality(other_row_after=4)
    answer = report(served, TRAFFIC)
    assert answer["metadata"]["dataLossFromOtherRow"] is True
    found = values(answer)
    for day, counted in events.items():
        text = day.strftime("%Y%m%d")
        # ties are broken by name, so only clear winners are looked at
        most = sorted(counted.values(), reverse=True)
        kept = [one for one, n in counted.items() if n > most[4]]
        for one in kept:
            assert found[text, *one][0] == sum(told == one for told in sessions[day].values())
        assert found[text, "(other)", "(other)", "(other)"][0] > 0
        assert sum(row[0] for label, row in found.items() if label[0] == text) == len(sessions[day])
        assert sum(label[0] == text for label in found) == 5


def test_a_loss_is_told_even_where_a_filter_has_taken_the_row_away(served: Running) -> None:
    fullest = {"filter": {"fieldName": "sessionSource", "stringFilter": {"value": "google"}}}
    rarest = {"filter": {"fieldName": "sessionSource", "stringFilter": {"value": "mail.google.com"}}}
    true = values(report(served, TOTAL | {"dimensionFilter": rarest}))
    served.quality(other_row_after=3)
    google = report(served, TOTAL | {"dimensionFilter": fullest})
    assert google["metadata"]["dataLossFromOtherRow"] is True
    assert true[()][1] > values(report(served, TOTAL | {"dimensionFilter": rarest})).get((), [0, 0])[1]


# --- truncation ------------------------------------------------------------------------------------------------------


def test_deleted_days_are_missing_and_told(served: Running) -> None:
    served.quality(retained_from="2026-03-05")
    answer = report(served, BY_DAY)
    assert min(values(answer)) == ("20260305",)
    assert answer["metadata"]["dataTruncationReasons"] == [
        {
            "dataTruncationType": "DATA_TRUNCATION_TYPE_PROPERTY",
            "dataTruncationMessage": "Data before 2026-03-05 is not available.",
            "dataTruncationDate": "2026-03-05",
            "dataTruncationDateRanges": [{"startDate": "2026-03-01", "endDate": "2026-03-04"}],
        }
    ]
    later = BY_DAY | {"dateRanges": [{"startDate": "2026-03-05", "endDate": "2026-03-20"}]}
    assert "dataTruncationReasons" not in report(served, later)["metadata"]
    kind = report(served, COST)["metadata"]["dataTruncationReasons"][0]["dataTruncationType"]
    assert kind == "DATA_TRUNCATION_TYPE_GOOGLE_ADS"


# --- quota -----------------------------------------------------------------------------------------------------------


def quota(served: Running, body: dict[str, Any] = TOTAL) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = report(served, body | {"returnPropertyQuota": True})["propertyQuota"]
    return found


def test_every_request_takes_tokens_from_the_day_and_the_hour(served: Running) -> None:
    served.set_clock(NOW + timedelta(days=2))
    assert "propertyQuota" not in report(served, TOTAL)  # costs a token all the same
    found = quota(served)
    assert found["tokensPerDay"] == {"consumed": 1, "remaining": 199_998}
    assert found["tokensPerHour"] == {"consumed": 1, "remaining": 39_998}
    assert found["tokensPerProjectPerHour"] == {"consumed": 1, "remaining": 13_998}
    assert found["concurrentRequests"] == {"consumed": 0, "remaining": 10}
    assert found["serverErrorsPerProjectPerHour"] == {"consumed": 0, "remaining": 10}
    assert found["potentiallyThresholdedRequestsPerHour"] == {"consumed": 0, "remaining": 120}


def test_long_wide_reports_cost_more_but_hardly_ten_tokens(served: Running) -> None:
    year = [{"startDate": "2025-03-01", "endDate": "2026-03-20"}]
    cost = quota(served, TRAFFIC | {"dateRanges": year})["tokensPerDay"]["consumed"]
    assert 3 < cost < 10


def test_thresholded_requests_are_counted_apart(served: Running) -> None:
    served.set_clock(NOW + timedelta(days=4))
    served.quality(threshold_users=2)
    assert quota(served, TRAFFIC)["potentiallyThresholdedRequestsPerHour"] == {"consumed": 1, "remaining": 119}
    assert quota(served, BY_DAY)["potentiallyThresholdedRequestsPerHour"] == {"consumed": 0, "remaining": 119}


@pytest.mark.parametrize(
    ("limit", "words", "back"),
    [
        ("tokens_per_hour", "Exhausted property tokens for a project per hour", timedelta(hours=1)),
        ("tokens_per_day", "Exhausted property tokens per day", timedelta(hours=24)),
    ],
)
def test_spent_tokens_are_refused_until_they_return(served: Running, limit: str, words: str, back: timedelta) -> None:
    start = NOW + timedelta(days=6 if limit == "tokens_per_hour" else 9)
    served.set_clock(start)
    served.quality(**{limit: 2})
    for _ in range(2):
        report(served, TOTAL)
    refused = ask(served, "runReport", TOTAL)
    assert (refused.status_code, refused.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert refused.json()["error"]["message"].startswith(words)
    served.set_clock(start + back)
    report(served, TOTAL)


# --- how it is switched ----------------------------------------------------------------------------------------------


def test_the_switches_are_set_over_http_too(served: Running) -> None:
    address = f"{served.base_url}/_sandbox/quality"
    assert requests.post(address, json={"noise": True}, timeout=5).json()["noise"] is True
    assert requests.get(address, timeout=5).json()["noise"] is True
    assert requests.post(address, json={"noisy": True}, timeout=5).status_code == 422


@pytest.mark.parametrize("switch", ["nosie", "sampled_events=many", "noise=maybe"])
def test_a_wrong_switch_is_said_before_anything_starts(capsys: pytest.CaptureFixture[str], switch: str) -> None:
    assert main(["--quality", switch]) == 2
    assert f"--quality {switch.partition('=')[0]}: " in capsys.readouterr().out


def test_the_commands_switches_reach_the_vendor() -> None:
    with start("--port", "0", "--grpc-port", "0", "--quality", "noise", "--quality", "sampled_events=500") as process:
        assert process.stdout
        exported = dict(line.removeprefix("export ").strip().split("=", 1) for line in _until_ready(process.stdout))
        quality = requests.get(f"{exported['SANDBOX_URL']}/_sandbox/quality", timeout=5).json()
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert (quality["noise"], quality["sampled_events"], quality["threshold_users"]) == (True, 500, None)


def _until_ready(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("# Ctrl-C"):
            return
        if line.startswith("export "):
            yield line
