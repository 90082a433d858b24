"""The templates of the page and of the mail: what is filled in is escaped, and what is not known is an error."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.words import told


def environment() -> Environment:
    """Where templates are found; all may tell a text by its name."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["told"] = told
    return found
