-- Every business day from the start of history to the day of the last refresh, which may take captures.
{{ day_series(ref('int_business'), 'history_start', 'as_of_day') }}
