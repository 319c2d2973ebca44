"""Rules of a catalogue: check a file, put it, see what is live and what it would do, go back, switch off."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.cluster.failures import RetryPolicy
from aisle.errors import AisleError, InputError
from aisle.indexer.releases.inventory import no_releases, read_inventory
from aisle.indexer.releases.names import check_name
from aisle.search import Filters, read_live
from aisle.search.preflight import LiveIndex
from aisle.search.rules.effects import RuleReport, effects_of
from aisle.search.rules.live import FixedRules, LiveRules
from aisle.search.rules.matching import RuleBook, Situation
from aisle.search.rules.reading import RuleSet, checked_rules, read_rules
from aisle.search.rules.store import RulesHistory, RuleStore, RulesVersion

# Nobody waits longer for a cluster that is away.
_POLICY: Final = RetryPolicy(deadline_s=30.0, request_timeout_s=20.0)
_IDS_A_REQUEST: Final = 5_000
_SHOWN_IDS: Final = 10


@dataclass(frozen=True, slots=True)
class CheckedRules:
    """A file of rules that can be used.

    Attributes:
        rules: how many.
        warnings: what of the file is left out, with its line; what the live release does not have.
    """

    rules: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutRules:
    """Rules that are live.

    Attributes:
        live: their version.
        changed: False if the same rules were live before.
        warnings: as in `CheckedRules`.
    """

    live: RulesVersion
    changed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchedRules:
    """What rules would do to a search.

    Attributes:
        version: of the rules; 0 for those of a file.
        rules: ids of those that are about the search, in the order in which they act.
        text: what would be searched.
        report: what they would do. Whether a pinned item is there, only a search tells.
    """

    version: int
    rules: tuple[str, ...]
    text: str
    report: RuleReport

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, as in a page of results."""
        return {"text": self.text, **self.report.to_json()}


def check_rules(
    rules: str | Path | Sequence[Mapping[str, Any]],
    name: str | None = None,
    *,
    cluster: OpenSearch | None = None,
) -> CheckedRules:
    """Check rules without putting them; with the name of a catalogue also against its live release.

    Example:
        >>> aisle.check_rules("rules.json").rules
        12

    Args:
        rules: a file, JSON or Querqy's ``rules.txt``; or the rules themselves, as plain JSON.
        name: of the catalogue; None: no cluster is asked.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: the file cannot be read, or holds what is no rule; named with its line or the rule's id.
        IndexNotFound: there is no such catalogue.
        ClusterError: the cluster does not answer.
    """
    found = _read(rules)
    if name is None:
        return CheckedRules(len(found.rules), found.warnings)
    asked = connected(cluster)
    lacking = _lacking(asked, read_live(asked, check_name(name)), found)
    return CheckedRules(len(found.rules), (*found.warnings, *lacking))


def put_rules(
    name: str,
    rules: str | Path | Sequence[Mapping[str, Any]],
    *,
    strict: bool = False,
    cluster: OpenSearch | None = None,
) -> PutRules:
    """Make rules the live ones of a catalogue, in place of those that were; searches follow within seconds.

    Example:
        >>> aisle.put_rules("shop", "rules.json").live.version
        3

    Args:
        name: of the catalogue.
        rules: a file, JSON or Querqy's ``rules.txt``; or the rules themselves, as plain JSON.
        strict: what is left out of the file, and what the live release does not have, is an error.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: see `check_rules`; somebody else put rules at the same time.
        IndexNotFound: there is no such catalogue.
        ClusterError: the cluster does not answer.
    """
    found = _read(rules)
    if not found.rules:
        raise InputError(
            "there are no rules to put", fix=f"to switch all rules off: aisle rules delete --name {name}"
        )
    asked = connected(cluster)
    before = _store(asked, check_name(name)).history()
    live = read_live(asked, _catalogue(asked, name))
    warnings = (*found.warnings, *_lacking(asked, live, found))
    if strict and warnings:
        more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
        raise InputError(f"{warnings[0]}{more}", fix="mend the rules, or put them without --strict")
    return _put(asked, name, found, live.meta.release, before, warnings)


def list_rules(name: str, *, cluster: OpenSearch | None = None) -> tuple[RulesVersion, ...]:
    """The versions of a catalogue's rules that are kept, oldest first; the last one is live.

    Example:
        >>> [(one.version, one.rules) for one in aisle.list_rules("shop")]
        [(1, 12), (2, 13)]

    Args:
        name: of the catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: the name cannot be used.
        ClusterError: the cluster does not answer.
    """
    return _store(connected(cluster), check_name(name)).history().versions


def show_rules(
    name: str, version: int | None = None, *, cluster: OpenSearch | None = None
) -> list[dict[str, Any]]:
    """The rules of a version as plain JSON, as `put_rules` takes them.

    Example:
        >>> aisle.show_rules("shop")[0]["id"]
        'cordless-week'

    Args:
        name: of the catalogue.
        version: see `list_rules`; None: the live one.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: there is no such version.
        ClusterError: the cluster does not answer.
    """
    store = _store(connected(cluster), check_name(name))
    return store.rules(_version(store.history(), name, version)).to_json()


