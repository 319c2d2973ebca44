"""Exports as they come out of a bad night: cut off, doubled, with bytes that do not belong."""

from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "exports"

DAMAGE = [
    b'"',
    b'""',
    b"\\",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"'",
    b"\xe9",
    b"\xc3\xa9",
    b"\xff",
    b" ",
]


def damaged(content: bytes, random: Random) -> bytes:
    """The same export with bytes added, taken out, doubled, moved or cut off."""
    for _ in range(random.choice([1, 1, 2, 5, 20])):
        at, until = sorted(random.randrange(len(content) + 1) for _ in range(2))
        piece = content[at : min(until, at + random.choice([1, 5, 80, 800]))]
        content = random.choice(
            [
                content[:at] + random.choice(DAMAGE) + content[at:],
                content[:at] + content[at + len(piece) :],
                content[:at] + piece + content[at:],
                content[:at] + bytes(random.randrange(256) for _ in range(3)) + content[at:],
                content[: max(at, 1)],
                content.replace(random.choice(DAMAGE), random.choice(DAMAGE), random.randrange(1, 9)),
            ]
        )
    return content
