"""What a pipeline makes of what: one small TOML file."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError

import aisle
from aisle import _environment
from aisle._files import read_settings_text
from aisle.catalogue.fetch import is_url
from aisle.errors import InputError
from aisle.evaluation.gates.policy import read_policy
from aisle.indexer.releases.names import check_name


@dataclass(frozen=True, slots=True)
class OptionTable:
    """A table of the file: it holds options of one function of `import aisle`.

    Attributes:
        function: its name.
        ours: options that the pipeline itself decides.
        files: options that name a file.
    """

    function: str
    ours: frozenset[str]
    files: frozenset[str] = frozenset()

    @property
    def known(self) -> tuple[str, ...]:
        """Options that may be written."""
        return tuple(one for one in _parameters(self.function) if one not in self.ours)

    def checked(self, held: Mapping[str, Any], where: str, folder: Path) -> dict[str, Any]:
        """Options as they are handed on: of the right type, with whole paths.

        Args:
            held: of the file.
            where: the table's name, for errors.
            folder: that paths are relative to.

        Raises:
            InputError: an option that there is not, or of another type; a file that is not there.
        """
        given = {}
        for name, value in held.items():
            if name not in self.known:
                ours = "is decided by the pipeline" if name in self.ours else "there is not"
                raise InputError(
                    f"{where}: option {name!r} {ours}", fix=f"choose from {', '.join(self.known)}"
                )
            try:
                TypeAdapter(_hints(self.function)[name]).validate_python(value)
            except ValidationError as error:
                raise InputError(
                    f"{where}: {name} = {value!r} cannot be: {error.errors()[0]['msg']}",
                    fix=f"write it as `aisle.{self.function}` takes it",
                ) from None
            named = isinstance(value, str) and (name in self.files or value.startswith(("./", "../")))
            given[name] = str(folder / value) if named else value
            # Now, and not after hours of training.
            if name in self.files and not Path(given[name]).exists():
                raise InputError(
                    f"{where}: {name} is no such file: {given[name]}",
                    fix="check the path, which is relative to the pipeline's file; or leave the line out",
                )
        return given


def _parameters(function: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(getattr(aisle, function)).parameters


@cache
def _hints(function: str) -> Mapping[str, Any]:
    """Parameter to its type; those whose types are for checkers alone are not options."""
    found: dict[str, Any] = {}
    for name, parameter in _parameters(function).items():
        alone = SimpleNamespace(__annotations__={name: parameter.annotation})
        try:
            found |= get_type_hints(alone, globalns=getattr(aisle, function).__globals__)
        except NameError:
            continue
    return found


_RUN: Final = frozenset({"store", "cluster", "progress", "resume", "work"})
_DATA: Final = frozenset({"data", "catalogue"})

TRAININGS: Final[Mapping[str, OptionTable]] = MappingProxyType(
    {
        "encoder": OptionTable(
            "train_encoder", _RUN | {"data", "reviews", "sequences", "masked", "held_out"}
        ),
        "sparse": OptionTable("train_sparse", _RUN | {"data", "held_out"}),
        "recommender": OptionTable("train_recommender", _RUN | _DATA),
        "codes": OptionTable("train_codes", _RUN | _DATA),
        "router": OptionTable("train_router", _RUN | _DATA | {"recommender", "codes"}),
        "item_to_item": OptionTable("train_item_to_item", _RUN | _DATA | {"settings"}),
    }
)
"""What can be trained, in the order in which it is: a later one may read an earlier one."""

RANKER: Final = OptionTable("train_ranker", _RUN | {"index", "data", "encoder", "sparse", "out"})
"""Trained by asking the new release, so after it is made."""

EXPORT: Final = OptionTable("export_encoder", _RUN | {"data"})
INDEX: Final = OptionTable(
    "index",
    _RUN
    | {"data", "name", "stage", "dead_letters", "ray", "workers"}
    | {"gate", "gate_metric", "gate_floor", "gate_drop"},
    frozenset({"synonyms", "queries", "suggest_block"}),
)
BIND: Final = OptionTable("bind_models", _RUN | {"name", "dry_run", "wait_s"})
GATE: Final = OptionTable(
    "gate_release",
    # A pipeline puts no rules.
    _RUN | {"candidate", "against", "judged", "rules"},
    frozenset({"policy", "golden", "popular", "labels"}),
)

CATALOGUE, JUDGED, ORDERS = "catalogue", "judged", "orders"
_TEXTS: Final = ("name", CATALOGUE, JUDGED, ORDERS, "registry", "work")
_TABLES: Final = ("train", "export", "index", "bind", "gate")
_READ_BY: Final = MappingProxyType(
    {
        **dict.fromkeys(("encoder", "sparse", "ranker"), JUDGED),
        **dict.fromkeys(("recommender", "router", "item_to_item"), ORDERS),
    }
)


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """A pipeline.

    Attributes:
        name: of the catalogue that goes live.
        sources: "catalogue", "judged" and "orders" to a whole path or an address on the web; those that there
            are, the catalogue among them.
        registry: where what goes live is put on record; empty: nowhere.
        work: folder of results and of what is being made.
        train: what is trained (see `TRAININGS`) to options of its training.
        ranker: options of the training of a ranker on the new release; None: none is trained.
        export: options of the encoder's export; None: none is exported.
        index: options of indexing.
        bind: models that order what the release finds, by the options of `aisle.bind_models`; none: those of
            what is live.
        gate: options of the gate.
    """

    name: str
    sources: Mapping[str, str]
    registry: str
    work: Path
    train: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ranker: Mapping[str, Any] | None = None
    export: Mapping[str, Any] | None = None
    index: Mapping[str, Any] = field(default_factory=dict)
    bind: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)

    @property
    def split(self) -> str:
        """Of the judgments that the gate asks."""
        return str(self.gate.get("split", "dev"))

    @property
    def ranker_split(self) -> str:
        """Of the judgments that the ranker learns; empty if none is trained."""
        return "" if self.ranker is None else str(self.ranker.get("split", "train"))

    @property
    def keep(self) -> int:
        """How many releases stay as ways back beside the one that goes live."""
        return int(self.index.get("keep", _parameters("index")["keep"].default))

    @property
    def binds(self) -> bool:
        """Whether models are made part of the release after it is made."""
        return bool(self.bind) or self.ranker is not None


def read_settings(path: Path) -> PipelineSettings:
    """The pipeline of a file; paths in it are relative to the file.

    Raises:
        InputError: it cannot be read, is no TOML, or says what cannot be.
    """
    if not path.exists():
        raise InputError(f"no such file: {path}", fix=f"write one to begin with: aisle pipeline init {path}")
    text = read_settings_text(path)
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name} is no TOML: {error}", fix='write lines like: name = "shop"') from None
    try:
        return _settings(held, path.absolute().parent)
    except InputError as error:
        raise InputError(f"{path.name}: {error.message}", fix=error.fix) from None


def _settings(held: Mapping[str, Any], folder: Path) -> PipelineSettings:
    known = (*_TEXTS, *_TABLES)
    for name, value in held.items():
        if name not in known:
            raise InputError(f"a pipeline has no {name!r}", fix=f"choose from {', '.join(known)}")
        if not isinstance(value, dict if name in _TABLES else str):
            raise InputError(
                f"{name} is {'a table' if name in _TABLES else 'a text'}",
                fix=f"write [{name}]" if name in _TABLES else f'write {name} = "..."',
            )
    if not held.get("name") or not held.get(CATALOGUE):
        raise InputError(
            "a pipeline needs a name and a catalogue",
            fix='write name = "shop" and catalogue = "products.csv"',
        )
    name = check_name(held["name"])
    sources = {role: _source(held[role], folder) for role in (CATALOGUE, JUDGED, ORDERS) if held.get(role)}
    train = _trainings(held.get("train", {}), sources, folder)
    export = None
    if "export" in held:
        export = EXPORT.checked(held["export"], "export", folder)
        if "encoder" in train:
            raise InputError(
                "[export] and [train.encoder] both make the encoder", fix="leave one of them out"
            )
    for kind in (*train, *(("encoder",) if export is not None else ())):
        if kind in held.get("index", {}):
            raise InputError(f"[index] {kind} names what this pipeline makes", fix="leave it out of [index]")
    ranker = train.pop("ranker", None)
    if ranker is not None and "ranker" in held.get("bind", {}):
        raise InputError("[bind] ranker names what this pipeline makes", fix="leave it out of [bind]")
    registry = held.get("registry", "")
    work = folder / held["work"] if held.get("work") else _environment.home() / "pipelines" / name
    if (there := next(one for one in (work, *work.parents) if one.exists())) and not there.is_dir():
        raise InputError(f"{there} is a file, and no folder to work in", fix='name another one: work = "..."')
    settings = PipelineSettings(
        name=name,
        sources=sources,
        registry=registry if not registry or "://" in registry else str(folder / registry),
        work=work,
        train=train,
        ranker=ranker,
        export=export,
        index=INDEX.checked(held.get("index", {}), "index", folder),
        bind=BIND.checked(held.get("bind", {}), "bind", folder),
        gate=GATE.checked(held.get("gate", {}), "gate", folder),
    )
    if "policy" in settings.gate:
        read_policy(Path(settings.gate["policy"]))
    if settings.ranker_split == settings.split:
        raise InputError(
            f"[train.ranker] would learn the judgments that the gate asks: {settings.split}",
            fix="give one of them another split",
        )
    return settings


def _trainings(
    held: Mapping[str, Any], sources: Mapping[str, str], folder: Path
) -> dict[str, Mapping[str, Any]]:
    tables = {**TRAININGS, "ranker": RANKER}
    for kind, options in held.items():
        if kind not in tables or not isinstance(options, dict):
            raise InputError(
                f"train.{kind} is no table of a training",
                fix=f"write one of {', '.join(f'[train.{known}]' for known in tables)}",
            )
        needed = _READ_BY.get(kind)
        if needed is not None and needed not in sources:
            raise InputError(f"[train.{kind}] reads {needed}", fix=f'write {needed} = "..."')
    if "router" in held and "recommender" not in held:
        raise InputError("a router is trained for a recommender", fix="write [train.recommender], too")
    # In the order of the tables, whatever that of the file.
    return {
        kind: table.checked(held[kind], f"train.{kind}", folder)
        for kind, table in tables.items()
        if kind in held
    }


def _source(address: str, folder: Path) -> str:
    """A whole path, or an address on the web."""
    if is_url(address):
        return address
    if address == "-" or address.startswith("hub:"):
        raise InputError(
            f"{address} is not the same each time it is read", fix="save it to a file, and name that"
        )
    path = folder / address
    if not path.exists():
        raise InputError(f"no such file: {path}", fix="check the path; it is relative to the pipeline's file")
    return str(path)


EXAMPLE: Final = """\
# aisle pipeline run: from a shop's data to the live release. Paths are relative to this file.

