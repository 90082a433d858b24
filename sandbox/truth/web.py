"""Website KPIs, as Google Analytics counts: users are cookies, sessions are visits that hold a hit of the period."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sandbox.events import Hit, Visit
from sandbox.truth.periods import Period, local_day
from sandbox.truth.terms import SOURCE_GROUPS, Value, ratio
from sandbox.truth.view import Answers, View, key


@dataclass
class Seen:
    """Who and what was seen in some days."""

    users: set[str] = field(default_factory=set)
    users_of_group: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    sessions: set[int] = field(default_factory=set)
    engaged: set[int] = field(default_factory=set)
    on_capture_page: set[int] = field(default_factory=set)
    sessions_with: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    units: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    engagement_seconds: int = 0

    def add(self, other: "Seen") -> None:
        """Take in what was seen in other days."""
        self.users |= other.users
        self.sessions |= other.sessions
        self.engaged |= other.engaged
        self.on_capture_page |= other.on_capture_page
        self.engagement_seconds += other.engagement_seconds
        for group, users in other.users_of_group.items():
            self.users_of_group[group] |= users
        for name, sessions in other.sessions_with.items():
            self.sessions_with[name] |= sessions
        for name, units in other.units.items():
            self.units[name] += units


def web_kpis(view: View) -> Answers:
    """The KPIs of the primary property."""
    days = _seen_by_day(view)
    found: Answers = {}
    for period in view.periods:
        for kpi_id, value in _values(_together(days, period), view.business.lead_event).items():
            found[key(kpi_id, period)] = value
    return found


def _seen_by_day(view: View) -> dict[date, Seen]:
    primary = next((one for one in view.world.properties if one.property_id == view.business.primary_property), None)
    if primary is None:
        return {}
    day_of = local_day(primary.time_zone)
    visits = {visit.visit_id: visit for visit in view.world.visits}
    groups = _Groups(view.business.source_groups or SOURCE_GROUPS)
    days: dict[date, Seen] = defaultdict(Seen)
    for hit in view.world.hits:
        # Without consent there is no cookie, and nothing is reported.
        if hit.property_id == primary.property_id and hit.cookie_id is not None and hit.shown_at <= view.now:
            visit = visits.get(hit.visit_id) if hit.visit_id is not None else None
            _see(days[day_of(hit.happened_at)], hit, hit.cookie_id, visit, groups, view.business.capture_pages)
    return days


def _see(
    seen: Seen, hit: Hit, cookie_id: str, visit: Visit | None, groups: "_Groups", capture_pages: tuple[str, ...]
) -> None:
    seen.users.add(cookie_id)
    seen.engagement_seconds += hit.engagement_seconds
    seen.units[hit.name] += hit.quantity
    if visit is None:
        return
    seen.sessions.add(visit.visit_id)
    seen.sessions_with[hit.name].add(visit.visit_id)
    if visit.is_engaged:
        seen.engaged.add(visit.visit_id)
    if visit.landing_page in capture_pages:
        seen.on_capture_page.add(visit.visit_id)
    for group in groups.of(visit.reported_source):
        seen.users_of_group[group].add(cookie_id)


class _Groups:
    """The groups that a source belongs to."""

    def __init__(self, patterns: dict[str, str]) -> None:
        self._patterns = {group: re.compile(pattern, re.IGNORECASE) for group, pattern in patterns.items()}
        self._known: dict[str, list[str]] = {}

    def of(self, source: str) -> list[str]:
        """Every group whose pattern matches the whole source."""
        if source not in self._known:
            self._known[source] = [group for group, pattern in self._patterns.items() if pattern.fullmatch(source)]
        return self._known[source]


def _together(days: dict[date, Seen], period: Period) -> Seen:
    seen = Seen()
    for day in period.days():
        if day in days:
            seen.add(days[day])
    return seen


def _values(seen: Seen, lead_event: str) -> dict[str, Value]:
    sessions, carts = len(seen.sessions), len(seen.sessions_with["add_to_cart"])
    leads = len(seen.on_capture_page & seen.sessions_with[lead_event])
    return {
        "unique_visitors": Value(len(seen.users)),
        "visitors_from_google": Value(len(seen.users_of_group["google"])),
        "visitors_from_facebook": Value(len(seen.users_of_group["facebook"])),
        "avg_session_duration": ratio(seen.engagement_seconds, sessions),
        "bounce_rate": ratio(sessions - len(seen.engaged), sessions),
        "capture_page_conversion_rate": ratio(leads, len(seen.on_capture_page)),
        "cart_abandonment_rate": ratio(carts - len(seen.sessions_with["purchase"]), carts),
        "product_conversion_rate": ratio(seen.units["purchase"], seen.units["view_item"]),
    }
