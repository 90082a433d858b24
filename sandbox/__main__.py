"""Serve one business's vendors by hand: `python -m sandbox --port 8765 --grpc-port 8766`."""

# ruff: noqa: T201 (this is the command that talks to a person)

import argparse
import signal
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from sandbox.events import World
from sandbox.server import running
from sandbox.vendors.google_analytics.quality import Quality
from sandbox.world import generate

HISTORY_DAYS = 396  # 13 months: a year to compare with, and a month beyond


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the world, serve it until interrupted, and say how to aim the product at it."""
    asked = _parser().parse_args(arguments)
    last_day = asked.last_day or datetime.now(ZoneInfo(World(date.min, date.min).time_zone)).date()
    first_day = asked.first_day or last_day - timedelta(days=HISTORY_DAYS)
    if first_day > last_day:
        print(f"--first-day {first_day} is after --last-day {last_day}: nothing would ever happen")
        return 2
    try:
        quality = Quality.model_validate(dict(map(_switch, asked.quality)))
    except ValidationError as error:
        wrong = error.errors()[0]
        print(f"--quality {wrong['loc'][0]}: {wrong['msg']}; there are {', '.join(Quality.model_fields)}")
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    world = generate(seed=asked.seed, first_day=first_day, last_day=last_day, scale=asked.scale)
    try:
        with running(world, asked.now, asked.port, asked.grpc_port) as sandbox:
            sandbox.quality(**quality.model_dump())
            print(f"# the vendors of seed {asked.seed}, {first_day} to {last_day}, as of {sandbox.sandbox.now()}")
            for name, value in sandbox.environment().items():
                print(f"export {name}={value}")
            print("# Ctrl-C stops", flush=True)
            stop.wait()
    except OSError as error:
        print(f"{error.strerror or error}: choose other ports with --port and --grpc-port, or 0 for any free ones")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="of all HTTP vendors; 0 for any free one")
    parser.add_argument("--grpc-port", type=int, default=8766, help="of Google Analytics; 0 for any free one")
    parser.add_argument("--seed", type=int, default=7, help="decides the whole world")
    parser.add_argument("--first-day", type=date.fromisoformat, help="default: 13 months before the last")
    parser.add_argument("--last-day", type=date.fromisoformat, help="default: today")
    parser.add_argument("--now", type=_instant, help="freeze the clock, e.g. 2026-10-31T22:00:00+00:00")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the business, 1.0 is a small shop")
    switches = "; ".join(f"{name}: {one.description}" for name, one in Quality.model_fields.items())
    parser.add_argument(
        "--quality", action="append", default=[], metavar="NAME[=VALUE]",
        help=f"how Google Analytics falls short of the truth, e.g. noise; may be repeated. {switches}",
    )  # fmt: skip
    return parser


def _switch(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value or "true"


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


if __name__ == "__main__":
    raise SystemExit(main())
