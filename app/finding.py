"""Finds KPIs by the words of a question, in French or in English, whatever its accents, hyphens and endings."""

import math
import re
import unicodedata
from collections import Counter

from dashboard.published import Rows

LABELS = ("label_fr", "label_en", "kpi_id")
SYNONYMS = "synonyms"  # several, between commas
DEFINITIONS = ("definition", "definition_fr")
STEM = 6  # letters by which convert, conversion and conversions are one word
SHORT = 3  # letters; NPS is a word, articles are none
ASKING = (  # what any question is asked with, which says nothing of what it is about
    "how many much long often what which who our does did have has are the and for from with get last month week year "
    "combien quel quelle quels quelles nous nos notre avons les des une dans pour par que qui sont mois semaine annee"
)
OF_DEFINITION = 0.2  # what a word of the definition says, beside one of the label


def found(kpis: Rows, question: str) -> Rows:
    """The KPIs that share words with the question, the nearest first. A word that few KPIs have says most."""
    held = Counter(word for kpi in kpis for word in _stems(kpi, (*LABELS, SYNONYMS, *DEFINITIONS)))
    asked = {word for word in held if any(_alike(word, one) for one in stems(question) - stems(ASKING))}
    weights = {word: math.log(1 + len(kpis) / count) ** 2 for word, count in held.items()}
    scores = {kpi["kpi_id"]: _score(kpi, asked, weights) for kpi in kpis}
    return sorted((kpi for kpi in kpis if scores[kpi["kpi_id"]]), key=lambda kpi: scores[kpi["kpi_id"]], reverse=True)


def stems(text: str) -> set[str]:
    """The beginnings of its words, without case, accents, hyphens and plurals."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("-", ""))
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    singular = (word.rstrip("sx") if len(word) > SHORT else word for word in re.findall(r"[a-z0-9]+", bare))
    return {word[:STEM] for word in singular if len(word) >= SHORT}


def _alike(one: str, other: str) -> bool:
    """Coût and coûte, but not art and article."""
    return one == other or (min(len(one), len(other)) > SHORT and (one.startswith(other) or other.startswith(one)))


def _score(kpi: dict[str, str], asked: set[str], weights: dict[str, float]) -> float:
    """A label that is asked for as a whole is nearer than one of which a word is."""

    def weight(words: set[str]) -> float:
        return sum(weights[word] for word in words)

    labels = [*(_stems(kpi, [name]) for name in LABELS), *map(stems, kpi[SYNONYMS].split(", "))]
    by_label = max(weight(label & asked) * (1 + weight(label & asked) / weight(label)) for label in labels if label)
    return by_label + OF_DEFINITION * weight(_stems(kpi, DEFINITIONS) & asked)


def _stems(kpi: dict[str, str], names: tuple[str, ...] | list[str]) -> set[str]:
    return stems(" ".join(kpi[name] for name in names).replace("_", " "))
