"""One seeded business, event by event: the same arguments give the same world, to the byte."""

from datetime import date

from sandbox.events import World
from sandbox.simulation.ads import ACCOUNTS, ads
from sandbox.simulation.ads_later import take_back_ads
from sandbox.simulation.mail import mail
from sandbox.simulation.moves import moved_or_erased
from sandbox.simulation.page import PAGES, social
from sandbox.simulation.page_later import take_back_posts, withdraw
from sandbox.simulation.people import people
from sandbox.simulation.rates import rates
from sandbox.simulation.service import service
from sandbox.simulation.setting import Setting
from sandbox.simulation.shop import BOUTIQUE, INTERNATIONAL, products, sales
from sandbox.simulation.web import BLOG, SHOP, web


def generate(
    seed: int = 7, *, first_day: date, last_day: date, scale: float = 1.0, contacts_move: bool = False
) -> World:
    """The world of a small shop between two days; `scale` multiplies its traffic, 1.0 is about 140 visits a day.

    Where contacts move, some change their address or are erased in the end: only earlier refreshes know who they were.
    """
    setting = Setting(seed, first_day, last_day, scale)
    persons, catalogue = people(setting), products()
    sites = web(setting, persons, catalogue)
    sold = sales(setting, persons, catalogue, sites.checkouts)
    letters = mail(setting, persons, sites.leads, sold.orders)
    if contacts_move:
        letters.events += list(moved_or_erased(setting, persons, letters.contacts, letters.events))
    advertising = ads(setting)
    take_back_ads(advertising, setting)
    pages = social(setting)
    take_back_posts(pages, setting)
    after = service(setting, persons, sold.orders)
    withdraw(after.reviews, setting)
    return World(
        first_day, last_day,
        people=persons,
        properties=[SHOP, BLOG], visits=sites.visits, hits=sites.hits, audience_members=sites.audience,
        linked_ad_costs=advertising.linked,
        ad_accounts=list(ACCOUNTS), ad_campaigns=advertising.campaigns, ad_sets=advertising.sets, ads=advertising.ads,
        ad_deliveries=advertising.deliveries, ad_conversions=advertising.conversions,
        custom_audiences=advertising.audiences, audience_sizes=advertising.sizes,
        pages=list(PAGES), follows=pages.follows, posts=pages.posts, reactions=pages.reactions, shares=pages.shares,
        comments=pages.comments, tags=pages.tags,
        mail_lists=letters.lists, contacts=letters.contacts, contact_events=letters.events,
        automations=letters.automations, mailings=letters.mailings, mail_sends=letters.sends,
        mail_opens=letters.opens, mail_clicks=letters.clicks,
        shops=[BOUTIQUE, INTERNATIONAL], products=catalogue, customers=list(sold.customers.values()),
        orders=sold.orders, order_lines=sold.lines, refunds=sold.refunds, withdrawals=sold.withdrawals,
        rates=rates(setting),
        tickets=after.tickets, ticket_ratings=after.ratings, answers=after.answers, reviews=after.reviews,
        affiliates=after.affiliates, press_mentions=after.mentions, other_spend=after.spend,
    )  # fmt: skip
