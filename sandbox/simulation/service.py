"""After the sale: tickets and their ratings, survey answers, reviews, affiliates and partners."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from sandbox.events import Affiliate, Answer, Order, OtherSpend, Person, PressMention, Review, Ticket, TicketRating
from sandbox.simulation.setting import Setting, at, moment

TICKETS_PER_DAY = 1.4
REVIEWS_PER_DAY = 0.5
AFFILIATES, PARTNERS = 70, 56
PRESS_PER_DAY = 0.06
REMOVED_SHARE = 0.3  # of articles, once somebody has read them
BILLED_AFTER = timedelta(days=9)  # what was spent with partners is noted when their bill comes
OUTLETS = ("Le Journal", "La Gazette", "Radio Ville")
NPS_WEIGHTS = (2, 1, 1, 2, 2, 4, 6, 12, 20, 24, 26)  # scores 0..10
CSAT_WEIGHTS = (4, 5, 11, 35, 45)  # scores 1..5

# What was shown for weeks before it went or changed.
MERGED_LATE, DELETED_LATE, RATED_LATE = timedelta(days=15), timedelta(days=16), timedelta(days=14)
ANSWER_ERASED, REVIEW_EDITED, REVIEW_REMOVED = timedelta(days=15), timedelta(days=11), timedelta(days=14)
AFFILIATE_REMOVED = timedelta(days=20)


@dataclass
class Service:
    """What support, survey, review and affiliate tools hold."""

    tickets: list[Ticket] = field(default_factory=list)
    ratings: list[TicketRating] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    affiliates: list[Affiliate] = field(default_factory=list)
    mentions: list[PressMention] = field(default_factory=list)
    spend: list[OtherSpend] = field(default_factory=list)


def service(setting: Setting, people: list[Person], orders: list[Order]) -> Service:
    """Everything that follows a sale."""
    found = Service()
    for day in setting.days():
        random = setting.random("service", day)
        for _ in range(setting.count(random, day, TICKETS_PER_DAY)):
            _ticket(found, setting, people, len(found.tickets) + 1, moment(random, day))
        for _ in range(setting.count(random, day, REVIEWS_PER_DAY)):
            person = random.choice(people)
            removed = moment(random, day + timedelta(days=9)) if random.random() < 0.04 else None
            stars = random.choices((1, 2, 3, 4, 5), (5, 4, 9, 28, 54))[0]
            review_id = f"rv{len(found.reviews) + 1:05d}"
            written = moment(random, day)
            platform = "facebook" if random.random() < 0.2 else "trustpilot"
            found.reviews.append(Review(review_id, person.person_id, written, stars, "Très bien", removed, platform))
    for order in orders:
        _answers(found, setting, people, order)
    _affiliates(found, setting, people)
    _spreadsheets(found, setting)
    _restate(found)
    return found


def _restate(found: Service) -> None:
    """A few of all are taken back or changed weeks later: chosen by their place, so that nothing else moves."""
    _restate_tickets(found.tickets)
    last = {one.ticket_id: one for one in found.ratings if one.score != "offered"}
    for rating in list(last.values())[3::8]:
        score = "bad" if rating.score == "good" else "good"
        found.ratings.append(TicketRating(rating.ticket_id, rating.happened_at + RATED_LATE, score, ""))
    for number, answer in enumerate(found.answers):
        if number % 45 in (2, 4):  # one of each survey in a small world
            found.answers[number] = replace(answer, deleted_at=answer.happened_at + ANSWER_ERASED)
    _restate_reviews(found.reviews)
    for programme in ("affiliate", "partner"):
        members = [number for number, one in enumerate(found.affiliates) if one.programme == programme]
        for number in members[4::14]:
            one = found.affiliates[number]
            found.affiliates[number] = replace(one, removed_at=one.joined_at + AFFILIATE_REMOVED)


def _restate_tickets(tickets: list[Ticket]) -> None:
    """Merged or deleted late (marking one as spam is a deletion too), or an agent's question to a colleague."""
    for number, ticket in enumerate(tickets):
        if ticket.is_spam or ticket.deleted_at or ticket.merged_into is not None:
            continue
        if number % 30 == 3:
            merged_at = ticket.created_at + MERGED_LATE
            tickets[number] = replace(ticket, merged_into=ticket.ticket_id - 1, merged_at=merged_at)
        elif number % 30 == 8:
            tickets[number] = replace(ticket, deleted_at=ticket.created_at + DELETED_LATE)
        elif number % 30 == 13:
            tickets[number] = replace(ticket, is_side_conversation=True)


