"""`.env` beside the settings: the secrets of the business. Each command reads it; nobody else may."""

import os
from pathlib import Path
from textwrap import wrap

from dotenv import dotenv_values

from app.options import SETTINGS_VARIABLE
from flows.private import OTHERS
from pipelines.connector import Connector, ConnectorError
from pipelines.credentials import variables


def beside(settings: Path) -> Path:
    """Where the secrets of a business lie."""
    return settings.parent / ".env"


def load(path: Path) -> None:
    """Set in the environment what it does not say itself. Raises `ConnectorError` where others may read the file."""
    for name, value in said(path).items():
        if value and name != SETTINGS_VARIABLE:  # the settings are found already, and it lies beside them
            os.environ.setdefault(name, value)


def said(path: Path) -> dict[str, str | None]:
    """Every name in the file with its value; nothing where there is no file."""
    try:
        if path.stat().st_mode & OTHERS:
            raise ConnectorError(f"{path} holds secrets and can be read by others. Close it: chmod 600 {path}")
        return dotenv_values(path, interpolate=False)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConnectorError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConnectorError(f"{path} is not written in UTF-8: save it so.") from None


def named(connector: Connector) -> str:
    """The lines that name a source's secrets, and say where they are made."""
    lines = wrap(f"{connector.title}. {connector.advice}", initial_indent="# ", subsequent_indent="# ", width=120)
    return "\n".join([*lines, *(f"{variable}=" for variable in variables(connector)), ""])