def match_rules(
    query: str,
    name: str | None = None,
    *,
    rules: str | Path | Sequence[Mapping[str, Any]] | None = None,
    filters: Filters | None = None,
    context: Sequence[str] = (),
    at: datetime | None = None,
    cluster: OpenSearch | None = None,
) -> MatchedRules:
    """What rules would do to a search, without searching.

    Example:
        >>> aisle.match_rules("cordless drill", "shop").rules
        ('cordless-week',)

    Args:
        query: as a shopper would type it; empty for a page that is browsed.
        name: of the catalogue whose live rules are asked.
        rules: a file or rules to ask instead; no cluster is asked.
        filters: what the search is narrowed to.
        context: words of the caller's, such as ``campaign``.
        at: moment, with its time zone; None: now.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: neither or both of ``name`` and ``rules``; see `check_rules`.
        ClusterError: the cluster does not answer.
    """
    if (name is None) == (rules is None):
        raise InputError("whose rules?", fix="give the name of a catalogue or a file, and not both")
    version = 0
    if rules is not None:
        found = _read(rules)
    else:
        store = _store(connected(cluster), check_name(name or ""))
        live = _version(store.history(), name or "", None)
        version, found = live.version, store.rules(live)
    situation = Situation(query, filters or Filters(), frozenset(context), at or datetime.now(UTC))
    acting = RuleBook(found.rules).acting(situation)
    effects = effects_of(acting, query)
    report = replace(effects, version=version).report(effects.promised)
    return MatchedRules(version, tuple(rule.id for rule in acting), effects.text, report)


def rollback_rules(
    name: str, to: int | None = None, *, release: str | None = None, cluster: OpenSearch | None = None
) -> PutRules:
    """Make an older version of the rules live again, as a new version.

    Example:
        >>> aisle.rollback_rules("shop").live.version
        4

    Args:
        name: of the catalogue.
        to: version to go back to; None: the one before the live one.
        release: instead, the version that was live last while this release was.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: there is no such version, or somebody else put rules at the same time.
        IndexNotFound: there is no such catalogue.
        ClusterError: the cluster does not answer.
    """
    if to is not None and release is not None:
        raise InputError("a version and a release are two ways to say it", fix="give one or the other")
    asked = connected(cluster)
    live = read_live(asked, _catalogue(asked, name)).meta.release
    store = _store(asked, name)
    history = store.history()
    if release is not None:
        found = history.of_release(release)
        if found is None:
            raise InputError(
                f"no version of the rules of {name} that is kept was live with {release}",
                fix=f"see which there are: aisle rules list --name {name}",
            )
    elif to is not None:
        found = _version(history, name, to)
    elif len(history.versions) > 1:
        found = history.versions[-2]
    else:
        raise InputError(
            f"the rules of {name} have no earlier version", fix=f"aisle rules list --name {name}"
        )
    return _put(asked, name, store.rules(found), live, history)


def rules_to_ask_with(
    cluster: Cluster, name: str, rules: str | Path | Sequence[Mapping[str, Any]] | None
) -> tuple[FixedRules, str]:
    """Rules as they are now, for a measurement during which they must not change.

    Args:
        cluster: connection.
        name: of the catalogue.
        rules: a file or rules, see `check_rules`; None: those that are live.

    Returns:
        The rules, and what they are, for people.

    Raises:
        InputError: they cannot be read.
        ClusterError: the cluster does not answer.
    """
    if rules is not None:
        found = _read(rules)
        what = Path(rules).name if isinstance(rules, str | Path) else "those that were given"
        return FixedRules(LiveRules(0, RuleBook(found.rules))), f"{what} ({len(found.rules):,})"
    store = _store(cluster, name)
    live = store.history().live
    if live is None or not live.rules:
        return FixedRules(LiveRules(0, RuleBook())), "none"
    book = RuleBook(store.rules(live).rules)
    return FixedRules(LiveRules(live.version, book)), f"version {live.version} ({live.rules:,})"


@dataclass(frozen=True, slots=True)
class RulesOfRelease:
    """The rules that were live last while a release was.

    Attributes:
        name: of the catalogue.
        release: the release.
        version: their version then; 0: there were none.
        rules: what they say.
    """

    name: str
    release: str
    version: int
    rules: RuleSet

    def put(self, cluster: Cluster) -> tuple[RulesVersion, bool]:
        """Make them live again, unless they are.

        Returns:
            Their version now, and whether others were live before.

        Raises:
            InputError: somebody else put rules at the same time.
            ClusterError: the cluster does not answer.
        """
        store = _store(cluster, self.name)
        before = store.history().live
        live = store.put(self.rules, self.release)
        return live, before is None or before.version != live.version


