"""Orchestration: refresh, publish, backfill."""
