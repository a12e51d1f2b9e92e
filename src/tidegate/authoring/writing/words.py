"""Names and sentences: what an API spells in its own way, as Python and a reader spell it."""

from __future__ import annotations

import builtins
import json
import keyword
import re
import unicodedata
from collections.abc import Collection
from itertools import count

from pydantic import BaseModel

_WORD = re.compile(
    r"[A-Z]{2,}s(?![A-Za-z])"  # URLs
    r"|[A-Z]+(?![a-z])[0-9]*"  # HTML of HTMLContent
    r"|[A-Z]?[a-z]+(?:[0-9]+[a-z]*)*"  # address1, opens7d
    r"|[0-9]+[a-z]*"  # 2fa
)
# Words that end with an s and are not the plural of anything, or stand for one thing all the same.
_ONE = frozenset(
    {"access", "analytics", "basis", "bus", "campus", "news", "series", "sms", "species", "stats"}
)
_TAKEN = frozenset(name for name in dir(BaseModel) if not name.startswith("_")) | {"str", "int", "float"}
_ANNOTATIONS = frozenset({"bool", "list", "dict"})
# Signs of typesetters, as they are typed: linters take them for slips.
_TYPED = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
    }
)
_MARKDOWN = re.compile(r"<[^<>]*>|\*\*|__|`+|(?<=\])\([^()]*\)|[\[\]]")


def words(text: str) -> list[str]:
    """In lower case: `HTMLContent`, `html-content` and `html content` are all html, content."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return [each.lower() for each in _WORD.findall(plain)]


def snake(text: str) -> str:
    """A name in lower case; `field` where the text has nothing that a name can hold."""
    name = "_".join(words(text)) or "field"
    return f"field_{name}" if name[0].isdigit() else name


def pascal(name: str) -> str:
    return "".join(each[:1].upper() + each[1:] for each in name.split("_"))


def attribute(name: str, taken: Collection[str] = ()) -> str:
    """The name as that of a field of a contract: no keyword, nothing that Pydantic or an annotation needs."""
    if name.startswith(("model_validate", "model_dump", "model_config")):
        name = f"field_{name}"  # Pydantic keeps the prefixes
    if keyword.iskeyword(name) or name in _TAKEN | _ANNOTATIONS:
        name += "_"
    return unique(name, taken)


def argument(name: str, taken: Collection[str] = ()) -> str:
    """The name as that of an argument of a method."""
    shadows = keyword.iskeyword(name) or hasattr(builtins, name) or name in {"self", "date", "datetime"}
    return unique(f"{name}_" if shadows else name, taken)


def unique(name: str, taken: Collection[str], between: str = "_") -> str:
    """The name, or with a number where another one differs from it by case at most."""
    used = {each.lower() for each in taken}
    if name.lower() not in used:
        return name
    stem = f"{name.rstrip('_')}{between}"
    return next(f"{stem}{number}" for number in count(2) if f"{stem}{number}".lower() not in used)


def singular(name: str) -> str:
    """Of a name in snake case whose last word is a plural: `email_campaigns` is `email_campaign`."""
    head, _, last = name.rpartition("_")
    return f"{head}_{_one(last)}" if head else _one(last)


def _one(word: str) -> str:
    if word in _ONE or word.endswith(("ss", "us", "is")) or len(word) < 3 or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "uses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def spoken(name: str) -> str:
    """`email_campaign` as words in a sentence."""
    return name.strip("_").replace("_", " ")


def sentence(text: str) -> str:
    """With a capital in front."""
    return text[:1].upper() + text[1:]


def line(text: str, room: int) -> str:
    """The first sentence of a text that may have lines, Markdown and HTML in it, without a full stop, in at
    most `room` characters of Python source.
    """
    plain = " ".join(_MARKDOWN.sub("", _printable(text)).split())
    first = re.split(r"(?<=[^.]{2}[.!?])\s+(?=[A-Z(])", plain, maxsplit=1)[0].rstrip(".: ")
    return cut(first, room)


def inert(text: str) -> str:
    """Foreign text as it may stand within quotes of any kind: it neither ends them nor escapes anything."""
    return text.replace("\\", "/").replace('"', "'")


def cut(text: str, room: int) -> str:
    """At the end of a word, with dots where anything is missing. `room` is that within the quotes."""
    if _length(text) <= room:
        return text
    while text and _length(text) > room - 4:
        text = text.rpartition(" ")[0] or text[: room - 8]
    return f"{text.rstrip(',;:-( ')} ..."


def quoted(text: str) -> str:
    """As a string of Python, in double quotes; what cannot be seen is escaped."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in shown)


def _length(text: str) -> int:
    return len(quoted(text)) - 2 + sum(unicodedata.east_asian_width(each) in "WF" for each in text)


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text.translate(_TYPED))
