"""What commands can be asked for; a module of its own, so that `--help` need not load the rest."""

from typing import Literal

Stage = Literal[
    "awareness", "engagement", "capture", "conversion", "experience", "ascension", "fan", "ambassador", "levers"
]
Grain = Literal["day", "week", "month", "quarter", "year"]
GrainOrAuto = Literal["day", "week", "month", "quarter", "year", "auto"]
Format = Literal["table", "json", "csv"]
Output = Literal["table", "json"]
Language = Literal["fr", "en"]
