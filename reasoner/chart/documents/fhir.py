"""The documents in FHIR R4: attachments of DocumentReference and DiagnosticReport, sections of Composition, Binary.

What a resource says besides is read by `reasoner.chart.fhir`; here only the text that people wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, NamedTuple

from reasoner.chart.documents.markup import decode_base64
from reasoner.ground.errors import DocumentationError
from reasoner.rdf.parsing import refuse_deep_json

HTML = "text/html"
_WITHDRAWN = ("entered-in-error", "cancelled")
_ATTACHED = {"DocumentReference": "content", "DiagnosticReport": "presentedForm"}
_FORMS = (*_ATTACHED, "Composition", "Binary")


class FhirPart(NamedTuple):
    """A document in a resource."""

    resource: str
    """Type and id, and the number of the attachment where there are several."""
    media_type: str
    data: bytes


def read_fhir(data: bytes, where: str) -> Iterator[FhirPart | DocumentationError]:
    """The documents of a resource or Bundle in JSON, in its order; an error in the place of one that has no text.

    Raises:
        DocumentationError: it is no FHIR, or nests too deep.
    """
    try:
        text = data.decode("utf-8-sig")
        refuse_deep_json(text, where)
        root = json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DocumentationError("the JSON is not well formed", where=where) from error
    if not isinstance(root, dict) or not isinstance(root.get("resourceType"), str):
        raise DocumentationError("the JSON is no FHIR resource", where=where)
    resources = [(_text(e.get("fullUrl")), e.get("resource")) for e in _dicts(root.get("entry"))] or [("", root)]
    binaries: dict[str, dict[str, Any]] = {}
    for url, resource in resources:
        if isinstance(resource, dict) and resource.get("resourceType") == "Binary":
            binaries |= {key: resource for key in (url, f"Binary/{resource.get('id')}") if key}
    used: list[int] = []

    def led_to(reference: dict[str, Any]) -> dict[str, Any] | None:
        url = reference["reference"]
        found = next((binary for key, binary in binaries.items() if url == key or url.endswith("/" + key)), None)
        used.append(id(found))
        return found

    for _, resource in resources:
        if isinstance(resource, dict) and resource.get("resourceType") in _FORMS[:-1]:
            yield from documents_of(resource, where, led_to)
    for _, resource in resources:
        if isinstance(resource, dict) and resource.get("resourceType") == "Binary" and id(resource) not in used:
            yield from _attached(_named(resource), resource, where, led_to)


def documents_of(
    resource: dict[str, Any], where: str, led_to: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> Iterator[FhirPart | DocumentationError]:
    """The documents of a DocumentReference, Composition or DiagnosticReport, as `read_fhir` gives those of all resources.

    Args:
        resource: the resource.
        where: the file, for errors.
        led_to: the resource that a Reference leads to, if there is one.
    """
    name, kind = _named(resource), resource["resourceType"]
    if resource.get("status") in _WITHDRAWN or resource.get("docStatus") in _WITHDRAWN:
        yield DocumentationError(
            f"the document is {resource.get('docStatus') or resource.get('status')} and is not read",
            where=f"{where}#{name}",
        )
        return
    if kind == "Composition":
        sections, told = _sections(resource)
        if told:
            yield FhirPart(name, HTML, sections.encode())
        else:
            yield DocumentationError("the document has no text", where=f"{where}#{name}")
        return
    attachments = [
        item.get("attachment") if kind == "DocumentReference" else item
        for item in _dicts(resource.get(_ATTACHED[kind]))
    ]
    found = [attachment for attachment in attachments if isinstance(attachment, dict)]
    for number, attachment in enumerate(found, 1):
        numbered = f"{name}/{number}" if len(found) > 1 else name
        yield from _attached(numbered, attachment, where, led_to)
    if not found and (words := _narrative(resource)):
        yield FhirPart(name, HTML, words.encode())


def _attached(
    name: str, attachment: dict[str, Any], where: str, led_to: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> Iterator[FhirPart | DocumentationError]:
    place = f"{where}#{name}"
    url = _text(attachment.get("url"))
    source = attachment
    if not attachment.get("data") and url:
        binary = led_to({"reference": url})
        if binary is None or binary.get("resourceType") != "Binary":
            yield DocumentationError(
                f"the text is not in the file but at {url}, and nothing is fetched",
                where=place,
                mend="Put it in the bundle",
            )
            return
        source = binary
    try:
        content = decode_base64(_text(source.get("data")), place)
    except DocumentationError as error:
        yield error
        return
    if not content:
        yield DocumentationError("the attachment has no content", where=place)
        return
    yield FhirPart(name, _text(attachment.get("contentType")) or _text(source.get("contentType")), content)


def _sections(composition: dict[str, Any]) -> tuple[str, bool]:
    """The sections with their titles, and whether any of them says something."""
    parts = [_heading(composition)]
    narratives = []

    def add(section: dict[str, Any]) -> None:
        parts.extend((_heading(section), _div(section)))
        narratives.append(_div(section))
        for below in _dicts(section.get("section")):
            add(below)

    for section in _dicts(composition.get("section")):
        add(section)
    return "\n".join(parts), any(narratives)


def _narrative(resource: dict[str, Any]) -> str:
    conclusion = _text(resource.get("conclusion"))
    return _div(resource) + (f"<p>{escape(conclusion)}</p>" if conclusion else "")


def _heading(item: dict[str, Any]) -> str:
    title = _text(item.get("title"))
    return f"<h2>{escape(title)}</h2>" if title else ""


def _div(item: dict[str, Any]) -> str:
    text = item.get("text")
    return _text(text.get("div")) if isinstance(text, dict) else ""


def _named(resource: dict[str, Any]) -> str:
    identifier = _text(resource.get("id"))
    return f"{resource['resourceType']}/{identifier}" if identifier else _text(resource["resourceType"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
