{# What a report of Mailchimp says of its messages; staging only. #}
{% macro mailchimp_emails_delivered() -%}
    emails_sent
    - cast(coalesce({{ json_text('bounces', 'hard_bounces') }}, '0') as bigint)
    - cast(coalesce({{ json_text('bounces', 'soft_bounces') }}, '0') as bigint)
    - cast(coalesce({{ json_text('bounces', 'syntax_errors') }}, '0') as bigint)
{%- endmacro %}

{# The vendor's specification does not name the first field; without it the proxies cannot be told apart. #}
{% macro mailchimp_emails_opened() -%}
    cast(
        coalesce(
            {{ json_text('opens', 'proxy_excluded_unique_opens') }}, {{ json_text('opens', 'unique_opens') }}
        ) as bigint
    )
{%- endmacro %}
