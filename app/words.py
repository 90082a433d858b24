"""The words that people read, in each language: looked up in `words.toml` by their English id."""

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = ("fr", "en")


def word(name: str, language: str, **said: object) -> str:
    """The word or sentence of that id; `said` fills its {places}."""
    return words()[name][language].format(**said)


@cache
def words() -> dict[str, dict[str, str]]:
    """All of them."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
