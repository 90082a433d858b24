"""The promise, tried: a sample always; every connector, endpoint and mutation in `make test-slow`, with the table."""

import pytest

from pipelines.registry import CONNECTORS
from tests.adversary.report import Tally, chosen
from tests.adversary.trial import arena
from tests.adversary.whole import tried

# One of each way to page: numbered pages, a cursor, a header's total, an export.
SAMPLED = {"trustpilot": 12, "typeform": 10, "woocommerce": 70, "zendesk": 35}


@pytest.mark.parametrize("source", SAMPLED)
def test_a_sample_of_wrong_answers_is_refused_or_makes_no_difference(source: str) -> None:
    tally = Tally()
    with arena(source) as found:
        for combination in chosen(found.combinations(), SAMPLED[source]):
            tally.add(found.run(combination))
    print(tally.table())  # noqa: T201
    assert tally.counts[source, "tried"] > 10
    assert tally.broken == []


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_no_wrong_answer_of_any_endpoint_makes_a_number_silently_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    tally = tried(CONNECTORS)
    with capsys.disabled():
        print("\n" + tally.table())  # noqa: T201
    assert tally.broken == []
    assert all(tally.counts[source, "tried"] for source in CONNECTORS)
