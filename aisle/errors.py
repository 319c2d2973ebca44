"""Every error that Aisle raises on purpose, as one tree.

AisleError                    what went wrong, and ``fix``: what the user does about it
├── InputError                a file, a row or an argument that cannot be used
├── MissingExtra              an optional dependency is not installed (names the extra)
├── ClusterError              anything between Aisle and an OpenSearch node
│   ├── ClusterUnavailable    nothing answers, or it stopped answering
│   ├── AuthenticationFailed  user, password or certificate refused
│   ├── CapabilityMissing     the node answers but lacks a version, plugin or engine
│   ├── IndexBlocked          somebody closed an index, or the cluster, for writing
│   ├── DownloadFailed        the embedded node's jars could not be fetched or verified
│   └── NodeStartFailed       the embedded node did not start (shows its last log lines)
│       ├── JavaNotFound      no JDK 21 or later
│       └── PortTaken         the port asked for is in use
├── ArtifactError             a model folder
│   ├── ArtifactNotFound      no such artifact, on disk or under that name
│   ├── ArtifactCorrupt       a hash or the self-test differs: it is not what was built
│   └── ArtifactMismatch      the index was built with another vector space than the client's
├── RegistryError             where releases are on record: away, full, read-only, or not what was recorded
├── IndexingError             a catalogue on its way into an index
│   ├── IndexingFailed        documents refused or counts that differ; the live release is untouched
│   └── DiskFull              the node's or this machine's disk is (almost) full
├── SearchError               a question that cannot be answered
│   ├── InvalidQuery          empty, too long, or a filter that means nothing
│   ├── IndexNotFound         no index or alias of that name
│   ├── ForeignIndex          the index was not made by Aisle, or by another schema version
│   └── PipelineMissing       the search pipeline is gone (OpenSearch would return raw scores)
├── ServiceError              a request over HTTP that is not answered
│   ├── Overloaded            as many requests wait as may
│   ├── DeadlinePassed        there was no time left to answer it
│   ├── KeyRefused            it came without a key, or with one that is none
│   ├── LimitReached          its key or address asks more often than it may
│   └── NotOffered            the service was started without what it asks for
└── EvaluationError           runs or qrels that cannot be scored
    ├── JudgedItemsMissing    no search found any item that the judgments are about
    └── NoBetterRanker        a trained ranker orders held-out queries no better than the fusion
"""

from __future__ import annotations

from aisle._printable import printable


class AisleError(Exception):
    """Base of the tree above.

    Args:
        message: what went wrong, without a trailing full stop; one line, but where it shows lines of a log.
        fix: what the user does about it, one line.
        status: HTTP status of OpenSearch's answer, where the error is one.
    """

    def __init__(self, message: str, *, fix: str, status: int | None = None) -> None:
        # Names come from files and users, and wherever an error is shown they must not steer what shows it.
        self.message = "\n".join(map(printable, message.splitlines()))
        self.fix = printable(fix)
        super().__init__(self.message)
        self.status = status

    def __str__(self) -> str:
        return f"{self.message}. Fix: {self.fix}"


class InputError(AisleError):
    """A file, a row or an argument that cannot be used."""


class MissingExtra(AisleError):
    """An optional dependency is not installed."""

    def __init__(self, module: str, *, extra: str) -> None:
        super().__init__(f"{module} is not installed", fix=f"install the extra: pip install 'aisle[{extra}]'")


class ClusterError(AisleError):
    """Anything between Aisle and an OpenSearch node."""


class ClusterUnavailable(ClusterError):
    """Nothing answers at the address, or it stopped answering."""


class AuthenticationFailed(ClusterError):
    """User, password or certificate refused. The message never holds the secret."""


class CapabilityMissing(ClusterError):
    """The node answers but lacks a version, plugin or engine."""


class IndexBlocked(ClusterError):
    """Somebody closed an index, or the cluster, for writing (``index.blocks.write`` and its kin)."""


class DownloadFailed(ClusterError):
    """The embedded node's jars could not be fetched or verified."""


class NodeStartFailed(ClusterError):
    """The embedded node did not start."""


class JavaNotFound(NodeStartFailed):
    """No JDK 21 or later on this machine."""


class PortTaken(NodeStartFailed):
    """The port asked for is in use."""


class ArtifactError(AisleError):
    """A model folder that cannot be used."""


class ArtifactNotFound(ArtifactError):
    """No such artifact, on disk or under that name."""


class ArtifactCorrupt(ArtifactError):
    """A hash or the self-test differs."""


class ArtifactMismatch(ArtifactError):
    """The index was built with another vector space than the client's."""


class RegistryError(AisleError):
    """Where releases are on record cannot be used: away, full, read-only, or not what was recorded."""


class IndexingError(AisleError):
    """A catalogue on its way into an index."""


class IndexingFailed(IndexingError):
    """Documents refused or counts that differ; the live release is untouched."""


class DiskFull(IndexingError):
    """The node's or this machine's disk is (almost) full."""


class SearchError(AisleError):
    """A question that cannot be answered."""


class InvalidQuery(SearchError):
    """Empty, too long, or a filter that means nothing."""


class IndexNotFound(SearchError):
    """No index or alias of that name."""


class ForeignIndex(SearchError):
    """The index was not made by Aisle, or by another schema version."""


class PipelineMissing(SearchError):
    """The search pipeline is gone; OpenSearch would silently return raw scores."""


class ServiceError(AisleError):
    """A request over HTTP that is not answered."""


class Overloaded(ServiceError):
    """As many requests wait as may."""


class DeadlinePassed(ServiceError):
    """There was no time left to answer it."""


class KeyRefused(ServiceError):
    """It came without a key, or with one that is none."""


class LimitReached(ServiceError):
    """Its key or address asks more often than it may."""


class NotOffered(ServiceError):
    """The service was started without what it asks for."""


class EvaluationError(AisleError):
    """Runs or qrels that cannot be scored."""


class JudgedItemsMissing(EvaluationError):
    """No search found any item that the judgments are about: another catalogue, or they are gone."""


class NoBetterRanker(EvaluationError):
    """A trained ranker orders held-out queries no better than the fusion; it was not written."""
