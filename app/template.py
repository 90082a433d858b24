"""The commented template of the settings: what a business begins with, and which of its keys are still examples."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from pipelines.registry import CONNECTORS
from pipelines.settings import Settings

TEMPLATE = Path(__file__).with_name("template.toml")
KEPT = ("source_groups",)  # an example that is as good for others
COMMENT_AT = 33
HEADER = """\
# The business: what is connected, and how it counts. No secret belongs here; they are in .env beside this file.
# A command validates it when it starts and names the key that is wrong. Try: parcours check
# Another tool: parcours init --tool NAME. What else can be said here: parcours.toml of the project.
"""


def business(chosen: Mapping[str, str | date | list[str]]) -> str:
    """The beginning of the settings: the chosen keys, each with the template's comment."""
    comments = dict(re.findall(r"^(?:# )?(\w+) = .*?  +(# .*)$", _block("[business]"), re.MULTILINE))
    said = {key: f"{key} = {_toml(value)}" for key, value in chosen.items()}
    lines = [f"{line:{COMMENT_AT - 1}} {comments.get(key, '')}".rstrip() for key, line in said.items()]
    return "\n".join([HEADER, "[business]", *lines, ""])


def section(source: str) -> str:
    """A source's section: examples of what it cannot do without, and of tables; all else stays a comment."""
    lines, is_table = [], False
    for line in _block(f"# [sources.{source}]").splitlines():
        bare = line.removeprefix("# ")
        is_table = is_table or bare.startswith(("[sources." + source + ".", "[[sources." + source + "."))
        is_needed = bare.startswith("[") or is_table or _is_required(source, bare.partition(" = ")[0])
        lines.append(bare if is_needed else line)
    return "\n".join([*lines, ""])


def examples(settings: Settings) -> Iterator[str]:
    """The keys of connected sources that still hold the template's example."""
    for name in settings.connected:
        said = settings.sources[name].model_dump()
        example = tomllib.loads(section(name))["sources"][name]
        held = CONNECTORS[name].options.model_validate(example).model_dump()
        for key in example:
            if key not in KEPT and said[key] == held[key]:
                yield f"sources.{name}.{key}: is still the example: write your own there"


def _block(first_line: str) -> str:
    """The lines from one that begins so to the next empty one."""
    text = TEMPLATE.read_text(encoding="utf-8")
    return text[text.index(f"\n{first_line}") + 1 :].partition("\n\n")[0]


def _is_required(source: str, key: str) -> bool:
    field = CONNECTORS[source].options.model_fields.get(key)
    return field is not None and field.is_required()


def _toml(value: str | date | list[str]) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
