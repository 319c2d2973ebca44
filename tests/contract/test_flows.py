"""A reader follows a command in few files: the numbers may fall, not grow."""

from __future__ import annotations

import pytest

from benchmarks.flows import FLOWS, ROOT, Definition, Flow, Source, circles, files

# Reached today, with room for two methods that share their name with another class's. The goals are in FLOWS.
# Indexing and training read a catalogue, and any export takes 30 files more than one kind of CSV and of
# JSON lines did: encodings, dialects, columns by their values, prices, paths, variants.
# A search that a shop can go live with has a file each for rules, groups, sorting, signals and highlights,
# lists, and for facets those that plan, ask and read them.
# A training ends with an export, which takes one file more since any encoder can be exported.
# A release is made with its suggestions: popular queries, phrases of titles, their index, and who asks it.
# Places on earth are written in ways of their own.
# What vectors are kept as is one file for mappings, searches and updates, and one for what a release gets.
# Vectors of searches and of recommendations are made of one text: a file says by which encoder, and another
# one keeps copies apart for both.
# Trainings have options of their own file in common.
# A search by vectors asks whether every node has the engine that a release is on.
# Whether an answer is whole is a file of its own, which searches, suggestions and recommendations share.
# What is handed over in Python is checked in one file, for every request.
# What requests of one shopper's request have in common, their id and deadline, is one file, of the cluster's.
# A key's scope has ranges of its own, which are remembered as the scores of rerankers are.
# What was indexed, promoted and rolled back is told in a log, one file for all three.
# The models that order what a release finds are named by it, and opened by whoever searches it: a file each.
# What a release says of itself is changed in place by one file.
# A training writes down a sketch of the queries that it learned from, folded as suggestions fold them.
# What a run of `aisle index` shows is a file of its own.
# Models that order the candidates of a search, the ranker and the reranker, are asked in a file of their own.
# What was trained may be on record, where what is live has a name: two files, and one for what is served.
# What a release takes over from the live one is a file of the releases, as it is read under their lease.
MOST = {"cli.search:search": 76, "cli.index:index": 118, "cli.train:encoder": 104}


@pytest.fixture(scope="module")
def source() -> Source:
    return Source(ROOT, ("aisle",))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.command)
def test_a_command_is_followed_in_few_files(source: Source, flow: Flow) -> None:
    opened = files(source, flow)
    assert f"aisle.{flow.function.partition(':')[0]}" in opened
    assert "aisle.errors" in opened, "it was followed to the bottom"
    assert len(opened) <= MOST[flow.function], sorted(opened)


def test_callables_are_not_handed_along(source: Source) -> None:
    assert source.text.count("partial(") <= 5
    assert source.text.count("Callable[") <= 72


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles() == []


def test_options_that_are_not_given_are_left_out(source: Source) -> None:
    flow = Flow("", "", 0, ("ray", "gate"))
    what = source.follow(("aisle.indexer.ray.driver", "LoadOnRay"))
    assert isinstance(what, Definition) and flow.leaves_out(what)
    assert not flow.leaves_out(Definition("aisle.search.page", "aggregate_arrays", what.node))
