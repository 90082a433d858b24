"""Facebook's Graph API, for ads and pages alike: its client, its limits, its tokens."""
