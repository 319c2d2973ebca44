"""``/v1/catalogues/{name}/watch``: what the last round of `aisle watch` found."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Response

from aisle._watch import read_watch_state
from aisle.errors import NotOffered
from aisle.service.parts import AccessPart, CataloguePart, ServicePart, json_response

router = APIRouter(tags=["operation"])


@router.get("/v1/catalogues/{name}/watch")
async def watch(service: ServicePart, catalogue: CataloguePart, access: AccessPart) -> Response:
    """Alarms and figures of the last round of `aisle watch`; where keys are asked for, for an admin's."""
    access.check_admin()
    state = await to_thread.run_sync(read_watch_state, catalogue.name, service.settings.watch)
    if state is None:
        raise NotOffered(
            f"nobody watches {catalogue.name} on this machine",
            fix=f"run aisle watch --name {catalogue.name}, or name the folder of its state: --watch FOLDER",
        )
    return json_response(state.status())
