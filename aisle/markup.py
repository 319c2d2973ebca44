"""Untrusted text as plain text: the only place that does it, for words, vectors and display alike.

What these functions return is part of what a trained model knows: change it and you must change
``aisle.encoder.text.TEXT_VERSION``. That is also why the standard library's HTML parser is not used: it reads
broken markup differently in each version of Python, and some of them need quadratic time for it.
"""

# ruff: noqa: SIM905 - lists of words in many languages

from __future__ import annotations

import html
import re
import unicodedata
from html.entities import html5
from typing import Final

# Controls but for line breaks and tabs, noncharacters, lone surrogates (no encoder of text accepts them).
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]+"
)
# Zero width and soft hyphen, marks and overrides of direction, joiners of formulas, fillers, byte order mark,
# places of objects.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufffc]+"
    # Tags spell the flags of England, Scotland and Wales, and elsewhere hide text.
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
)
_FILLER: Final = re.compile("[\u034f\u3164\uffa0\ufffc]")
# Joiners spell words of Persian and Indic scripts, and hold emoji together. Elsewhere they are noise.
_JOINED = "\u0590-\u1fff\u2190-\u2bff\u3000-\ud7ff\ufb1d-\ufdff\ufe0f\ufe70-\ufefc\U00010000-\U0010ffff"
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_STRAY_JOINER: Final = re.compile(
    f"(?<![{_JOINED}])[\u200c\u200d]+|(?<=[\u200c\u200d])[\u200c\u200d]+"
    f"|(?<![{_VIRAMA}])[\u200c\u200d](?![{_JOINED}])"
)

# Between blocks; `str.splitlines` splits there. Cleaned text holds no other.
_BREAK: Final = "\x1e"
_SEPARATORS: Final = re.compile("[\x1c-\x1e]")


def one_line(text: str) -> str:
    """One line of the same characters: composed (NFC), without invisible ones; white space is one space.

    Idempotent. Markup stays as it is written: for text of which people see every character, such as queries.
    """
    return " ".join(_characters(text).split())


def plain_line(text: str) -> str:
    """`plain_text` on one line."""
    if "<" not in text and "&" not in text:
        return one_line(text)
    return " ".join(_unmarked(text).split())


def plain_text(text: str) -> str:
    """What a person would read of it: HTML without its tags, one line for each block, none of them empty.

    Entities are decoded and tags removed until none are left: exports escape their markup once, twice or
    never, and nothing in a cell says how often. Only elements of HTML are tags: ``Size <M>``, ``a <3 b`` and
    ``x < y`` stay. Scripts, styles and comments are no text.

    Args:
        text: of unknown origin. Takes time in proportion to its length, whatever it holds.

    Returns:
        NFC, without control and invisible characters. The result is its own plain text.
    """
    unmarked = _unmarked(text) if "<" in text or "&" in text else _characters(text)
    lines = (" ".join(line.split()) for line in unmarked.splitlines())
    return "\n".join(line for line in lines if line)


def decoded(text: str) -> str:
    """The text with its character references decoded: ``Tom &amp; Jerry&#39;s`` is ``Tom & Jerry's``."""
    if "&" not in text:
        return text
    return _REFERENCE.sub(_character, _SURROGATES.sub(_pair, _AMPERSANDS.sub("&", text)))


def _characters(text: str) -> str:
    printable = text.isprintable()
    if not printable:
        text = _CONTROL.sub(" ", text)
    if text.isascii():
        return text
    if not printable:
        text = _STRAY_JOINER.sub("", _INVISIBLE.sub("", text))
    elif _FILLER.search(text):
        # Of what cannot be seen, the only ones that count as printable.
        text = _INVISIBLE.sub("", text)
    return unicodedata.normalize("NFC", text)


# So often a text may be escaped. A bound for the hostile: shops manage two.
_ROUNDS = 8


def _unmarked(text: str) -> str:
    text = _characters(_SEPARATORS.sub(" ", text))
    for _ in range(_ROUNDS):
        before = text
        if "<" in text:
            text = _without_tags(text)
        text = _characters(decoded(text))
        if text == before:
            break
    if _BREAK in text:
        # Where blocks are marked up, a line break of the source is white space, but for an empty line.
        text = _EMPTY_LINE.sub(_BREAK, text).replace("\r", " ").replace("\n", " ")
    return text


_EMPTY_LINE: Final = re.compile(r"\n[ \t\r]*+\n")

_AMPERSANDS: Final = re.compile(r"&(?:amp;|#0{0,6}38;|#[xX]0{0,6}26;)+")
# Without a semicolon only what cannot be a parameter of an address: ?a=1&copy=2.
_REFERENCE: Final = re.compile(
    r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});"
    r"|&#(?:3[2-9]|[4-9][0-9]|[12][0-9]{2}|[0-9]{4})(?![0-9;])"
    r"|&(?:amp|lt|gt|quot|nbsp)(?![\w=;])"
)
# What does not know characters beyond U+FFFF writes a pair of surrogates for one.
_SURROGATES: Final = re.compile(
    "&#(5529[6-9]|55[3-9][0-9]{2}|56[0-2][0-9]{2}|563[01][0-9]);&#(5[67][0-9]{3});"
)


