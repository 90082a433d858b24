"""What can happen in the world: plain records that every vendor shows its own part of, and truth counts.

Times are aware UTC datetimes. Money is an integer in minor units of its currency (cents; whole yen). `shown_at` is the
instant from which the vendor shows the record; where it is missing, a record shows as soon as it happens.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

# --- people and the web ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """A human being. `email` is as they type it; `other_emails` are further spellings or addresses they use."""

    person_id: int
    email: str
    other_emails: tuple[str, ...]
    first_name: str
    last_name: str
    phone: str
    street: str
    country: str  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True)
class Property:
    """A Google Analytics property."""

    property_id: str
    name: str
    time_zone: str
    currency: str
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """A Google Analytics session. `source` is the raw click, `reported_*` the last non-direct one."""

    visit_id: int
    property_id: str
    cookie_id: str
    person_id: int
    started_at: datetime
    source: str
    medium: str
    campaign: str
    reported_source: str
    reported_medium: str
    reported_campaign: str
    google_ads_campaign_id: str  # "" when the reported source is not Google Ads
    landing_page: str  # "(not set)" where the tag fired late
    device: str  # desktop, mobile, tablet
    country: str  # English name, as GA4 reports it
    is_engaged: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A Google Analytics event. Without consent `cookie_id` and `visit_id` are None: no user, no session."""

    hit_id: int
    property_id: str
    visit_id: int | None  # None: an event without a session
    cookie_id: str | None
    name: str  # page_view, user_engagement, view_item, add_to_cart, begin_checkout, purchase, generate_lead
    happened_at: datetime
    shown_at: datetime
    page: str
    engagement_seconds: int
    item_id: str
    item_name: str
    quantity: int
    value: int  # minor units of the property's currency
    transaction_id: str


@dataclass(frozen=True, slots=True)
class AudienceMember:
    """A cookie in a Google Analytics audience."""

    property_id: str
    audience_id: str
    audience_name: str
    cookie_id: str
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class LinkedAdCost:
    """Ad cost inside Google Analytics: an increment, from Google Ads or imported from another network."""

    property_id: str
    date_day: date
    campaign_name: str
    google_ads_campaign_id: str  # "" for cost imported from elsewhere (Facebook)
    source: str
    medium: str
    cost: int
    shown_at: datetime


# --- Facebook ads ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AdAccount:
    account_id: str  # digits, without "act_"
    name: str
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class AdCampaign:
    campaign_id: str
    account_id: str
    name: str
    objective: str
    status: str  # ACTIVE, PAUSED, ARCHIVED, DELETED
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None  # from then on its status is DELETED, as of all below it


@dataclass(frozen=True, slots=True)
class AdSet:
    adset_id: str
    campaign_id: str
    name: str
    status: str
    daily_budget: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ad:
    ad_id: str
    adset_id: str
    name: str
    status: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AdDelivery:
    """An increment to an ad's day in its account's zone; a restatement is a later increment, negative or not."""

    ad_id: str
    date_day: date
    country: str
    platform: str  # facebook, instagram
    shown_at: datetime
    impressions: int
    clicks: int
    link_clicks: int
    reach: int
    spend: int


@dataclass(frozen=True, slots=True)
class AdConversion:
    """A conversion credited to the day of the click (or view), shown when it has been attributed."""

    ad_id: str
    date_day: date
    country: str
    platform: str
    shown_at: datetime
    action_type: str  # lead, purchase
    attribution: str  # 1d_click, 7d_click, 28d_click, 1d_view
    count: int
    value: int


@dataclass(frozen=True, slots=True)
class CustomAudience:
    audience_id: str
    account_id: str
    name: str
    created_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AudienceSize:
    """From `at` on, the vendor says these bounds; -1 is "not ready"."""

    audience_id: str
    at: datetime
    lower: int
    upper: int


# --- Facebook page ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    page_id: str
    name: str
    followers_at_start: int  # before the world's first instant
    likes_at_start: int


@dataclass(frozen=True, slots=True)
class Follow:
    """A change of the page's followers: +1 or -1."""

    page_id: str
    happened_at: datetime
    change: int


@dataclass(frozen=True, slots=True)
class Post:
    post_id: str  # "<page id>_<number>"
    page_id: str
    created_at: datetime
    message: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reaction:
    post_id: str
    kind: str  # LIKE, LOVE, WOW, HAHA, SAD, ANGRY
    happened_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    post_id: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment or, with a parent, a reply. `author_id` None: withheld; the page's own id: its own reply."""

    comment_id: str
    post_id: str
    parent_id: str | None
    author_id: str | None
    message: str
    created_at: datetime
    deleted_at: datetime | None  # its replies go with it
    hidden_at: datetime | None = None  # from then on only the page and its author see it


