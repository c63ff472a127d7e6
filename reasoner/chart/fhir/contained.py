"""Contained resources as entries of the bundle: what is said in one counts as if it stood beside the resource that contains it.

A resource has no id of its own within another, so it takes that one's: ``#x`` in ``Encounter/e`` becomes ``Condition/e.x``. What
it refers to within the other one, and is not lifted, it contains itself. One that a contained resource contains, which FHIR
forbids, counts as contained in the outer one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

Resource = dict[str, Any]


def lifted(resource: Resource, own: str, kinds: Collection[str]) -> Iterator[Resource]:
    """A resource without the contained ones of some types, then these.

    Args:
        resource: the resource in JSON; it is not changed.
        own: its type and its id, or what stands for that.
        kinds: the types that are lifted out.
    """
    inside = list(_inside(resource))
    found = [item for item in inside if _is_of(item, kinds)]
    if not found:
        yield resource
        return
    id_ = own.partition("/")[2]
    ids = [item["id"] if isinstance(item.get("id"), str) else str(number) for number, item in enumerate(found)]
    names = {f"#{name}": f"{item['resourceType']}/{id_}.{name}" for name, item in zip(ids, found, strict=True)}
    kept = [item for item in inside if not _is_of(item, kinds)]
    rest = {"contained": kept} if kept else {}
    yield _renamed({name: value for name, value in resource.items() if name != "contained"} | rest, names)
    shared = {name: resource[name] for name in ("meta",) if name in resource}
    for name, item in zip(ids, found, strict=True):
        yield _renamed({**shared, **item, "id": f"{id_}.{name}", **rest}, {"#": own, **names})


def _inside(resource: Resource) -> Iterator[Any]:
    """What a resource contains, at any depth."""
    inside = resource.get("contained")
    for item in inside if isinstance(inside, list) else ():
        yield {name: value for name, value in item.items() if name != "contained"} if isinstance(item, dict) else item
        if isinstance(item, dict):
            yield from _inside(item)


def _is_of(item: Any, kinds: Collection[str]) -> bool:
    return isinstance(item, dict) and isinstance(item.get("resourceType"), str) and item["resourceType"] in kinds


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """JSON with other references in place of some."""
    if isinstance(value, list):
        return [_renamed(item, names) if isinstance(item, dict | list) else item for item in value]
    return {
        key: _renamed(item, names)
        if isinstance(item, dict | list)
        else names.get(item, item)
        if key == "reference" and isinstance(item, str)
        else item
        for key, item in value.items()
    }
