"""What an experiment compares, and on whom: one small TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from aisle._files import read_settings_text
from aisle.errors import InputError
from aisle.mappings.ubi import ID_CHARS

MOST_ARMS: Final = 2
"""Beside the control: with more, no rule keeps everybody in his arm while shares grow."""

CONTROL: Final = "control"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]*")


class Kind(StrEnum):
    """How arms are compared."""

    SPLIT = "split"
    """Each shopper is answered by one arm, and always by the same."""
    INTERLEAVE = "interleave"
    """Each shopper sees one list that both arms draft, and clicks count for the arm that drafted."""
    SHADOW = "shadow"
    """Shoppers are answered as always; the arm is asked too, and nobody sees its answer."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to answer.

    Attributes:
        name: that events have as their ``search_config``.
        percent: of the shoppers, or in a shadow of the searches, 0 to 100; the control has what is left.
        release: that answers; empty for the live one.
        system: of `aisle eval`, such as ``bm25``, ``hybrid:min_max+arithmetic_mean`` or ``hybrid+rerank``;
            empty for what searches are answered by usually.
        rules: whether the catalogue's rules act.
    """

    name: str
    percent: float = 0.0
    release: str = ""
    system: str = ""
    rules: bool = True

    def __post_init__(self) -> None:
        _check_name("arm", self.name)
        if type(self.percent) not in (int, float) or not 0 <= self.percent <= 100:
            raise InputError(f"{self.name} has {self.percent!r} percent", fix="write a number from 0 to 100")
        for what in ("release", "system"):
            if not isinstance(getattr(self, what), str):
                raise InputError(f"{what} of {self.name} is no text", fix=f'write {what} = "..."')
        if "," in self.system:
            raise InputError(f"{self.name} has several systems", fix="name one")
        if not isinstance(self.rules, bool):
            raise InputError(f"rules of {self.name} is no yes or no", fix="write rules = false")


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is compared.

    Attributes:
        name: of the experiment; another name is another draw of who sees what.
        catalogue: whose searches take part.
        kind: how arms are compared.
        arms: beside the control, 1 or 2; an interleaving or a shadow has one.
        control: what others are held against.
    """

    name: str
    catalogue: str
    kind: Kind
    arms: tuple[Arm, ...]
    control: Arm = field(default_factory=lambda: Arm(CONTROL))

    def __post_init__(self) -> None:
        _check_name("experiment", self.name)
        most = MOST_ARMS if self.kind is Kind.SPLIT else 1
        if not 1 <= len(self.arms) <= most:
            raise InputError(
                f"{self.name} has {len(self.arms)} arms, and a {self.kind} has 1"
                + (f" to {most}" if most > 1 else "")
                + " beside the control",
                fix="write a part [[arms]] for each",
            )
        names = [self.control.name, *(arm.name for arm in self.arms)]
        if len(set(names)) < len(names):
            raise InputError(f"two arms of {self.name} have one name", fix="name them apart")
        if self.control.percent:
            raise InputError("the control has a percent", fix="leave it out: the control has what is left")
        if sum(arm.percent for arm in self.arms) > 100:
            raise InputError(f"the arms of {self.name} have more than 100 percent", fix="give them less")
        if alike(self, ""):
            raise InputError(
                f"two arms of {self.name} answer alike",
                fix='give them another release, system or rules: release = "shop-v0008"',
            )

    def arm(self, name: str) -> Arm | None:
        """The arm of that name, or the control; None if there is none."""
        return next((arm for arm in (self.control, *self.arms) if arm.name == name), None)

    def check_to_serve(self) -> None:
        """Refuse what a file may say, as one that has ended, and no service should begin.

        Raises:
            InputError: nobody would take part, or shoppers would be answered from another catalogue.
        """
        if not any(arm.percent for arm in self.arms):
            raise InputError(
                f"nobody takes part in {self.name}: its arms have 0 percent", fix="write percent = 10"
            )
        for arm in (self.control, *self.arms):
            # The name of a release is that of its catalogue and a number.
            if arm.release and arm.release.rpartition("-v")[0] != self.catalogue:
                raise InputError(
                    f"{arm.name} is to be {arm.release}, which is no release of {self.catalogue}",
                    fix=f"see which there are: aisle releases list {self.catalogue}",
                )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "kind": self.kind.value}

    @classmethod
    def from_toml(cls, text: str, source: str) -> Self:
        """An experiment from a file's content.

        Args:
            text: TOML.
            source: where it is from, for errors.

        Raises:
            InputError: it is no TOML, lacks something or has too much, or see `Experiment` and `Arm`.
        """
        try:
            held = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{source} is no TOML: {error}", fix="see docs/how-to/experiment.md") from None
        try:
            _check_keys(held, cls, "an experiment", ("name", "catalogue", "kind", "arms"))
            for what in ("name", "catalogue", "kind"):
                if not isinstance(held[what], str):
                    raise InputError(f"{what} is no text", fix=f'write {what} = "..."')
            if held["kind"] not in list(Kind):
                raise InputError(f"there is no kind {held['kind']!r}", fix=f"use one of {', '.join(Kind)}")
            arms = held["arms"]
            if not isinstance(arms, list) or not all(isinstance(arm, dict) for arm in arms):
                raise InputError("arms are no parts", fix="write [[arms]] and below it name = ...")
            control = held.get("control", {})
            if not isinstance(control, dict):
                raise InputError("control is no part", fix="write [control] and below it release = ...")
            return cls(
                name=held["name"],
                catalogue=held["catalogue"],
                kind=Kind(held["kind"]),
                arms=tuple(_arm(arm) for arm in arms),
                control=_arm({"name": CONTROL, **control}),
            )
        except InputError as error:
            raise InputError(f"{source}: {error.message}", fix=error.fix) from None


def alike(experiment: Experiment, live: str) -> bool:
    """Whether two arms answer alike: what is compared with itself tells nothing.

    Args:
        experiment: the arms.
        live: the release that those are which name none.
    """
    arms = (experiment.control, *experiment.arms)
    return len({(arm.release or live, arm.system, arm.rules) for arm in arms}) < len(arms)


def read_experiment(path: Path) -> Experiment:
    """The experiment of a file.

    Raises:
        InputError: it cannot be read, or see `Experiment.from_toml`.
    """
    return Experiment.from_toml(read_settings_text(path), str(path))


def _arm(held: Mapping[str, Any]) -> Arm:
    _check_keys(held, Arm, "an arm", ("name",))
    return Arm(**held)


def _check_keys(held: Mapping[str, Any], kind: type[Any], what: str, needed: tuple[str, ...]) -> None:
    known = [one.name for one in fields(kind)]
    for name in held:
        if name not in known:
            raise InputError(f"{what} has no {name!r}", fix=f"choose from {', '.join(known)}")
    for name in needed:
        if name not in held:
            raise InputError(f"{what} lacks its {name}", fix=f"write {name} = ...")


def _check_name(what: str, name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > ID_CHARS:
        raise InputError(
            f"{str(name)[:40]!r} is no name of an {what}",
            fix=f"use a-z, 0-9, dot, dash and underscore, at most {ID_CHARS} of them",
        )
