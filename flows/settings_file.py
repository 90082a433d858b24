"""Takes a section, or one entry of a list, out of a settings file; all else stays as it is written, comments too."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from pipelines.connector import ConnectorError

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?")
Name = tuple[str, ...]


class NotPlain(ConnectorError):
    """The file is written in a way of which only its author knows how to take something out; the message says what."""


@dataclass
class Block:
    """A section as it is written, its header first; the beginning of the file has none."""

    name: Name = ()
    is_listed: bool = False  # one of a list of sections
    lines: list[str] = field(default_factory=list)


def without(text: str, source: str, option: str = "", entry: str = "") -> str:
    """The text without a source's section, or without the entry of one of its options that is a list or holds sections.

    Raises `NotPlain` where the text that is left would not say exactly all else.
    """
    wanted = tomllib.loads(text)
    blocks = _blocks(text)
    name = ("sources", source)
    if not option:
        del wanted["sources"][source]
        left = _without_sections(blocks, [one for one in blocks if one.name[:2] == name])
    elif isinstance(listed := wanted["sources"][source][option], dict):
        del listed[entry]
        left = _without_sections(blocks, [one for one in blocks if one.name[:4] == (*name, option, entry)])
    else:
        place = [_id(one) for one in listed].index(entry)
        if isinstance(listed.pop(place), dict):
            left = _without_sections(blocks, _listed(blocks, (*name, option), place))
        else:
            left = _without_item(blocks, name, option, entry)
    if not _says(left, wanted):
        what = f"{entry} out of {option} in [sources.{source}]" if option else f"[sources.{source}]"
        raise NotPlain(f"Take {what} out of the settings by hand, then run this again.")
    return left


def _id(one: Any) -> str:
    return str(one["id"] if isinstance(one, dict) else one)


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return {"sources": {}} | said == {"sources": {}} | wanted


def _blocks(text: str) -> list[Block]:
    blocks = [Block()]
    for line in text.splitlines(keepends=True):
        if found := HEADER.fullmatch(line.rstrip("\r\n")):
            name = tuple(part.strip().strip("\"'") for part in found[2].split("."))
            blocks.append(Block(name, found[1] == "[["))
        blocks[-1].lines.append(line)
    return blocks


def _listed(blocks: list[Block], name: Name, place: int) -> list[Block]:
    """The section of a list at a place, and those below it."""
    begins = [number for number, one in enumerate(blocks) if one.name == name and one.is_listed]
    if place >= len(begins):
        return []
    first = begins[place]
    found = [blocks[first]]
    for one in blocks[first + 1 :]:
        if one.name[: len(name)] != name or one.name == name:
            break
        found.append(one)
    return found


def _without_sections(blocks: list[Block], gone: list[Block]) -> str:
    """The text without these sections and what is said right above and below them; all other comments stay."""
    left: list[str] = []
    for block in blocks:
        if any(block is one for one in gone):
            del left[_own_comments(left) :]
            left += _of_others(block.lines)
        else:
            left += block.lines
    return "".join(left)


def _own_comments(before: list[str]) -> int:
    """Where the comments begin that stand right above a header, with an empty line above them."""
    place = len(before)
    while place and _is_comment(before[place - 1]):
        place -= 1
    return place if place and not before[place - 1].strip() else len(before)


def _of_others(lines: list[str]) -> list[str]:
    """The comments at the end of a section that are not its own: those after an empty line, or all without one."""
    place = len(lines)
    while place > 1 and (_is_comment(lines[place - 1]) or not lines[place - 1].strip()):
        place -= 1
    ending = lines[place:]
    empty = [number for number, line in enumerate(ending) if not line.strip()]
    others = ending[empty[0] + 1 :] if empty else ending
    return others if any(map(_is_comment, others)) else []


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _without_item(blocks: list[Block], name: Name, option: str, item: str) -> str:
    """The text without a string of a list, with the whole line where it has one of its own."""
    quoted = rf"([\"']){re.escape(item)}\1"
    for block in blocks:
        if block.name == name:
            written = "".join(block.lines)
            if begins := re.search(rf"^\s*{option}\s*=\s*\[", written, re.MULTILINE):
                head, rest = written[: begins.end()], written[begins.end() :]
                fewer = re.sub(rf"^[ \t]*{quoted}[ \t]*,?[ \t]*(#.*)?\n", "", rest, count=1, flags=re.MULTILINE)
                if fewer == rest:
                    fewer = re.sub(rf"{quoted}[ \t]*,?[ \t]*", "", rest, count=1)
                    fewer = re.sub(r",[ \t]*\]", "]", fewer, count=1)
                block.lines = [head + fewer]
    return "".join(line for block in blocks for line in block.lines)
