"""What Facebook's headers say of its limits (https://developers.facebook.com/docs/graph-api/overview/rate-limiting)."""

import json
from collections.abc import Iterator, Mapping


def wait_minutes(headers: Mapping[str, str]) -> float:
    """When the vendor lets calls through again, as far as its usage header says so; 0 where it does not."""
    try:
        usage = json.loads(headers.get("X-Business-Use-Case-Usage") or "{}")
        waits = [one["estimated_time_to_regain_access"] for entries in usage.values() for one in entries]
        return float(max(waits, default=0))
    except (AttributeError, KeyError, TypeError, ValueError):
        return 0.0


def used_of_limits(headers: Mapping[str, str]) -> dict[str, str]:
    """What the usage headers say, by limit; nothing where they cannot be read, as no figure rests on it.

    https://developers.facebook.com/docs/graph-api/overview/rate-limiting
    """
    try:
        shares = dict(_shares(headers))
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    return {limit: f"{share:g} % used" for limit, share in shares.items()}


def _shares(headers: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """Each limit and its share in percent: the highest one of calls, processor time and total time."""
    app, insights, business = (
        json.loads(headers.get(name) or "{}")
        for name in ("X-App-Usage", "x-fb-ads-insights-throttle", "X-Business-Use-Case-Usage")
    )
    counted = ("call_count", "total_cputime", "total_time")
    if app:
        yield "all calls of the app", max(app[name] for name in counted)
    if insights:
        yield "reports of ads, by the app", insights["app_id_util_pct"]
        yield "reports of ads, of an account", insights["acc_id_util_pct"]
    for owner, entries in business.items():
        for entry in entries:
            yield f"{entry['type']} of {owner}", max(entry[name] for name in counted)
