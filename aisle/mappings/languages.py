"""Languages of catalogues: how the texts of each become words, with what every OpenSearch node has.

Filters of one chain stand in this order: case and elisions; stop words; parts of compounds, or pairs of
signs; spellings of one word; forms of one word. Stemmers see the letters of their language, and what shoppers
leave out, such as accents, is folded after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """A token filter of an index.

    Attributes:
        name: in the index's settings; of a built-in filter of OpenSearch's without ``settings``.
        settings: its definition, None for a built-in one.
    """

    name: str
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """How texts in one language become words.

    Attributes:
        code: ISO 639-1, or ``NEUTRAL``'s.
        name: in English.
        stop_words: in lower case, which are neither indexed nor searched.
        lowering: filters after which a word is still as it is written, but for its case.
        spelling: filters that make spellings of one word equal.
        stemming: filters that make the forms of one word equal.
        tokenizer: of OpenSearch.
        bigrams: words are not told apart by spaces: pairs of signs are searched.
        compounds: words are written together: documents also have the parts of theirs.
        lacks: what OpenSearch does with this language only if a plugin is installed, and Aisle does without.
    """

    code: str
    name: str
    stop_words: frozenset[str]
    lowering: tuple[TokenFilter, ...]
    spelling: tuple[TokenFilter, ...] = ()
    stemming: tuple[TokenFilter, ...] = ()
    tokenizer: str = "standard"
    bigrams: bool = False
    compounds: bool = False
    lacks: str = ""

    @property
    def stop(self) -> tuple[TokenFilter, ...]:
        """The filter that takes its stop words out; none without any."""
        if not self.stop_words:
            return ()
        settings = {"type": "stop", "stopwords": sorted(self.stop_words)}
        return (TokenFilter(f"aisle_stop_{self.code}", settings),)


_LOWERCASE: Final = TokenFilter("lowercase")
_DIGITS: Final = TokenFilter("decimal_digit")
_FOLDING: Final = TokenFilter("asciifolding")
_WIDTH: Final = TokenFilter("cjk_width")
_NOTHING: Final[frozenset[str]] = frozenset()


# L'Oréal and loreal; U.S.A and usa.
_APOSTROPHES: Final = TokenFilter(
    "aisle_apostrophes",
    {"type": "pattern_replace", "pattern": r"'|(?<=(?:^|\.)\p{L})\.(?=\p{L})", "replacement": ""},
)
# What Porter's rules do not know.
_IRREGULAR: Final = TokenFilter(
    "aisle_irregular_en",
    {
        "type": "stemmer_override",
        "rules": [
            *("woman, women => woman", "man, men => man", "gentleman, gentlemen => gentleman"),
            *("child, children => child", "grandchild, grandchildren => grandchild"),
            *("person, people => person", "foot, feet => foot", "tooth, teeth => tooth"),
            *("goose, geese => goose", "mouse, mice => mouse", "louse, lice => louse", "ox, oxen => ox"),
            *("die, dice => die", "knife, knives => knife", "penknife, penknives => penknife"),
            *("wife, wives => wife", "life, lives => life", "half, halves => half", "wolf, wolves => wolf"),
            *("shelf, shelves => shelf", "bookshelf, bookshelves => bookshelf", "leaf, leaves => leaf"),
            *("loaf, loaves => loaf", "scarf, scarves => scarf", "hoof, hooves => hoof"),
            *("calf, calves => calf", "thief, thieves => thief", "elf, elves => elf", "self, selves => self"),
            *("dwarf, dwarves => dwarf", "sheaf, sheaves => sheaf", "cactus, cacti => cactus"),
            *("fungus, fungi => fungus", "index, indices => index", "matrix, matrices => matrix"),
        ],
    },
)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _stemmer(algorithm: str) -> TokenFilter:
    return TokenFilter(f"aisle_stemmer_{algorithm}", {"type": "stemmer", "language": algorithm})


def _lowercase(language: str) -> TokenFilter:
    return TokenFilter(f"aisle_lowercase_{language}", {"type": "lowercase", "language": language})


def _elision(code: str, articles: str) -> TokenFilter:
    settings = {"type": "elision", "articles": articles.split(), "articles_case": True}
    return TokenFilter(f"aisle_elision_{code}", settings)


NEUTRAL: Final = Language("none", "no language", _NOTHING, (_LOWERCASE, _FOLDING))
"""Words as they are written: for catalogues of codes, and of languages that nothing is known of."""

ENGLISH: Final = Language(
    "en",
    "English",
    # Those of Lucene's `EnglishAnalyzer`.
    _words(
        "a an and are as at be but by for if in into is it no not of on or such that the their then"
        " there these they this to was will with"
    ),
    lowering=(_stemmer("possessive_english"), _LOWERCASE, _FOLDING),
    spelling=(_APOSTROPHES,),
    stemming=(_IRREGULAR, _stemmer("english")),
)

_ALL: Final = (
    ENGLISH,
    Language(
        "de",
        "German",
        _words(
            "aber als am an auch auf aus bei beim bis das dass dem den der des die ein eine einem einen"
            " einer eines er es für fuer im in ist mit nach nicht noch oder sie sind so über ueber um und"
            " vom von vor war was wie wird zu zum zur"
        ),
        (_LOWERCASE,),
        (TokenFilter("german_normalization"),),
        (_stemmer("light_german"), _FOLDING),
        compounds=True,
    ),
    Language(
        "fr",
        "French",
        _words(
            "a à au aux avec ce ces cette dans de des du elle en est et il ils la le les leur mais ne"
            " nos notre ou où par pas pour qu que qui sa sans se ses son sont sur un une vos votre"
        ),
        (
            _elision("fr", "l m t qu n s j d c jusqu quoiqu lorsqu puisqu"),
            _LOWERCASE,
        ),
        (),
        (_stemmer("light_french"), _FOLDING),
    ),
    Language(
        "es",
        "Spanish",
        _words(
            "a al como con de del desde e el ella en entre es esta este la las lo los más mas muy no o"
            " para pero por que se según sin sobre son su sus u un una unas unos y"
        ),
        (_LOWERCASE,),
        (),
        (_stemmer("spanish"), _FOLDING),
    ),
    Language(
        "it",
        "Italian",
        _words(
            "a ad ai al alla alle agli allo anche che con da dai dal dalla dei del della delle degli"
            " dello di e ed è gli ha i il in la le lo ma nei nel nella nelle non o per più se si sono su"
            " sul sulla tra fra un una uno"
        ),
        (
            _elision("it", "c l all dall dell nell sull coll pell gl agl dagl degl negl sugl un m t s v d"),
            _LOWERCASE,
        ),
        (),
        (_stemmer("italian"), _FOLDING),
    ),
    Language(
        "pt",
        "Portuguese",
        _words(
            "a ao aos as às com como da das de do dos e é em entre esta este na nas não no nos o os ou"
            " para pela pelas pelo pelos por que se sem seu sua são um uma umas uns"
        ),
        (_LOWERCASE,),
        (),
        (_stemmer("light_portuguese"), _FOLDING),
    ),
    Language(
        "nl",
        "Dutch",
        _words(
            "aan al als bij dan dat de den der deze die dit door een en er het hun ik in is je maar met"
            " na naar niet nog of om onder ook op over per te tot uit van voor was wat we wel wordt ze"
            " zich zijn zo"
        ),
        (_LOWERCASE,),
        (),
        (_stemmer("dutch"), _FOLDING),
        compounds=True,
    ),
    Language(
        "sv",
        "Swedish",
        _words(
            "alla att av de den denna dess det du där en ett från för han har hos i inte kan med men mot"
            " när och om på sig sin som så till under upp ur ut utan vid är över"
        ),
        (_LOWERCASE,),
        (TokenFilter("scandinavian_normalization"),),
        (_stemmer("swedish"), _FOLDING),
        compounds=True,
    ),
    Language(
        "da",
        "Danish",
        _words(
            "af alle at de den denne der det du eller en er et for fra har hos i ikke ind kan med men"
            " mod når og om op over på sin som så til ud uden under var ved"
        ),
        (_LOWERCASE,),
        (TokenFilter("scandinavian_normalization"),),
        (_stemmer("danish"), _FOLDING),
        compounds=True,
    ),
    Language(
        "no",
        "Norwegian",
        _words(
            "alle at av både de den denne der det du eller en er et for fra har hos i ikke inn kan med"
            " men mot når og om opp over på sin som så til under ut uten var ved"
        ),
        (_LOWERCASE,),
        (TokenFilter("scandinavian_normalization"),),
        (_stemmer("light_norwegian"), _FOLDING),
        compounds=True,
    ),
    Language(
        "fi",
        "Finnish",
        _words(
            "ei eli että hän ja jos joka kanssa kuin mukaan mutta myös ne niin ole oli on ovat se sekä tai"
        ),
        (_LOWERCASE,),
        (),
        (_stemmer("finnish"), _FOLDING),
        compounds=True,
    ),
    Language(
        "pl",
        "Polish",
        _words(
            "a ale bez co dla do i ich jak jako jest już lub na nad nie o od oraz po pod przed przez"
            " przy się są ta tak te tej ten to tym u w we z za ze że"
        ),
        (_LOWERCASE,),
        (_FOLDING,),
        lacks="stems (plugin analysis-stempel)",
    ),
    Language(
        "cs",
        "Czech",
        _words(
            "a aby ale ani bez co do i je jako jeho její jen jsou k ke která které který má na nad nebo"
            " o od po pod pro při s se si ta také tak ten to u v ve z za ze že"
        ),
        (_LOWERCASE,),
        (),
        (_stemmer("czech"), _FOLDING),
    ),
    Language(
        "sk",
        "Slovak",
        _words("a aby aj ako ale alebo bez do je k ku na nad o od po pod pre pri s sa so u v vo z za zo že"),
        (_LOWERCASE,),
        (_FOLDING,),
        lacks="stems",
    ),
    Language(
        "ru",
        "Russian",
        _words(
            "а без в во для до же за и из или к как ко на над не но о об от по под при с со так то у что это"
        ),
        (_LOWERCASE,),
        # Few write the dots of ё.
        (TokenFilter("aisle_yo", {"type": "pattern_replace", "pattern": "ё", "replacement": "е"}),),
        (_stemmer("russian"),),
    ),
    Language(
        "uk",
        "Ukrainian",
        _words("а або без в від для до з за зі і із й к на над не о об по при про та так те у що це як"),
        (_LOWERCASE,),
        lacks="stems (plugin analysis-ukrainian)",
    ),
    Language(
        "bg",
        "Bulgarian",
        _words("а без в във до за и из или към на над не но от по под при с са се със това у че"),
        (_LOWERCASE,),
        (),
        (_stemmer("bulgarian"),),
    ),
    Language(
        "tr",
        "Turkish",
        _words(
            "ama bir bu da daha de en gibi göre hem her için ile ise kadar ki mi mı o olan olarak şu ve"
            " veya ya"
        ),
        (TokenFilter("apostrophe"), _lowercase("turkish")),
        (),
        (_stemmer("turkish"), _FOLDING),
    ),
    Language(
        "ar",
        "Arabic",
        _words("من في على و عن الى إلى مع ب ل ك ما لا هذا هذه ذلك التي الذي أو او ثم أن ان كل بين هو هي"),
        (_LOWERCASE, _DIGITS),
        (TokenFilter("arabic_normalization"),),
        (_stemmer("arabic"),),
    ),
    Language(
        "fa",
        "Persian",
        _words("و در به از که این آن با را برای تا یا هر هم یک است"),
        (_LOWERCASE, _DIGITS),
        (TokenFilter("arabic_normalization"), TokenFilter("persian_normalization")),
        (_stemmer("persian"),),
    ),
    Language(
        "he",
        "Hebrew",
        _words("של את על עם או גם לא זה הוא היא כל אל מן אם כי"),
        (_LOWERCASE,),
        lacks="stems",
    ),
    Language(
        "hi",
        "Hindi",
        _words("का की के को में से पर और है हैं यह वह ने तक या एक भी ही लिए साथ इस उस जो कि"),
        (_LOWERCASE, _DIGITS),
        (TokenFilter("indic_normalization"), TokenFilter("hindi_normalization")),
        (_stemmer("hindi"),),
    ),
    Language(
        "bn",
        "Bengali",
        _words("এবং ও এই সেই যে এর একটি থেকে জন্য সঙ্গে না বা করে"),
        (_LOWERCASE, _DIGITS),
        (TokenFilter("indic_normalization"), TokenFilter("bengali_normalization")),
        (_stemmer("bengali"),),
    ),
    Language(
        "el",
        "Greek",
        _words(
            "ο η το οι τα του της των τον την και για με σε από στο στη στην στον στα στις που να δεν θα"
            " ένα ένας μια ή ως"
        ),
        # It takes the accents off.
        (_lowercase("greek"),),
        (),
        (_stemmer("greek"),),
    ),
    Language(
        "hu",
        "Hungarian",
        _words("a az az egy és ez hogy is itt meg mint nem s szerint vagy van"),
        (_LOWERCASE,),
        (),
        (_stemmer("hungarian"), _FOLDING),
        compounds=True,
    ),
    Language(
        "ro",
        "Romanian",
        _words(
            "a ai al ale care ce cu da de din după este fără în la mai nu o pe pentru prin sau se și şi"
            " sunt un unei unui"
        ),
        (_LOWERCASE,),
        # Written with a comma or, wrongly and often, with a cedilla.
        (TokenFilter("aisle_cedilla", {"type": "pattern_replace", "pattern": "ş", "replacement": "ș"}),),
        (_stemmer("romanian"), _FOLDING),
    ),
    Language(
        "ca",
        "Catalan",
        _words("a al als amb de del dels des el els en és i la les més no o per que se sense sobre un una"),
        (_elision("ca", "d l m n s t"), _LOWERCASE),
        (),
        (_stemmer("catalan"), _FOLDING),
    ),
    Language(
        "et",
        "Estonian",
        _words("ei et ja ka kas koos kui mis ning nii oma on või"),
        (_LOWERCASE,),
        (),
        (_stemmer("estonian"), _FOLDING),
        compounds=True,
    ),
    Language(
        "lv",
        "Latvian",
        _words("ar arī bez bet ir kā ka līdz no par pie un uz vai"),
        (_LOWERCASE,),
        (),
        (_stemmer("latvian"), _FOLDING),
    ),
    Language(
        "lt",
        "Lithuanian",
        _words("ar be bei dėl į iki ir iš kad kaip nuo per po prie su už yra"),
        (_LOWERCASE,),
        (),
        (_stemmer("lithuanian"), _FOLDING),
    ),
    Language(
        "hr",
        "Croatian",
        _words("a ali bez do i ili iz je kao ko na nad ne o od po pod pri s sa se su što u uz za"),
        (_LOWERCASE,),
        (_FOLDING,),
        lacks="stems",
    ),
    Language(
        "sl",
        "Slovenian",
        _words("a ali bez do ima in iz je k kot na nad ne o ob od po pod pri s se so v z za"),
        (_LOWERCASE,),
        (_FOLDING,),
        lacks="stems",
    ),
    Language(
        "id",
        "Indonesian",
        _words("adalah akan atau bagi dalam dan dari dengan di ini itu juga ke oleh pada untuk yang"),
        (_LOWERCASE,),
        (),
        (_stemmer("indonesian"),),
    ),
    Language(
        "vi",
        "Vietnamese",
        _words("các cho có của đã để được là một này những và với"),
        (_LOWERCASE,),
        # Whoever types on a foreign keyboard leaves the tones out.
        (_FOLDING,),
        lacks="words of several syllables",
    ),
    Language(
        "th",
        "Thai",
        _words("ที่ และ ใน ของ เป็น ได้ มี ให้ กับ จาก หรือ ว่า จะ"),
        (_LOWERCASE, _DIGITS),
        tokenizer="thai",
    ),
    Language(
        "ja",
        "Japanese",
        _NOTHING,
        (_WIDTH, _LOWERCASE),
        bigrams=True,
        lacks="words (plugin analysis-kuromoji)",
    ),
    Language(
        "zh", "Chinese", _NOTHING, (_WIDTH, _LOWERCASE), bigrams=True, lacks="words (plugin analysis-smartcn)"
    ),
    Language(
        "ko", "Korean", _NOTHING, (_WIDTH, _LOWERCASE), bigrams=True, lacks="words (plugin analysis-nori)"
    ),
    NEUTRAL,
)

LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType({one.code: one for one in _ALL})
"""By code."""

# Other codes for the same, as catalogues have them.
_OTHER_CODES: Final = MappingProxyType({"nb": "no", "nn": "no", "iw": "he", "in": "id"})


def language_of(tag: str) -> str | None:
    """The code in ``LANGUAGES`` of a language tag (BCP 47), such as ``de-AT``; None if there is none."""
    code = tag.replace("_", "-").partition("-")[0].lower()
    code = _OTHER_CODES.get(code, code)
    return code if code in LANGUAGES else None


def writes_together(codes: Iterable[str]) -> bool:
    """Whether one of the languages writes words together."""
    return any(LANGUAGES[code].compounds for code in codes if code in LANGUAGES)
