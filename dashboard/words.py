"""The words that people read, in French and English: looked up in `words.toml` by their English id."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("fr", "en")


@dataclass(frozen=True)
class Both:
    """One text in both languages."""

    fr: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.fr if language == "fr" else self.en


def word(name: str, language: str, **said: object) -> str:
    """The word or sentence of that id; `said` fills its {places}. What has no entry is said as it is."""
    entry = words().get(name)
    return entry[language].format(**said) if entry else name


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


@cache
def words() -> dict[str, dict[str, str]]:
    """Every word by its id, `section.name` where it stands in a section."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return dict(_entries(tomllib.loads(text), ""))


def _entries(table: dict[str, Any], within: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name, entry in table.items():
        if "fr" in entry:
            yield within + name, entry
        else:
            yield from _entries(entry, f"{within}{name}.")
