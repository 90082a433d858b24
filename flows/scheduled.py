"""The refresh as Prefect schedules it: a flow that takes paths and runs the command as a process of its own."""

import os
import subprocess

from prefect import flow, get_run_logger

from flows import tethered
from flows.refresh import OK, PARTIAL

TRIES_AGAIN, AFTER_SECONDS = 2, 900


class NothingPublished(Exception):
    """The command published nothing; its last lines in the log say why."""


@flow(name="parcours", retries=TRIES_AGAIN, retry_delay_seconds=AFTER_SECONDS)
def scheduled(settings: str, data: str) -> None:
    """Refresh a business, and log what the command says. Raises `NothingPublished`, so that it is tried again."""
    log = get_run_logger()
    command = tethered.command("app.cli", "refresh", "--settings", settings, "--data", data)
    # Prefect's own log of that process is of no interest here
    environment = os.environ | {"PREFECT_LOGGING_LEVEL": "CRITICAL"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as running:
        for line in running.stdout or ():
            log.info("%s", line.rstrip())
    if running.returncode not in (OK, PARTIAL):
        raise NothingPublished(f"the command ended with {running.returncode}; its last lines above say why")
