"""Run the adversary by hand: `python -m tests.adversary [CONNECTOR …] [--mutation M] [--endpoint E] [--sample N]`."""

# ruff: noqa: T201 (this is the command that talks to a person)

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("PARCOURS_IDENTITY_KEY", "a-key-for-tests-only-0123456789")

from pipelines.registry import CONNECTORS
from tests.adversary.report import Tally, chosen
from tests.adversary.trial import arena
from tests.adversary.whole import share


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is asked for, tell each combination that breaks the promise, and show the table."""
    asked = _parser().parse_args(arguments)
    tally = Tally()
    for source in asked.connector or CONNECTORS:
        with arena(source) as found:
            every = chosen(found.combinations(), asked.sample)
            combinations = [one for one in share(every, asked.share) if _is_asked(str(one), asked)]
            print(f"{source}: {len(combinations)} combinations", flush=True)
            for combination in combinations:
                if asked.list:
                    print(f"  {combination}")
                    continue
                outcome = tally.add(found.run(combination))
                if outcome.result == "neither" or asked.verbose:
                    print(f"  {outcome}", flush=True)
        if not asked.list:
            print(tally.line(source), flush=True)
    print(tally.table())
    if asked.record:
        asked.record.write_text(tally.as_json(), encoding="utf-8")
    return 1 if tally.broken else 0


def _is_asked(name: str, asked: argparse.Namespace) -> bool:
    is_wanted = all(part in name for part in (asked.mutation, asked.endpoint) if part)
    return is_wanted and not any(part in name for part in (asked.without or "").split(",") if part)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.adversary", description=__doc__)
    parser.add_argument("connector", nargs="*", choices=[*CONNECTORS, []], help="default: all")
    parser.add_argument("--mutation", help="only those whose name contains this")
    parser.add_argument("--endpoint", help="only those whose name contains this")
    parser.add_argument("--without", help="none whose name contains one of these, separated by commas")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="one combination in so many")
    parser.add_argument("--share", default="1/1", metavar="K/N", help="the Kth of N equal shares of them")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what became of them there, as JSON")
    parser.add_argument("--list", action="store_true", help="list the combinations, run none")
    parser.add_argument("--verbose", action="store_true", help="tell every outcome")
    return parser


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a load that never ends must not keep the report waiting