def rules_put(cluster: Cluster, name: str) -> tuple[RulesVersion, ...]:
    """The versions that are kept, for a log; where they cannot be read, a warning and none."""
    try:
        return _store(cluster, name).history().versions
    except AisleError as error:
        warnings.warn(f"rules are not in the log: {error.message}", stacklevel=3)
        return ()


def rules_of_release(cluster: Cluster, name: str, release: str) -> RulesOfRelease | None:
    """The rules that were live last while a release was; None for a catalogue that never had any.

    Raises:
        InputError: nobody knows any more: later versions have pushed them out.
        ClusterError: the cluster does not answer.
    """
    store = _store(cluster, name)
    history = store.history()
    if history.live is None:
        return None
    found = history.of_release(release)
    if found is not None:
        return RulesOfRelease(name, release, found.version, store.rules(found))
    if history.versions[0].version > 1:
        raise InputError(
            f"the rules of {name} that were live with {release} are not kept any more",
            fix=f"go back without them (--keep-rules), then choose from: aisle rules list --name {name}",
        )
    return RulesOfRelease(name, release, 0, RuleSet())


def delete_rules(
    name: str, *, history: bool = False, cluster: OpenSearch | None = None
) -> RulesVersion | None:
    """Switch all rules of a catalogue off. Earlier versions stay and can be gone back to.

    Example:
        >>> aisle.delete_rules("shop").rules
        0

    Args:
        name: of the catalogue.
        history: delete every version for good.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Returns:
        The new version, which has no rules; None if all versions were deleted.

    Raises:
        InputError: there are no rules, or somebody else put some at the same time.
        ClusterError: the cluster does not answer.
    """
    asked = connected(cluster)
    store = _store(asked, check_name(name))
    if history:
        # Also where what is there cannot be read.
        store.forget()
        return None
    before = store.history()
    if not _version(before, name, None).rules:
        raise InputError(f"{name} has no rules", fix=f"bring them back: aisle rules rollback --name {name}")
    # The catalogue may be gone, and its rules with it.
    return store.put(RuleSet(), ", ".join(read_inventory(asked, name).live), before)


def _read(rules: str | Path | Sequence[Mapping[str, Any]]) -> RuleSet:
    return read_rules(Path(rules)) if isinstance(rules, str | Path) else checked_rules(rules, "the list")


def _store(cluster: Cluster, name: str) -> RuleStore:
    return RuleStore(cluster.retrying(_POLICY), name, _POLICY.request_timeout_s)


def _catalogue(cluster: Cluster, name: str) -> str:
    """The name, if there is such a catalogue: rules under a mistyped one would never act."""
    if not read_inventory(cluster, check_name(name)).live:
        raise no_releases(name)
    return name


def _put(
    cluster: Cluster,
    name: str,
    rules: RuleSet,
    release: str,
    before: RulesHistory,
    warnings: tuple[str, ...] = (),
) -> PutRules:
    live = _store(cluster, name).put(rules, release, before)
    return PutRules(live, before.live is None or live.version != before.live.version, warnings)


def _version(history: RulesHistory, name: str, version: int | None) -> RulesVersion:
    """One that is kept; the live one for None."""
    if history.live is None:
        raise InputError(f"{name} has no rules", fix=f"put some: aisle rules put FILE --name {name}")
    found = [one for one in history.versions if version in (None, one.version)]
    if not found:
        raise InputError(
            f"there is no version {version} of the rules of {name}",
            fix=f"see which there are: aisle rules list --name {name}",
        )
    return found[-1]


def _lacking(cluster: Cluster, live: LiveIndex, rules: RuleSet) -> Iterator[str]:
    """What rules are about and the live release does not have, a line each."""
    named = {
        id_: rule.id for rule in rules.rules for id_ in (*(pin.id for pin in rule.then.pin), *rule.then.hide)
    }
    gone = set(named) - _there(cluster, live.meta.release, list(named))
    for id_ in sorted(gone)[:_SHOWN_IDS]:
        yield f"rule {named[id_]}: {live.meta.release} has no item {id_}"
    if len(gone) > _SHOWN_IDS:
        yield f"{live.meta.release} has no item of {len(gone) - _SHOWN_IDS:,} more ids"
    for rule in rules.rules:
        for selection in rule.then.selections:
            try:
                selection.filters.check(live.meta, live.numbers)
            except AisleError as error:
                yield f"rule {rule.id}: {error.message}"


def _there(cluster: Cluster, release: str, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(ids), _IDS_A_REQUEST):
        some = ids[first : first + _IDS_A_REQUEST]
        body = {"size": len(some), "_source": False, "query": {"ids": {"values": list(some)}}}
        found |= {hit["_id"] for hit in cluster.search(index=release, body=body)["hits"]["hits"]}
    return found
