"""The words that people read, in each language: looked up in `words.toml` by their English id."""

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = ("fr", "en")


def word(name: str, language: str, **said: object) -> str:
    """The word or sentence of that id; `said` fills its {places}. What has no entry is said as it is."""
    entry = _words().get(name)
    return entry[language].format(**said) if entry else name


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
