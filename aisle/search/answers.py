"""Answers of OpenSearch: whole or refused, and several in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisle.cluster import Cluster
from aisle.cluster.failures import FEWER_CLAUSES, TOO_MANY_CLAUSES, describe, too_many_clauses
from aisle.errors import IndexNotFound, InvalidQuery, SearchError


def multi_search(
    cluster: Cluster, index: str, bodies: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The answers to several searches of one index, asked in one request.

    Raises:
        SearchError: one of them failed, or is incomplete.
        InvalidQuery: one has more clauses than OpenSearch takes.
        IndexNotFound: there is no such index.
    """
    lines = [line for body in bodies for line in ({}, body)]
    answers: list[Mapping[str, Any]] = cluster.msearch(index=index, body=lines)["responses"]
    for answer in answers:
        if "error" in answer:
            if answer.get("status") == 404:
                raise IndexNotFound(f"there is no index {index}", fix="search again")
            reason = describe(answer["error"])
            if too_many_clauses(reason):
                raise InvalidQuery(TOO_MANY_CLAUSES, fix=FEWER_CLAUSES)
            raise SearchError(f"{index} cannot be asked ({reason})", fix="look at `aisle logs`")
        check_complete(answer)
    return answers


def check_complete(answer: Mapping[str, Any]) -> None:
    """Refuse an answer that some shards are missing from: it would look like a smaller catalogue.

    Raises:
        SearchError: how many failed.
    """
    if answer["timed_out"] or answer["_shards"]["failed"]:
        failed, shards = answer["_shards"]["failed"], answer["_shards"]["total"]
        raise SearchError(
            f"the answer is incomplete: {failed} of {shards} shards failed",
            fix="see the cluster's health with `aisle status`, then search again",
        )


def read_sources(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Id to the fields that were asked for, from the answer to an ``_mget``; what is not there is absent.

    Raises:
        IndexNotFound: the index is gone.
        SearchError: a document could not be read.
    """
    there: dict[str, Mapping[str, Any]] = {}
    for document in answer["docs"]:
        if error := document.get("error"):
            if error.get("type") == "index_not_found_exception":
                raise IndexNotFound(f"there is no index {document['_index']}", fix="search again")
            raise SearchError(f"an item cannot be read ({error.get('type')})", fix="see `aisle logs`")
        if document["found"]:
            there[document["_id"]] = document.get("_source", {})
    return there
