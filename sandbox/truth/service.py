"""After the sale: tickets, ratings of them, survey answers and public reviews."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction

from sandbox.events import Answer, Ticket, TicketRating
from sandbox.truth.addresses import normalised
from sandbox.truth.periods import Period
from sandbox.truth.terms import Value, ratio
from sandbox.truth.view import Answers, View, key

MERGED_AFTER = timedelta(hours=1)  # until then a ticket looks like any other
PROMOTERS, DETRACTORS = range(9, 11), range(7)
AnswersByDay = dict[date, list[Answer]]


def service_kpis(view: View) -> Answers:
    """Tickets, satisfaction, net promoter score and reviews."""
    tickets, reviews, rated = _tickets(view), _reviews(view), _last_ratings(view)
    csat, nps = _answers(view, "csat"), _answers(view, "nps")
    found: Answers = {}
    for period in view.periods:
        found[key("support_tickets", period)] = Value(period.total(tickets))
        found[key("customer_satisfaction", period)] = _satisfaction(view, period, rated, csat)
        found[key("nps", period)] = _net_promoter_score(_last_per_person(period, nps))
        found[key("customer_reviews", period)] = Value(period.total(reviews))
    return found


def _tickets(view: View) -> Counter[date]:
    """Neither spam, nor deleted by now, nor merged by now into another, nor beside somebody's request."""
    return Counter(
        view.day_of(ticket.created_at)
        for ticket in view.world.tickets
        if view.exists(ticket.created_at, ticket.deleted_at)
        and not (ticket.is_spam or ticket.is_side_conversation or _is_merged(ticket, view.now))
    )


def _is_merged(ticket: Ticket, instant: datetime) -> bool:
    merged_at = ticket.merged_at or ticket.created_at + MERGED_AFTER
    return ticket.merged_into is not None and merged_at <= instant


def _reviews(view: View) -> Counter[date]:
    return Counter(
        view.day_of(review.created_at)
        for review in view.world.reviews
        if review.platform in view.business.review_platforms and view.exists(review.created_at, review.removed_at)
    )


def _last_ratings(view: View) -> dict[date, list[bool]]:
    """Whether the last rating of each ticket is good, by its day: the vendor keeps no other, of deleted tickets too."""
    last: dict[int, TicketRating] = {}
    for rating in sorted(view.world.ticket_ratings, key=lambda rating: rating.happened_at):
        if rating.score in ("good", "bad") and rating.happened_at <= view.now:
            last[rating.ticket_id] = rating
    found: dict[date, list[bool]] = defaultdict(list)
    for rating in last.values():
        found[view.day_of(rating.happened_at)].append(rating.score == "good")
    return found


def _satisfaction(view: View, period: Period, rated: dict[date, list[bool]], csat: AnswersByDay) -> Value:
    """Ratings of tickets and survey answers together; a neutral score is no answer."""
    satisfied = [is_good for day in period.days() for is_good in rated.get(day, [])]
    neutral, enough = view.business.csat_neutral, view.business.csat_satisfied_from
    satisfied += [score >= enough for score in _last_per_person(period, csat, without=neutral)]
    return ratio(sum(satisfied), len(satisfied))


def _answers(view: View, survey: str) -> AnswersByDay:
    """The answers to a survey that were given to the end and are still there, in their order."""
    found: AnswersByDay = defaultdict(list)
    for answer in sorted(view.world.answers, key=lambda answer: (answer.happened_at, answer.answer_id)):
        is_there = view.exists(answer.happened_at, answer.deleted_at)
        if answer.survey == survey and answer.score is not None and is_there:
            found[view.day_of(answer.happened_at)].append(answer)
    return found


def _last_per_person(period: Period, answers: AnswersByDay, without: float | None = None) -> list[float]:
    """The last score of each person in the period; who left no address is a person of their own."""
    last: dict[str, float] = {}
    for answer in (answer for day in period.days() for answer in answers.get(day, [])):
        if answer.score is not None and answer.score != without:
            last[normalised(answer.email) or answer.answer_id] = answer.score
    return list(last.values())


def _net_promoter_score(scores: list[float]) -> Value:
    """In points, from -100 to 100."""
    balance = sum((score in PROMOTERS) - (score in DETRACTORS) for score in scores)
    return Value(Fraction(100 * balance, len(scores)) if scores else None, balance, len(scores))
