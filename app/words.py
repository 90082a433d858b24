"""The words that people read, in each language: looked up in `words.toml` by their English id."""

import tomllib
from functools import cache
from pathlib import Path

from pipelines.caveats import CAVEATS

LANGUAGES = ("fr", "en")


def word(name: str, language: str, **said: object) -> str:
    """The word or sentence of that id; `said` fills its {places}."""
    return _file()[name][language].format(**said)


def caveat_text(caveat: str, language: str) -> str:
    """What a caveat means."""
    return CAVEATS[caveat] if language == "en" else caveats_in_french()[caveat]


def words() -> dict[str, dict[str, str]]:
    """All words, in all languages."""
    return {name: said for name, said in _file().items() if name != "caveats_fr"}


def caveats_in_french() -> dict[str, str]:
    """The meaning of each caveat, as `CAVEATS` gives it in English."""
    return _file()["caveats_fr"]


@cache
def _file() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