name = "shop"                    # of the catalogue: what is live is searched by this name
catalogue = "products.csv"       # a file, a BEIR folder, or an address on the web, fetched at every run
# judged = "judged"              # BEIR folder of judgments: train is learned, dev is what the gate asks
# orders = "orders.csv"          # what recommenders learn from
# registry = "s3://models/aisle" # each release that goes live is put on record here; a folder will do
# work = "work"                  # default: pipelines/NAME under AISLE_HOME

# What is trained: one table each, with the options of `aisle.train_...` (docs/reference/python.md).
# Nothing has to be: without these, [index] encoder names what is there, or the usual one is exported.

# [train.encoder]
# base = "all-MiniLM-L6-v2"
# rounds = 1

# [train.recommender]

# [train.codes]

# [train.ranker]                 # orders what the release finds: learns by asking it, and is bound to it
# split = "rank"                 # judgments that neither [train.encoder] has learned nor the gate asks

# [export]                       # instead of [train.encoder]: options of `aisle.export_encoder`
# model = "intfloat/e5-small-v2"

[index]                          # options of `aisle.index`
# encoder = "none"               # words alone
# language = "en"
# synonyms = "synonyms.txt"
keep = 2

# [bind]                         # what orders the results: options of `aisle.bind_models`
# reranker = "shop:50"

[gate]                           # options of `aisle.gate_release`
# policy = "gate.toml"           # aisle gate --print-policy > gate.toml
# golden = "golden.tsv"
"""
"""A file to begin with."""