@dataclass(frozen=True, slots=True)
class Tag:
    """A public post by somebody (or the page itself) that tags the page."""

    post_id: str
    page_id: str
    author_id: str | None  # None: withheld; the page's own id: its own post
    created_at: datetime
    deleted_at: datetime | None


# --- e-mail ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailList:
    list_id: str
    tool: str  # mailchimp, brevo, klaviyo
    name: str
    created_at: datetime
    removed_at: datetime | None = None  # with all its members


@dataclass(frozen=True, slots=True)
class Contact:
    """An address on a list of a tool, as it was at first. A person may be several contacts, spelled differently."""

    contact_id: str
    tool: str
    list_id: str
    person_id: int
    email: str
    kind: str  # subscriber, transactional, imported
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """`change` gives the contact another address, one that its tool has not; `erase` deletes it for good."""

    contact_id: str
    kind: str  # signup (asks), confirm (double opt-in done), unsubscribe, clean, archive, change, erase
    happened_at: datetime
    email: str = ""  # of a change: the address from then on


@dataclass(frozen=True, slots=True)
class Automation:
    automation_id: str
    tool: str
    list_id: str
    title: str
    is_follow_up: bool
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Mailing:
    """One e-mail as sent to many: a broadcast, an A/B parent or child, or a step of an automation or a journey."""

    mailing_id: str
    tool: str
    list_id: str
    kind: str  # regular, ab_parent, ab_child, automation, journey
    parent_id: str | None  # of an A/B child
    automation_id: str | None
    subject: str
    sent_at: datetime  # of an automation step: when the step was created
    deleted_at: datetime | None = None  # with its report, where the tool lets a sent one be deleted


@dataclass(frozen=True, slots=True)
class MailSend:
    """One message to one contact. An A/B test's messages belong to its children only."""

    send_id: int
    mailing_id: str
    contact_id: str
    happened_at: datetime
    bounce: str  # "" delivered, hard, soft, syntax


@dataclass(frozen=True, slots=True)
class MailOpen:
    send_id: int
    happened_at: datetime
    shown_at: datetime
    by_proxy: bool  # a privacy proxy fetched it, not a person


@dataclass(frozen=True, slots=True)
class MailClick:
    send_id: int
    happened_at: datetime
    shown_at: datetime
    by_bot: bool
    url: str


# --- commerce --------------------------------------------------------------------------------------------------------


# A customer's currency → how many of it a shop on Shopify takes for one of its own, the euro.
PER_EURO = {"USD": Decimal("1.1"), "JPY": Decimal(160)}


@dataclass(frozen=True, slots=True)
class Shop:
    shop_id: str  # boutique (EUR, prices include tax), international (USD and JPY, prices without tax)
    name: str
    tax_included: bool


