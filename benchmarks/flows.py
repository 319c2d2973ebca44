"""How much code a reader opens: files per command, modules, circles of imports, callables handed along.

    python -m benchmarks.flows [--root FOLDER] [--files]

Counted for a command is every module that holds a function, class or method which its function reaches:

- A name in a reached body leads to what it stands for, through imports and re-exports (nobody stops there).
  A module of which only constants or annotations are used is not opened.
- A method is reached when its class is and its name is used in a reached body. What Python calls
  (``__init__``, ``__enter__``, ...) is reached with its class.
- Options that are not given are left out: what has a word in its name or module that begins with one of the
  flow's words.

It is neither a trace nor exact (a method name may be another class's), but it is the same for every state of
the code. For 8376a69 it counts a few files more than a review of that commit did (53, 97 and 113).
"""

from __future__ import annotations

import ast
import re
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import grimp
import numpy as np
import typer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT: Final = Path(__file__).parents[1]
OLD_PACKAGES: Final = (
    *("records", "cluster", "catalogue", "mappings", "encoder", "indexer", "search", "training"),
    *("evaluation", "workflows", "cli"),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Flow:
    """A command, the most files that it may take, and the words of options that are not given."""

    command: str
    function: str
    goal: int
    without: tuple[str, ...]

    def leaves_out(self, what: Definition) -> bool:
        """Whether it belongs to an option that is not given."""
        words = re.findall("[A-Z]?[a-z]+", f"{what.module}.{what.name}")
        return any(word.lower().startswith(self.without) for word in words)


# A file is of one format and one kind: whoever follows how a plain CSV file is read opens none of the others.
_OTHER_FILES: Final = (
    *("json", "xml", "xlsx", "parquet", "hub", "esci", "amazon", "beir", "archive", "zip", "fetch", "url"),
    *("shopify", "woo", "magento", "presta", "big", "shopware", "wix", "squarespace", "google", "meta"),
    *("algolia", "best", "akeneo", "heureka", "yandex", "ceneo", "lightspeed", "ecwid", "ebay", "opencart"),
    *("zen", "marketplace", "dataset", "feeds"),
)

FLOWS: Final = (
    Flow(
        *("aisle search QUERY --name NAME", "cli.search:search", 20),
        ("ranker", "evidence", "rerank", "sparse", "systems", "facet", "aio", "evaluate", "testing"),
    ),
    Flow(
        *("aisle index FILE --name NAME", "cli.index:index", 35),
        (
            *(
                "ray",
                "sparse",
                "choices",
                "gate",
                "resume",
                "replay",
                "dry",
                "preview",
                "synonym",
                "rerank",
                "update",
                "recommend",
            ),
            *("testing", *_OTHER_FILES),
        ),
    ),
    Flow(
        *("aisle train encoder --data FOLDER", "cli.train:encoder", 40),
        (
            *("review", "sequence", "distil", "teacher", "cross", "rerank", "sparse", "averaged", "mined"),
            *("resume", "testing", *_OTHER_FILES),
        ),
    ),
)


@dataclass(frozen=True, eq=False)
class Definition:
    """A function, class or method, or the value of a constant."""

    module: str
    name: str
    node: ast.AST


class Source:
    """All modules of some packages, parsed but never imported."""

    def __init__(self, root: Path, packages: tuple[str, ...]) -> None:
        self.names: dict[str, dict[str, Definition | tuple[str, str | None]]] = {}
        self.lines: dict[str, int] = {}
        self.text = ""
        for path in sorted(path for package in packages for path in (root / package).rglob("*.py")):
            text = path.read_text("utf-8")
            module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            self.lines[module] = text.count("\n")
            self.text += text
            self.names[module] = dict(self._bound(module, ast.parse(text).body))

    def _bound(
        self, module: str, body: list[ast.stmt]
    ) -> Iterator[tuple[str, Definition | tuple[str, str | None]]]:
        for node in body:
            match node:
                case ast.Import() | ast.ImportFrom():
                    yield from imported(node)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    yield node.name, Definition(module, node.name, node)
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    if node.value:
                        yield name, Definition(module, name, node.value)
                case ast.If():  # TYPE_CHECKING: the lazy names of a package
                    yield from self._bound(module, node.body)
                case _:
                    pass

    def follow(self, what: Definition | tuple[str, str | None] | None) -> Definition | str | None:
        """The definition behind imports and re-exports; a string is a module of ours."""
        while isinstance(what, tuple):
            module, name = what
            if name is None:
                return module if module in self.names else None
            below = f"{module}.{name}"
            what = self.names.get(module, {}).get(name) or ((below, None) if below in self.names else None)
        return what


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """The names that an import binds: a module, or a name of one."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, (node.module or "", alias.name)
        else:
            yield alias.asname or alias.name.split(".")[0], (alias.name, None)


def code_of(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a body, without annotations and, of a class, without its methods."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params") or (
            name == "decorator_list" and isinstance(node, Function)
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (
                isinstance(node, ast.ClassDef) and isinstance(child, Function)
            ):
                yield child
                yield from code_of(child)


def files(source: Source, flow: Flow) -> dict[str, list[str]]:
    """The modules that a command's function reaches, and what in them."""
    prefix = "aisle." if "aisle" in source.names else ""
    module, _, name = f"{prefix}{flow.function}".partition(":")
    start = source.follow((module, name))
    assert isinstance(start, Definition), f"there is no function {module}:{name}"
    reached: dict[str, list[str]] = defaultdict(list)
    seen: set[Definition] = set()
    used: set[str] = set()
    # Methods of reached classes whose name is not used so far.
    waiting: dict[str, list[Definition]] = defaultdict(list)
    left = [start]
    while left:
        what = left.pop()
        if what in seen or (what is not start and flow.leaves_out(what)):
            continue
        seen.add(what)
        if isinstance(what.node, Function | ast.ClassDef):
            reached[what.module].append(what.name)
        if isinstance(what.node, ast.ClassDef):
            for method in (node for node in what.node.body if isinstance(node, Function)):
                found = Definition(what.module, f"{what.name}.{method.name}", method)
                called = method.name in used or re.fullmatch("__.*__", method.name)
                (left if called else waiting[method.name]).append(found)
        nodes = [*code_of(what.node)] or [what.node]
        local = {
            key: value
            for node in nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for key, value in imported(node)
        }
        names = {**source.names[what.module], **local}
        for node in nodes:
            found_name: Definition | str | None = None
            if isinstance(node, ast.Name):
                found_name = source.follow(names.get(node.id))
            elif isinstance(node, ast.Attribute):
                used.add(node.attr)
                left += waiting.pop(node.attr, [])
                owner = source.follow(names.get(getattr(node.value, "id", "")))
                if isinstance(owner, str):
                    found_name = source.follow((owner, node.attr))
            if isinstance(found_name, Definition):
                left.append(found_name)
    return dict(reached)


def circles(package: str = "aisle") -> list[set[str]]:
    """Modules that import each other in a circle, also inside functions; imports for types alone left out."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    modules = sorted(graph.modules)
    place = {module: at for at, module in enumerate(modules)}
    edges = [
        (place[module], place[other])
        for module in modules
        for other in graph.find_modules_directly_imported_by(module)
    ]
    rows, columns = np.array(edges).T
    matrix = coo_array((np.ones(len(edges)), (rows, columns)), shape=(len(modules), len(modules)))
    _, groups = connected_components(matrix, directed=True, connection="strong")
    found: dict[int, set[str]] = defaultdict(set)
    for module, group in zip(modules, groups, strict=True):
        found[int(group)].add(module)
    return [group for group in found.values() if len(group) > 1]


def main(
    root: Annotated[Path, typer.Option(help="A checkout; also one of before the package `aisle`.")] = ROOT,
    show: Annotated[bool, typer.Option("--files", help="Name the files.")] = False,
) -> None:
    """Print the figures."""
    packages = ("aisle",) if (root / "aisle").is_dir() else OLD_PACKAGES
    source = Source(root, packages)
    for flow in FLOWS:
        opened = files(source, flow)
        crossed = {".".join(module.split(".")[: 2 if packages == ("aisle",) else 1]) for module in opened}
        print(f"{flow.command}: {len(opened)} files (goal {flow.goal}), {len(crossed)} packages")
        for module, names in sorted(opened.items()) if show else ():
            print(f"    {module}: {', '.join(sorted(names))}")
    lines = list(source.lines.values())
    print(f"modules: {len(lines)}, median {statistics.median(lines):.0f} lines, {sum(lines):,} in all")
    print(f"partial(: {source.text.count('partial(')}, Callable[: {source.text.count('Callable[')}")
    if packages == ("aisle",) and root.resolve() == ROOT:
        found = circles()
        print(f"circles of imports: {len(found)}")
        for circle in found:
            print("    " + " ".join(sorted(circle)))


if __name__ == "__main__":
    typer.run(main)
