{# What a report of Mailchimp says of its messages; staging only. #}
{% macro mailchimp_emails_delivered() -%}
    emails_sent - bounces__hard_bounces - bounces__soft_bounces - bounces__syntax_errors
{%- endmacro %}

{# The vendor's specification does not name the first field; without it the proxies cannot be told apart. #}
{% macro mailchimp_emails_opened() -%}
    coalesce(opens__proxy_excluded_unique_opens, opens__unique_opens)
{%- endmacro %}