def _restate_reviews(reviews: list[Review]) -> None:
    """Edited by who wrote it, or removed."""
    public = [number for number, review in enumerate(reviews) if review.platform == "trustpilot"]
    for number in public[3::14]:
        review = reviews[number]
        edited_at, stars = review.created_at + REVIEW_EDITED, 6 - review.stars
        reviews[number] = replace(review, edited_at=edited_at, edited_stars=stars)
    for number in public[4::14]:
        review = reviews[number]
        reviews[number] = replace(review, removed_at=review.removed_at or review.created_at + REVIEW_REMOVED)


def _ticket(found: Service, setting: Setting, people: list[Person], ticket_id: int, created: datetime) -> None:
    """A request for help: spam, deleted and merged ones too; half are asked for a rating, some rate twice."""
    random = setting.random("ticket", ticket_id)
    fate = random.random()
    deleted = created + timedelta(days=2) if 0.04 < fate < 0.07 else None
    merged = ticket_id - 1 if 0.07 < fate < 0.1 and ticket_id > 1 else None
    person = random.choice(people)
    found.tickets.append(Ticket(ticket_id, person.person_id, created, "Question", fate < 0.04, deleted, merged))
    if random.random() < 0.5:
        asked = created + timedelta(days=random.randint(1, 4))
        found.ratings.append(TicketRating(ticket_id, asked, "offered", ""))
        for _ in range(random.choices((0, 1, 2), (40, 52, 8))[0]):
            asked += timedelta(hours=random.randint(1, 60))
            score = "good" if random.random() < 0.83 else "bad"
            found.ratings.append(TicketRating(ticket_id, asked, score, "Réponse rapide" if score == "good" else ""))


def _answers(found: Service, setting: Setting, people: list[Person], order: Order) -> None:
    """Some buyers answer a survey some days after they paid; a few leave before the end, a few answer twice."""
    random = setting.random("answers", order.order_id)
    if not order.paid_at or order.is_test:
        return
    person = people[order.person_id - 1]
    for survey, weights, lowest, chance in (("nps", NPS_WEIGHTS, 0, 0.3), ("csat", CSAT_WEIGHTS, 1, 0.35)):
        if random.random() > chance:
            continue
        for _ in range(random.choices((1, 2), (94, 6))[0]):
            when = order.paid_at + timedelta(days=random.randint(3, 20), minutes=random.randint(0, 1400))
            score = random.choices(range(lowest, lowest + len(weights)), weights)[0] if random.random() > 0.05 else None
            answer_id = f"{survey}{len(found.answers) + 1:06d}"
            found.answers.append(Answer(answer_id, survey, person.person_id, person.email, score, "Parfait", when))


def _affiliates(found: Service, setting: Setting, people: list[Person]) -> None:
    """Affiliates and partners join all year; some leave."""
    random = setting.random("affiliates")
    days = setting.days()
    for programme, number in (("affiliate", AFFILIATES), ("partner", PARTNERS)):
        for _ in range(setting.at_least(number)):
            person = random.choice(people)
            joined = moment(random, random.choice(days))
            left = joined + timedelta(days=random.randint(10, 200)) if random.random() < 0.3 else None
            affiliate_id = f"af{len(found.affiliates) + 1:04d}"
            found.affiliates.append(Affiliate(affiliate_id, programme, person.person_id, person.email, joined, left))


def _spreadsheets(found: Service, setting: Setting) -> None:
    """What somebody keeps by hand: articles about the brand, and spend that no tool reports."""
    for day in setting.days():
        random = setting.random("spreadsheets", day)
        if random.random() < PRESS_PER_DAY:
            mention_id = f"press{len(found.mentions) + 1:04d}"
            happened_at, outlet = moment(random, day), random.choice(OUTLETS)
            removed_at = _removed_at(setting.random("removed article", mention_id), happened_at)
            found.mentions.append(PressMention(mention_id, happened_at, outlet, removed_at))
        if day.day == 1:
            found.spend.append(OtherSpend(day, "flyers", "Marché", random.randint(9_000, 24_000), "EUR"))
        if day.weekday() == 0 and random.random() < 0.3:
            amount, noted_at = random.randint(5_000, 15_000), at(day + BILLED_AFTER, 10)
            found.spend.append(OtherSpend(day, "partner", "Newsletter US", amount, "USD", noted_at))


def _removed_at(random: Random, happened_at: datetime) -> datetime | None:
    """When somebody sees that an article was about another business of that name."""
    return happened_at + timedelta(days=random.randint(2, 20)) if random.random() < REMOVED_SHARE else None
