"""What a vendor may say about its own figures, and what that means for a value."""

CAVEATS = {
    "sampled": "counted on a part of the events and scaled up",
    "thresholded": "rows of few users are withheld",
    "other_row": "rare values are lumped together as (other)",
    "truncated": "the vendor left out rows",
    "left_out": "not asked for this time: the vendor's quota was short",
    "estimated": "the vendor estimates its counts",
    "attribution": "conversions are attributed by these windows",
    "account_zone": "days are those of the account's time zone, not of the business",
    "account_currency": "amounts are charged in the account's currency",
    "proxy_opens": "opens by privacy proxies cannot be told apart",
    "bot_clicks": "clicks by security scanners cannot be told apart",
    "approximate_date": "the vendor keeps no date of opt-in; the day the contact was created stands for it",
    "unknown_value": "rows with a value whose meaning is not known count for nothing",
    "rows_refused": "rows of a file were refused, or orders lack one: they are not in it",
    "rows_differ": "rows of a file differ about the same thing: the last of them counts",
    "deletions_held_back": "the vendor no longer shows rows that are still in it, until a later refresh confirms it",
    "series_break": "what the vendor counts changed on this day: values before and after do not compare",
}
