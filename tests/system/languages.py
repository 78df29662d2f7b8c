"""Which lines of a text are not in the language they should be in, told by words that only the other one has."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

FOREIGN: Final = {
    "nb": {
        "the",
        "known",
        "until",
        "not",
        "then",
        "with",
        "was",
        "were",
        "are",
        "which",
        "been",
        "because",
        "and",
        "this",
    },
    "en": {"og", "ikke", "er", "fra", "med", "på", "som", "det", "kjent", "etter", "eller", "blir", "ble"},
}
"""By the language a text should be in. Names of the site file, people's own words and units have none of these."""
WORD: Final = re.compile(r"[a-zæøå]+")


def foreign(texts: Iterable[str], language: str) -> list[str]:
    """Lines that have such a word, each once."""
    lines = {line.strip() for text in texts for line in text.splitlines()}
    return sorted(line for line in lines if FOREIGN[language] & set(WORD.findall(line.lower())))


def halves(answer: object, language: str) -> list[str]:
    """What an answer of the API says in one language, wherever it stands in it."""
    if isinstance(answer, Mapping):
        if answer.keys() == {"nb", "en"}:
            return [str(answer[language])]
        return [text for part in answer.values() for text in halves(part, language)]
    if isinstance(answer, list):
        return [text for part in answer for text in halves(part, language)]
    return []
