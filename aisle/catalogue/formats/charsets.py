"""Which encoding of the time before UTF-8 a text is in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes


@dataclass(frozen=True, slots=True)
class Charset:
    """An encoding that exports come in.

    Attributes:
        codec: what Python calls it.
        title: what people call it.
        alphabets: the letters outside ASCII of each language that is written in it.
        common: first and last leading byte of its everyday ideographs or syllables; empty for an alphabet.
        handicap: how much better it must fit than one that is seen more often.
    """

    codec: str
    title: str
    alphabets: tuple[str, ...] = ()
    common: range = range(0)
    handicap: float = 0.02


_WESTERN: Final = (
    "äöüß",
    "àâæçéèêëîïôœùûüÿ",
    "áéíóúüñ",
    "áâãàçéêíóôõúü",
    "àèéìíîòóùú",
    "ëïéèöüáó",
    "åäöé",
    "æøåéöä",
    "áéíóúýþæöð",
    "àçèéíïòóúü",
)
_CENTRAL: Final = (
    "ąćęłńóśźż",
    "áčďéěíňóřšťúůýž",
    "áäčďéíĺľňóôŕšťúýž",
    "áéíóöőúüű",
    "čćđšž",
    "ăâîşţ",
    "äöüß",
)
_BALTIC: Final = ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")
_CYRILLIC: Final = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш",
)
_GREEK: Final = ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",)
_ARABIC: Final = ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي", "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئء")

CHARSETS: Final = (
    Charset("cp1252", "Windows-1252", _WESTERN, handicap=0.0),
    Charset("cp1250", "Windows-1250", _CENTRAL, handicap=0.01),
    Charset("cp1251", "Windows-1251", _CYRILLIC, handicap=0.01),
    Charset("iso8859_15", "ISO-8859-15", _WESTERN),
    Charset("iso8859_2", "ISO-8859-2", _CENTRAL),
    Charset("cp1253", "Windows-1253", _GREEK),
    Charset("iso8859_7", "ISO-8859-7", _GREEK),
    Charset("cp1254", "Windows-1254", ("çğıi̇öşüâîû",)),  # noqa: RUF001
    Charset("cp1255", "Windows-1255", ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)),
    Charset("cp1256", "Windows-1256", _ARABIC),
    Charset("cp1257", "Windows-1257", _BALTIC),
    Charset("koi8_r", "KOI8-R", _CYRILLIC),
    Charset("iso8859_5", "ISO-8859-5", _CYRILLIC),
    Charset("cp866", "DOS 866", _CYRILLIC),
    Charset("mac_roman", "Mac OS Roman", _WESTERN, handicap=0.08),
    Charset("cp850", "DOS 850", _WESTERN, handicap=0.08),
    Charset("cp932", "Shift_JIS", common=range(0x88, 0x98)),
    Charset("euc_jp", "EUC-JP", common=range(0xB0, 0xD0)),
    Charset("gb18030", "GB18030", common=range(0xB0, 0xD8)),
    Charset("big5", "Big5", common=range(0xA4, 0xC7)),
    Charset("cp949", "EUC-KR", common=range(0xB0, 0xC9)),
)

# What product texts hold besides letters, such as signs of trade, measure and quotation.
_SIGNS: Final = frozenset("™®©°€£½¼¾²³±×·•–—‘’‚“”„…«»¿¡§µªº\N{NO-BREAK SPACE}‐†‰№")  # noqa: RUF001
_WITHIN_WORDS: Final = frozenset("’‘\N{NO-BREAK SPACE}")  # noqa: RUF001
_LAST_LATIN: Final = "\u024f"
_JAPANESE: Final = frozenset(("cp932", "euc_jp"))
# Above it, a text is as likely to be something else.
_DOUBTFUL: Final = 0.4


def likely_charset(sample: bytes) -> Charset | None:
    """The encoding that makes the most sensible text of ``sample``; None if none does.

    charset-normalizer says how disordered a reading is. Many readings of a short text are in perfect order:
    Spanish ``año`` is Polish ``ańo`` in another encoding. So the letters of a reading must also be those of
    one language, and its ideographs common ones.
    """
    scored = [(score, charset) for charset in CHARSETS if (score := _nonsense(sample, charset)) is not None]
    score, charset = min(scored, key=lambda pair: pair[0], default=(1.0, None))
    return charset if score < _DOUBTFUL else None


def _nonsense(sample: bytes, charset: Charset) -> float | None:
    """0 for a sensible reading, 1 and more for none; None for what cannot be one."""
    try:
        text = sample.decode(charset.codec)
    except UnicodeDecodeError:
        return None
    found = from_bytes(sample, cp_isolation=[charset.codec], threshold=1.0, enable_fallback=False).best()
    disorder = found.chaos if found else 1.0
    # Where every byte is a letter, encodings are told apart by how often each one comes.
    foreign = any(alphabet > _LAST_LATIN for alphabet in charset.alphabets)
    language = 0.1 * found.coherence if found and foreign else 0.0
    # A sign of currency or measure is orderly wherever it fits.
    others = [mark for mark in text if mark > "\x7f" and mark not in _SIGNS]
    weight = 0.5 if others else 0.0
    return weight * disorder + 1 - _sense(text, charset) + charset.handicap - language


def _sense(text: str, charset: Charset) -> float:
    """Share of the characters outside ASCII that fit where they stand."""
    marks = [i for i, mark in enumerate(text) if mark > "\x7f"]
    letters: list[str] = []
    fitting = 0.0
    for i in marks:
        mark, before, after = text[i], text[i - 1 : i], text[i + 1 : i + 2]
        if mark in _SIGNS:
            fitting += mark in _WITHIN_WORDS or not (before.isalpha() and after.isalpha())
        elif charset.common:
            fitting += _ideograph_fits(mark, before + after, charset)
        elif mark.isalpha() and _letter_fits(mark, before, after):
            letters.append(mark.lower())
    if letters and charset.alphabets:
        fitting += max(sum(letter in alphabet for letter in letters) for alphabet in charset.alphabets)
    return fitting / len(marks) if marks else 0.0


def _letter_fits(mark: str, before: str, after: str) -> bool:
    if mark > _LAST_LATIN and any(other.isascii() and other.isalpha() for other in before + after):
        return False
    return not (mark.isupper() and before.islower())


def _ideograph_fits(mark: str, neighbours: str, charset: Charset) -> float:
    if any("a" <= other <= "z" for other in neighbours):
        return 0.0
    if "\u3040" <= mark <= "\u30ff":
        return float(charset.codec in _JAPANESE)
    if "\uff66" <= mark <= "\uff9f":
        return 0.3
    if "\u3000" <= mark <= "\u303f" or "\uff00" <= mark <= "\uff65":
        return 1.0
    code = mark.encode(charset.codec)
    return float(len(code) == 2 and code[0] in charset.common)


def title_of(codec: str, charsets: Iterable[Charset] = CHARSETS) -> str:
    """What people call a codec; its own name if it is none of the usual ones."""
    titles: Mapping[str, str] = {charset.codec: charset.title for charset in charsets}
    return titles.get(codec.replace("-", "_"), codec.upper())
