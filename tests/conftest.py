"""What every test starts from: an identity key, short waits, nothing sent anywhere."""

import os
from pathlib import Path

import pytest

os.environ["PARCOURS_IDENTITY_KEY"] = "a-key-for-tests-only-0123456789"
os.environ["PARCOURS_RETRY_PATIENCE"] = "0.01"
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ.pop("COLUMNS", None)  # output as a pipe gets it, whatever the terminal

# These share one business that takes minutes to refresh, so they run in one process.
SHARING = {"test_truth.py", "test_published.py", "test_mutations.py", "test_privacy.py"}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two processes run the suite, each file in one of them."""
    for item in items:
        shares = item.path.parent.name == "end_to_end" and item.path.name in SHARING
        group = "refreshed" if shares else str(item.path.relative_to(Path(__file__).parent))
        item.add_marker(pytest.mark.xdist_group(group))
