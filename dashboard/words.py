"""The words that people read, in French and English: looked up in `words.toml` by their English id."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.caveats import CAVEATS

LANGUAGES = ("fr", "en")
FRENCH_CAVEATS = "caveats_fr"  # a section of the file


@dataclass(frozen=True)
class Both:
    """One text in both languages."""

    fr: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.fr if language == "fr" else self.en


def word(name: str, language: str, **said: object) -> str:
    """The word or sentence of that id; `said` fills its {places}."""
    return words()[name][language].format(**said)


def told(name: str, **said: Both | str | int) -> Both:
    """The same in both languages; what fills a place may itself be in both."""
    return both(
        lambda language: word(
            name,
            language,
            **{place: text[language] if isinstance(text, Both) else text for place, text in said.items()},
        )
    )


def both(make: Callable[[str], str]) -> Both:
    """What `make` gives for each language."""
    return Both(make("fr"), make("en"))


def caveat_text(caveat: str, language: str) -> str:
    """What a caveat means."""
    return CAVEATS[caveat] if language == "en" else caveats_in_french()[caveat]


def caveats_of(caveats: str, titles: Mapping[str, str]) -> list[Both]:
    """What each caveat of a value means, with the vendor that says it; `titles` are the vendors' names."""
    found = []
    for source, _, caveat in (one.partition(": ") for one in caveats.split(", ") if one):
        meant = Both(caveat_text(caveat, "fr"), caveat_text(caveat, "en"))
        found.append(told("source says", source=titles.get(source, source), caveat=meant))
    return found


def caveats_in_french() -> dict[str, str]:
    """The meaning of each caveat, as `CAVEATS` gives it in English."""
    found: dict[str, str] = _file()[FRENCH_CAVEATS]
    return found


@cache
def words() -> dict[str, dict[str, str]]:
    """Every word by its id, `section.name` where it stands in a section."""
    return dict(_entries({name: said for name, said in _file().items() if name != FRENCH_CAVEATS}, ""))


def _entries(table: dict[str, Any], within: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name, entry in table.items():
        if "fr" in entry:
            yield within + name, entry
        else:
            yield from _entries(entry, f"{within}{name}.")


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
