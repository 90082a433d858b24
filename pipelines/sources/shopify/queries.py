"""What Shopify is asked for, in its own language: the fields of an order, of its lines and refunds, and of a customer.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order. Of an address only its country is asked for.
"""

# In the shop's own currency, by which its reports count, and in the one that the customer was charged in.
MONEY = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"

ORDER = f"""
    id name createdAt processedAt updatedAt cancelledAt test email customerAcceptsMarketing taxesIncluded
    displayFinancialStatus presentmentCurrencyCode edited customer {{ id }}
    shippingAddress {{ countryCodeV2 }} billingAddress {{ countryCodeV2 }}
    totalPriceSet {MONEY} originalTotalPriceSet {MONEY} totalTipReceivedSet {MONEY}
    shippingLine {{ discountedPriceSet {MONEY} taxLines {{ priceSet {MONEY} }} }}
    additionalFees {{ id price {MONEY} taxLines {{ priceSet {MONEY} }} }}
    transactions {{ id kind status createdAt processedAt amountSet {MONEY} }}
    refunds {{ id createdAt totalRefundedSet {MONEY} }}
"""
LINE = f"""
    id title sku quantity isGiftCard product {{ id }}
    variant {{ id inventoryItem {{ unitCost {{ amount currencyCode }} }} }}
    originalTotalSet {MONEY} discountAllocations {{ allocatedAmountSet {MONEY} }} taxLines {{ priceSet {MONEY} }}
"""
REFUND_LINE = f"id quantity lineItem {{ id }} subtotalSet {MONEY} totalTaxSet {MONEY}"
REFUND_SHIPPING = f"id subtotalAmountSet {MONEY} taxAmountSet {MONEY}"
CUSTOMER = "id createdAt updatedAt defaultEmailAddress { emailAddress }"

# A connection inside an order or a refund → the type that holds it, and the fields of its nodes.
CONNECTIONS = {
    "lineItems": ("Order", LINE),
    "refundLineItems": ("Refund", REFUND_LINE),
    "refundShippingLines": ("Refund", REFUND_SHIPPING),
}
PAGE = "pageInfo { hasNextPage endCursor }"


def _first(holder: str) -> str:
    return f"{holder}(first: $lines) {{ nodes {{ {CONNECTIONS[holder][1]} }} {PAGE} }}"


def _changed(holder: str, fields: str, variables: str = "") -> str:
    """A connection, newest change first: a change while pages are read then repeats nothing and skips nothing."""
    return f"""query ($rows: Int!, $after: String, $filter: String!{variables}) {{
        {holder}(first: $rows, after: $after, query: $filter, sortKey: UPDATED_AT, reverse: true) {{
            nodes {{ {fields} }} {PAGE}
        }}
    }}"""


PAGED = {
    "orders": _changed("orders", ORDER + _first("lineItems"), ", $lines: Int!"),
    "customers": _changed("customers", CUSTOMER),
}
# A bulk operation allows no connection inside a list, so refunds come apart, here as well as by pages.
BULK = {
    "orders": f"""{{
        orders(query: %s) {{ edges {{ node {{ {ORDER} lineItems {{ edges {{ node {{ {LINE} }} }} }} }} }} }}
    }}""",
    "customers": f"{{ customers(query: %s) {{ edges {{ node {{ {CUSTOMER} }} }} }} }}",
}
REFUNDS = f"""query ($ids: [ID!]!, $lines: Int!) {{
    nodes(ids: $ids) {{ ... on Refund {{ id {_first("refundLineItems")} {_first("refundShippingLines")} }} }}
}}"""
# What an order charged for and when that changed: sales when it was placed, edited, exchanged and given back.
# https://shopify.dev/docs/api/admin-graphql/2026-10/interfaces/SalesAgreement
SALE = f"""
    id lineType actionType quantity totalAmount {MONEY} totalTaxAmount {MONEY}
    ... on ProductSale {{ lineItem {{ id }} }} ... on GiftCardSale {{ lineItem {{ id }} }}
    ... on TipSale {{ lineItem {{ id }} }}
"""
AGREEMENTS = f"""query ($id: ID!, $agreement: String, $after: String, $rows: Int!) {{
    node(id: $id) {{ ... on Order {{ agreements(first: 1, after: $agreement) {{
        nodes {{ happenedAt reason sales(first: $rows, after: $after) {{ nodes {{ {SALE} }} {PAGE} }} }} {PAGE}
    }} }} }}
}}"""
RUN_BULK = """mutation ($query: String!) {
    bulkOperationRunQuery(query: $query, groupObjects: false) {
        bulkOperation { id status errorCode objectCount url } userErrors { field message code }
    }
}"""
BULK_STATE = "query ($id: ID!) { bulkOperation(id: $id) { id status errorCode objectCount url } }"
SHOP = """{
    shop { name myshopifyDomain currencyCode ianaTimezone }
    currentAppInstallation { accessScopes { handle } }
}"""


def rest_of(holder: str) -> str:
    """The query for further pages of a connection inside an order or a refund."""
    owner, fields = CONNECTIONS[holder]
    return f"""query ($id: ID!, $rows: Int!, $after: String) {{
        node(id: $id) {{ ... on {owner} {{ {holder}(first: $rows, after: $after) {{ nodes {{ {fields} }} {PAGE} }} }} }}
    }}"""
