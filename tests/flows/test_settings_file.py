"""What is taken out of a settings file goes, and all else stays as it is written."""

import pytest

from flows.settings_file import NotPlain, without

TEXT = """\
# The business.

[business]  # first
name = "Ada"

# --- what is connected ---

# Our ads
[sources.facebook_ads]
accounts = ["1", "22", "3"]   # without "act_"
# retargeting_audiences = []

# The letter
[sources.mailchimp]
lists = [
    "a",  # French
    "b",  # English
]

[[sources.typeform.forms]]
id = "first"
kind = "nps"
question = "score"

# since May
[[sources.typeform.forms]]
id = "second"
kind = "csat"
question = "score"

[sources.files.feeds.shop]
entity = "spend"
[sources.files.feeds.shop.columns]
amount = "Amount"
# of the shop's end

# others
[sources.files.feeds.press]
entity = "mentions"
"""


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        (
            ("facebook_ads",),
            '# Our ads\n[sources.facebook_ads]\naccounts = ["1", "22", "3"]   # without "act_"\n'
            "# retargeting_audiences = []\n\n",
        ),
        (
            ("mailchimp",),
            '# The letter\n[sources.mailchimp]\nlists = [\n    "a",  # French\n    "b",  # English\n]\n\n',
        ),
        (("mailchimp", "lists", "b"), '    "b",  # English\n'),
        (("facebook_ads", "accounts", "1"), '"1", '),
        (("facebook_ads", "accounts", "22"), '"22", '),
        (("facebook_ads", "accounts", "3"), ', "3"'),
        (
            ("typeform", "forms", "second"),
            '# since May\n[[sources.typeform.forms]]\nid = "second"\nkind = "csat"\nquestion = "score"\n\n',
        ),
        (
            ("typeform", "forms", "first"),
            '[[sources.typeform.forms]]\nid = "first"\nkind = "nps"\nquestion = "score"\n\n',
        ),
        (
            ("files", "feeds", "shop"),
            '[sources.files.feeds.shop]\nentity = "spend"\n[sources.files.feeds.shop.columns]\namount = "Amount"\n'
            "# of the shop's end\n\n",
        ),
    ],
    ids=" ".join,
)
def test_all_else_stays_as_it_is_written(asked: tuple[str, ...], gone: str) -> None:
    assert TEXT.count(gone) == 1
    assert without(TEXT, *asked) == TEXT.replace(gone, "")


def test_a_comment_that_may_be_the_next_section_s_stays() -> None:
    text = "[sources.brevo]\n# of the letter, or of the rates\n[sources.ecb]\n"
    assert without(text, "brevo") == "# of the letter, or of the rates\n[sources.ecb]\n"


@pytest.mark.parametrize(
    "text",
    [
        '[sources]\necb = {}\nmailchimp = {lists = ["a", "b"]}\n',
        'sources.mailchimp.lists = ["a", "b"]\n',
        '[sources.mailchimp]\nlists = ["a", "b"]\n[note]\ntext = """\n[sources.mailchimp]\n"""\n',
    ],
)
def test_what_is_written_otherwise_is_left_to_its_author(text: str) -> None:
    with pytest.raises(NotPlain, match=r"Take \[sources.mailchimp\] out of the settings by hand, then run this again"):
        without(text, "mailchimp")
