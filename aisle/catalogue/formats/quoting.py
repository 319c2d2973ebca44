"""How the cells of a line are told apart: what quotes mean in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from aisle.catalogue.formats.text_lines import TextLines

LINE_END_MARKS: Final = "\r\n"
MAX_CELL_LINES: Final = 10_000


@dataclass(frozen=True, slots=True)
class SplitLine:
    """The cells of one line.

    Attributes:
        cells: a quote that is not closed on the line is text.
        opened: index of the first cell that a quote opens and none closes on the line; None without one.
        begun: what that cell holds of the line, without its quote.
        regular: whether every cell that begins with a quote is quoted.
    """

    cells: list[str]
    opened: int | None = None
    begun: str = ""
    regular: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of a record, and how many lines it takes."""

    cells: list[str]
    lines: int = 1


@dataclass(frozen=True, slots=True)
class NotClosed:
    """A quote did not close as it should in so many lines."""

    lines: int


@dataclass(frozen=True)
class Quoting:
    """One way to read quotes.

    A cell is quoted if it begins with a quote and the closing one stands before a delimiter or the line's
    end; otherwise its quotes are text.

    Attributes:
        delimiter, quote: one character each.
        content: regular expression of what stands between quotes.
        escapes: each of these marks says that the one after it, if it is one of them too, is meant as it is.
    """

    delimiter: str
    quote: str
    content: str
    escapes: str

    @cached_property
    def _end(self) -> str:
        return _end_of_cell(self.delimiter)

    @cached_property
    def _cell(self) -> re.Pattern[str]:
        quote = re.escape(self.quote)
        quoted = f"{_space(self.delimiter)}{quote}({self.content}){quote}{self._end}"
        return re.compile(f"{quoted}|([^{re.escape(self.delimiter)}]*+)", re.DOTALL)

    @cached_property
    def _opened(self) -> re.Pattern[str]:
        quote = re.escape(self.quote)
        return re.compile(f"{_space(self.delimiter)}{quote}({self.content})\\Z", re.DOTALL)

    @cached_property
    def _closed(self) -> re.Pattern[str]:
        return re.compile(f"({self.content}){re.escape(self.quote)}{self._end}", re.DOTALL)

    @cached_property
    def _inner(self) -> re.Pattern[str]:
        return re.compile(f"(?:{self.content})\\Z", re.DOTALL)

    @cached_property
    def _escape(self) -> re.Pattern[str]:
        marks = re.escape(self.escapes)
        return re.compile(f"[{marks}]([{marks}])")

    def split(self, line: str) -> SplitLine:
        """The cells of a line, with or without its end."""
        line = line.rstrip(LINE_END_MARKS)
        if self.quote not in line:
            return SplitLine(line.split(self.delimiter))
        cells: list[str] = []
        opened, begun, regular = None, "", True
        at = 0
        # A delimiter at the very end is followed by one cell more, which is empty.
        while at <= len(line) and (found := self._cell.match(line, at)):
            quoted, text = found.groups()
            if quoted is not None:
                text = self._meant(quoted)
            elif text.lstrip(" ").startswith(self.quote):
                regular = False
                if opened is None and (unclosed := self._opened.match(line, at)):
                    opened, begun = len(cells), unclosed[1]
            cells.append(text)
            at = found.end() + 1
        return SplitLine(cells, opened, begun, regular)

    def span(self, lines: TextLines, at: int, most_chars: int) -> Record | NotClosed:
        """Read a record that begins at ``lines.ahead[at]`` and goes on in the lines after it.

        Gives up after ``most_chars`` or `MAX_CELL_LINES`.
        """
        cells: list[str] = []
        text = lines.ahead[at]
        taken = 1
        while True:
            line = self.split(text)
            cells += line.cells[: line.opened]
            if line.opened is None:
                return Record(cells, taken)
            parts = [line.begun, text[len(text.rstrip(LINE_END_MARKS)) :]]
            closed = None
            while closed is None:
                if taken >= MAX_CELL_LINES or most_chars < 0:
                    return NotClosed(taken)
                if at + taken == len(lines.ahead) and not lines.more():
                    return NotClosed(taken)
                text = lines.ahead[at + taken]
                taken += 1
                most_chars -= len(text)
                bare = text.rstrip(LINE_END_MARKS)
                closed = self._closed.match(bare)
                if closed is None and not self._inner.match(bare):
                    return NotClosed(taken)
                parts.append(closed[1] if closed else text)
            cells.append(self._meant("".join(parts)))
            if closed.end() == len(bare):
                return Record(cells, taken)
            text = text[closed.end() + 1 :]

    def _meant(self, quoted: str) -> str:
        if any(mark in quoted for mark in self.escapes):
            return self._escape.sub(r"\1", quoted)
        return quoted


def _space(delimiter: str) -> str:
    return "" if delimiter == " " else " *+"


def _end_of_cell(delimiter: str) -> str:
    return f"{_space(delimiter)}(?={re.escape(delimiter)}|\\Z)"


def quotings(delimiter: str, quote: str) -> tuple[Quoting, ...]:
    """The ways to read quotes, strictest first.

    A quote within a cell is doubled (RFC 4180), or follows a backslash, or is just there.
    """
    mark = re.escape(quote)
    doubled = f"[^{mark}]*+(?:{mark}{mark}[^{mark}]*+)*+"
    escaped = f"[^{mark}\\\\]*+(?:(?:\\\\(?:.|\\Z)|{mark}{mark})[^{mark}\\\\]*+)*+"
    bare = f"[^{mark}]*+(?:{mark}(?!{_end_of_cell(delimiter)})[^{mark}]*+)*+"
    return (
        Quoting(delimiter, quote, doubled, quote),
        Quoting(delimiter, quote, escaped, f"{quote}\\"),
        Quoting(delimiter, quote, bare, quote),
    )