@dataclass(frozen=True, slots=True)
class Product:
    product_id: str
    name: str
    kind: str  # product, gift_card
    price: int  # EUR cents, list price
    cost: int | None  # EUR cents, None: unknown


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: str
    shop_id: str
    person_id: int
    email: str
    created_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order. Unpaid, test and voided ones exist; a cancelled one may have been paid before.

    `deleted_at`: when somebody in the shop deletes it, as one that was typed in twice. `imported_at`: when it was made
    in the shop's software, having been placed elsewhere before. `deposit`: a part that is paid when it is placed, and
    given back at `deposit_returned_at`, with which the order ends.
    """

    order_id: str
    shop_id: str
    customer_id: str | None  # None: a guest
    person_id: int
    email: str  # "" where a guest left none
    placed_at: datetime
    paid_at: datetime | None  # first full payment
    currency: str
    is_tax_known: bool
    shipping: int  # as charged, tax included or not as the shop's prices are
    shipping_tax: int
    tip: int
    fee: int
    is_test: bool
    voided_at: datetime | None
    cancelled_at: datetime | None
    opted_in: bool  # ticked the newsletter box at checkout
    transaction_id: str  # "" of an order by phone or on a market, which no payment service knows of
    deleted_at: datetime | None = None
    imported_at: datetime | None = None
    deposit: int = 0
    deposit_returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """`unit_price` and the line's `discount` include tax where the shop's prices do; `tax` is of the whole line.

    `added_at`, `removed_at`: by an edit of the order, or in an exchange.
    """

    order_id: str
    line_id: str
    product_id: str
    quantity: int
    unit_price: int
    discount: int
    tax: int
    added_at: datetime | None = None
    removed_at: datetime | None = None

    def was_paid_for(self, order: Order) -> bool:
        """Whether it was on the order when that was first paid in full, or is as placed where that never was."""
        if self.added_at and (order.paid_at is None or self.added_at > order.paid_at):
            return False
        return self.removed_at is None or order.paid_at is None or self.removed_at > order.paid_at


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back for units of a line, or of none (''); `amount` is without tax, `kept` what was not given back.

    `undone_at`: when the bank has sent the money back, so that the shop deletes the refund.
    """

    refund_id: str
    order_id: str
    line_id: str
    happened_at: datetime
    quantity: int
    amount: int
    tax: int
    undone_at: datetime | None = None
    kept: int = 0  # of what the units had cost, as a fee for putting them back on the shelf


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A product that a shop deletes from its catalogue, and with it what its units had cost."""

    shop_id: str
    product_id: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """The ECB's reference rate: units of `currency` for one euro, published at about 16:00 CET of a working day.

    A correction is a later rate of the same day and currency.
    """

    date_day: date
    currency: str
    rate: str  # decimal text, as published
    shown_at: datetime


# --- after the sale --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ticket:
    ticket_id: int
    person_id: int
    created_at: datetime
    subject: str
    is_spam: bool
    deleted_at: datetime | None
    merged_into: int | None
    merged_at: datetime | None = None  # an hour after it was written, where nothing is said
    is_side_conversation: bool = False  # opened by an agent who asks a colleague, beside somebody's request


@dataclass(frozen=True, slots=True)
class TicketRating:
    ticket_id: int
    happened_at: datetime
    score: str  # offered, good, bad, unoffered
    comment: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a survey; `survey` is nps (0..10) or csat (1..5).

    `asked_as`: "former" where the question was made anew later, "yes_no" where it asked for no more than that.
    """

    answer_id: str
    survey: str
    person_id: int
    email: str
    score: float | None  # None: left before the end
    comment: str
    happened_at: datetime
    deleted_at: datetime | None = None
    asked_as: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    review_id: str
    person_id: int
    created_at: datetime
    stars: int
    text: str
    removed_at: datetime | None
    platform: str = "trustpilot"  # trustpilot, facebook
    edited_at: datetime | None = None
    edited_stars: int | None = None  # since then


@dataclass(frozen=True, slots=True)
class Affiliate:
    affiliate_id: str
    programme: str  # affiliate, partner
    person_id: int
    email: str
    joined_at: datetime
    left_at: datetime | None  # disabled from then on
    removed_at: datetime | None = None  # no longer listed at all


@dataclass(frozen=True, slots=True)
class PressMention:
    """An article that names the brand, as somebody notes it in a spreadsheet, and perhaps takes out again."""

    mention_id: str
    happened_at: datetime
    outlet: str
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OtherSpend:
    """Marketing spend that no tool reports, as somebody notes it in a spreadsheet: when the bill comes."""

    date_day: date
    channel: str
    campaign: str
    amount: int
    currency: str
    noted_at: datetime | None = None  # None: on its day


# --- the whole -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class World:
    """Every event of one business between two days (both included, in the business zone)."""

    first_day: date
    last_day: date
    time_zone: str = "Europe/Paris"
    people: list[Person] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    audience_members: list[AudienceMember] = field(default_factory=list)
    linked_ad_costs: list[LinkedAdCost] = field(default_factory=list)
    ad_accounts: list[AdAccount] = field(default_factory=list)
    ad_campaigns: list[AdCampaign] = field(default_factory=list)
    ad_sets: list[AdSet] = field(default_factory=list)
    ads: list[Ad] = field(default_factory=list)
    ad_deliveries: list[AdDelivery] = field(default_factory=list)
    ad_conversions: list[AdConversion] = field(default_factory=list)
    custom_audiences: list[CustomAudience] = field(default_factory=list)
    audience_sizes: list[AudienceSize] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    follows: list[Follow] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    mail_lists: list[MailList] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    contact_events: list[ContactEvent] = field(default_factory=list)
    automations: list[Automation] = field(default_factory=list)
    mailings: list[Mailing] = field(default_factory=list)
    mail_sends: list[MailSend] = field(default_factory=list)
    mail_opens: list[MailOpen] = field(default_factory=list)
    mail_clicks: list[MailClick] = field(default_factory=list)
    shops: list[Shop] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    order_lines: list[OrderLine] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    ticket_ratings: list[TicketRating] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    affiliates: list[Affiliate] = field(default_factory=list)
    press_mentions: list[PressMention] = field(default_factory=list)
    other_spend: list[OtherSpend] = field(default_factory=list)


def lines_as_paid(world: World) -> list[OrderLine]:
    """The lines that were on their orders when these were first paid in full."""
    orders = {order.order_id: order for order in world.orders}
    return [line for line in world.order_lines if line.order_id in orders and line.was_paid_for(orders[line.order_id])]
