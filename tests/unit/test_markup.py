"""Untrusted text as plain text."""

# ruff: noqa: RUF001 - other scripts

from __future__ import annotations

import pytest

from aisle.markup import decoded, one_line, plain_line, plain_text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<p>Holds 0.5&nbsp;l</p><ul><li>white</li></ul>", ["Holds 0.5 l", "white"]),
        ("<p>Holds\n0.5 l</p>\n<p>white</p>", ["Holds 0.5 l", "white"]),
        ("one<br>two<br/>three<BR />four", ["one", "two", "three", "four"]),
        ("<ul><li>one<li>two</ul>", ["one", "two"]),
        ("<h2>Mug</h2>white <b>and</b> blue", ["Mug", "white and blue"]),
        ("<table><tr><th>Size</th><td>5 cm</td></tr><tr><td>a</td></tr></table>", ["Size 5 cm", "a"]),
        ("First.\n\nSecond\nline<ul>\n<li>a</li></ul>", ["First.", "Second line", "a"]),
        ("no markup\nkeeps\n\n its lines ", ["no markup", "keeps", "its lines"]),
        ("inline <i>only</i>\nkeeps them too", ["inline only", "keeps them too"]),
        ("a<script>alert('<p>')</script><style>p {color: red}</style>b", ["a b"]),
        ("a<!-- <p>no</p> -->b", ["ab"]),
        ("before<style>.a {", ["before"]),
        ("<![CDATA[<p>Holds</p>]]>", ["Holds"]),
        ("<?xml version='1.0'?><!DOCTYPE html><html><head><title>no</title></head><p>yes</html>", ["yes"]),
        ("<![if !supportLists]>a<![endif]><o:p>b</o:p><st1:City w:st='on'>c</st1:City>", ["abc"]),
        ("<p class='a' data-x=\"1 > 0\" hidden>text", ["text"]),
        ("<a title='x<b>y</b>' href=z>text</a>", ["text"]),
        ("<a href=\"broken>text</a>", ["text"]),
        ("<p class='a' <b>bold</b>", ["bold"]),
        ("cut off <a href=\"https://x/", ["cut off"]),
        ("m<sup>2</sup> H<sub>2</sub>O", ["m2 H2O"]),
        ("<svg><title>icon</title></svg>a<iframe src='x'>b</iframe>c", ["a c"]),
        ("", []),
        ("<p></p> <br> ", []),
    ],
)  # fmt: skip
def test_blocks_become_lines(text: str, lines: list[str]) -> None:
    assert plain_text(text) == "\n".join(lines)
    assert plain_line(text) == " ".join(lines)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Tom &amp; Jerry&#39;s mug", "Tom & Jerry's mug"),
        ("&amp;amp;", "&"),
        ("&amp;amp;amp;lt;b&amp;gt;bold&lt;/b&gt;", "bold"),
        ("&lt;p&gt;Holds&lt;/p&gt;&lt;p&gt;0.5 l&lt;/p&gt;", "Holds\n0.5 l"),
        ("&quot;24&quot;&#x20;&#8243;&deg;C &eacute;&euro;", '"24" ″°C é€'),
        ("Tom &amp Jerry&#39s", "Tom & Jerry's"),
        ("https://x/?a=1&copy=2&reg=3&lt=4", "https://x/?a=1&copy=2&reg=3&lt=4"),
        ("AT&T R&D; H&M &notit; &unknown;", "AT&T R&D; H&M &notit; &unknown;"),
        ("&#55357;&#56832; &#x1F600;", "😀 😀"),
        ("a&#0;b&#xD800;c&#99999999;d&shy;e&#8203;f", "abcdef"),
        ("&#150;", "–"),
        ("&lt;3 love", "<3 love"),
    ],
)
def test_references_are_decoded_however_often_they_were_escaped(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "x < y", "a <3 b", "5 > 3 < 7", "Size <M>", "Size <S>", "Sizes <S>, <M>", "<brand>",
        "Zelda <Link> figure",
        "if (a<b && c>d)", "length <a and width> b", "Hat <Style> guide", "->", "<>", "</>", "1 <- 2", "<3",
        "R&D", "&", "Forget-me-&nots", r"line\nbreak", "100 % <i think so>", "Cable <-> plug", "<!>",
    ],
)  # fmt: skip
def test_what_is_no_markup_stays(text: str) -> None:
    assert plain_text(text) == text
    assert plain_line(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Cafe\u0301", "Café"),
        ("Caf&eacute; Cafe&#769;", "Café Café"),
        ("sof\u00adt\u200bware\ufeff", "software"),
        ("a\u00a0b\u202fc\u3000d", "a b c d"),
        ("a\x00b\x1bc\x7fd\x9be\ufffef", "a b c d e f"),
        ("bad \ud800 half", "bad half"),
        ("\u202eevil\u202c \u2066text\u2069", "evil text"),
        ("\u3164\u115f", "\u115f"),
        ("a\ufffcb é\u034f", "ab é"),
        ("a\u200db \u200c c", "ab c"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ക\u0d4d\u200d", "ക\u0d4d\u200d"),
        ("👩\u200d👧 ❤\ufe0f\u200d🔥", "👩\u200d👧 ❤\ufe0f\u200d🔥"),
        ("🏴\U000e0067\U000e0062\U000e007f a\U000e0061b", "🏴\U000e0067\U000e0062\U000e007f ab"),
    ],
)  # fmt: skip
def test_characters_that_nobody_sees_go(text: str, plain: str) -> None:
    assert plain_line(text) == plain
    assert plain_text(text) == plain


def test_line_breaks_of_every_kind() -> None:
    assert plain_text("a\r\nb\rc\x85d\u2028e\x0bf\x0cg") == "a\nb\nc\nd\ne\nf\ng"
    assert plain_line("a\r\nb\tc\u2029d") == "a b c d"
    assert one_line(" a\r\nb\tc\u2029d\x1ee ") == "a b c d e"


def test_one_line_leaves_markup_and_references() -> None:
    assert one_line("<b>Tom</b> &amp; Cafe\u0301\u200b") == "<b>Tom</b> &amp; Café"
    assert decoded("<b>Tom</b> &amp; Jerry") == "<b>Tom</b> & Jerry"


@pytest.mark.parametrize(
    "unit",
    [
        "<", "<a ", "<a '\"", "<a =\"", "<p a=", "<a b=\"<c\" ", "<!--", "<![CDATA[", "<svg>", "</svg><svg>",
        "<script>", " <b> ", "&", "&amp", "amp;", "&#9", "<<b>p>", "\u200d", "\n ", "<p>\n\n", "&lt;", "</b",
        "<b/", "<?", "]]>",
    ],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_hostile_text_does_not_hang(unit: str) -> None:
    # In quadratic time this takes minutes.
    assert len(plain_text(unit * (100_000 // len(unit)))) <= 100_000