def _pair(match: re.Match[str]) -> str:
    pair = b"".join(int(half).to_bytes(2, "little") for half in match.groups())
    return pair.decode("utf-16-le", "ignore")


def _character(match: re.Match[str]) -> str:
    reference = match[0]
    if reference[1] == "#":
        return html.unescape(reference).replace("\ufffd", "")
    return html5.get(reference[1:], reference)


_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav"
    " ol optgroup option p pre section summary table tbody tfoot thead tr ul".split()
)
_SPACED = frozenset("td th img button input select textarea embed object video audio canvas".split())
_INLINE = frozenset(
    "a abbr acronym area b base basefont bdi bdo big blink cite code col colgroup data datalist del dfn em"
    " font frame i ins kbd label link map mark marquee meta meter nobr noframes noscript output param picture"
    " progress q rp rt ruby s samp slot small source span strike strong sub sup time title track tt u var"
    " wbr".split()
)
_NO_TEXT = frozenset("script style head template iframe svg noembed".split())
_ELEMENTS = _BLOCKS | _SPACED | _INLINE | _NO_TEXT
# What word processors write.
_FOREIGN = ("o:", "v:", "w:", "x:", "m:", "st1:")

_ALONE = frozenset("br hr wbr p li dt dd td th tr option optgroup thead tbody tfoot".split())
"""Elements that are written without an end tag."""

_FLAGS = frozenset(
    "allowfullscreen async autoplay checked compact controls default defer disabled hidden itemscope loop"
    " multiple muted nobr noresize noshade novalidate nowrap open readonly required reversed selected".split()
)

# Attributes are looked for up to the next "<", so that a text full of those takes no longer than others. Up
# to three quoted values may hold one.
_PLAIN_ATTRIBUTES = r"""(?:[^"'<>]|"[^"<]*+"|'[^'<]*+')*+"""
_QUOTED_TAG = r"""(?<==)(?:"[^"]{0,300}+"|'[^']{0,300}+')"""
_TOKEN: Final = re.compile(
    rf"""<(?:
      (?P<comment>!--) .*? (?:-->|\Z)
    | (?P<other>!\[CDATA\[ | !\[[^\]<>]{{0,100}}+\]> | [!?][a-zA-Z][^<>]*+>)
    | (?P<end>/?) (?P<name>[a-zA-Z][a-zA-Z0-9]*+(?::[a-zA-Z0-9]++)?) (?:
        (?P<attributes>(?:[\s/] {_PLAIN_ATTRIBUTES} (?:{_QUOTED_TAG}{_PLAIN_ATTRIBUTES}){{0,3}}
            | [\s/][^<>]*+)?) >
      | (?P<broken>\s[^<>]*+) (?=<|\Z)
      )
    )""",
    re.VERBOSE | re.DOTALL,
)
_END_TAG: Final = re.compile(r"</([a-zA-Z][a-zA-Z0-9]*)")


def _without_tags(text: str) -> str:
    """The text with `_BREAK` for every block."""
    ended = {name.lower() for name in _END_TAG.findall(text)}
    parts: list[str] = []
    at = 0
    while match := _TOKEN.search(text, at):
        start, after = match.span()
        parts.append(text[at:start])
        if match["comment"] or match["other"]:
            at = after
            continue
        name = match["name"].lower()
        if not _is_tag(match, name, ended):
            parts.append("<")
            at = start + 1
            continue
        parts.append(_BREAK if name in _BLOCKS else " " if name in _SPACED or name in _NO_TEXT else "")
        at = after
        if name in _NO_TEXT and not match["end"] and not (match["attributes"] or "").endswith("/"):
            at = _after_element(text, after, name, ended)
    parts.append(text[at:])
    joined = "".join(parts)
    return joined.replace("]]>", "") if "<![CDATA[" in text else joined


def _after_element(text: str, at: int, name: str, ended: set[str]) -> int:
    """Where the element that begins before ``at`` ends."""
    if name in ended:
        found = re.compile(rf"</{name}[^<>]*+>?", re.IGNORECASE).search(text, at)
        if found:
            return found.end()
        # Nor will later ones find it: looked for again, a text full of these would take quadratic time.
        ended.discard(name)
    return len(text) if name in ("script", "style") else at


def _is_tag(match: re.Match[str], name: str, ended: set[str]) -> bool:
    if name not in _ELEMENTS and not name.startswith(_FOREIGN):
        return False
    if match["broken"] is not None:
        return "=" in match["broken"]
    words = (match["attributes"] or "").strip(" \t\r\n/")
    if words:
        return "=" in words or _FLAGS.issuperset(words.lower().split())
    if match["end"] or name in ended or name in _ALONE or match["attributes"]:
        return True
    # "Size <S>", "Zelda <Link> figure": nothing ends it, and it stands where a word would.
    text, (start, end) = match.string, match.span()
    before, after = text[max(start - 1, 0) : start], text[end : end + 2]
    return before not in (" ", "(", "/", ",") or not (
        not after or after[0] == " " or (after[0] in ",.;:)/" and not after[1:].strip(" \n"))
    )
