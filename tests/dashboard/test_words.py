"""Every word is there in each language, with the same places to fill."""

import re

import pytest

from dashboard.words import LANGUAGES, caveats_in_french, word, words
from pipelines.caveats import CAVEATS


@pytest.mark.parametrize("name", words())
def test_a_word_has_all_languages_and_the_same_places_in_each(name: str) -> None:
    assert sorted(words()[name]) == sorted(LANGUAGES)
    assert len({tuple(sorted(re.findall(r"{\w+}", text))) for text in words()[name].values()}) == 1


def test_every_caveat_is_said_in_french_too() -> None:
    assert sorted(caveats_in_french()) == sorted(CAVEATS)


def test_a_word_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="no such word"):
        word("no such word", "fr")
