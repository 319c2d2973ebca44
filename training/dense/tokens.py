"""Texts as token ids, made once per stage with the tokenizer that also serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from encoder.tokens import TextTokenizer


@dataclass(frozen=True, slots=True)
class TokenTable:
    """Token ids of texts, by their numbers; how many texts were too long and were cut."""

    ids: tuple[list[int], ...]
    truncated: int

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each text."""
        return tuple(map(len, self.ids))

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: Path, most: int) -> TokenTable:
        """Tokenize, special tokens included; a text of more than ``most`` tokens is cut there."""
        rows = TextTokenizer(tokenizer, most + 1)(texts)
        long = [number for number, row in enumerate(rows) if len(row) > most]
        for number, row in zip(long, TextTokenizer(tokenizer, most)([texts[i] for i in long]), strict=True):
            rows[number] = row
        return cls(tuple(rows), len(long))
