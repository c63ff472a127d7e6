"""Whose record a bundle is, and which of its resources are about somebody else.

A bundle is the record of one Patient. Of Patients that were merged (``Patient.link``, replaced-by or replaces) the one that
replaces the others stands for them. A Patient whom no resource of care is about, such as the subscriber of the plan, is a person
beside the patient. A contained Patient is the patient if the bundle has no other, or if it has an identifier of that one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pyoxigraph import NamedNode

from reasoner.chart.fhir.references import UNSAID, References, contained, identifiers, local_names
from reasoner.ground.errors import DocumentationError

OWNERS = ("subject", "patient", "beneficiary")
"""The elements of a resource that say whose it is."""
STRANGER = "it is about someone other than the Patient of the bundle"
_UNTOLD = "whose it is cannot be told"
_BESIDE = "it is another person than the patient: no resource of care is about it"
_OF_PERSONS = frozenset({"Patient", "Person", "RelatedPerson", "Coverage", "Account"})  # no resources of care
_OTHERS = _OF_PERSONS | {
    "Device",
    "Location",
    "Medication",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Substance",
}
_OWNED = frozenset(
    {"Claim", "ExplanationOfBenefit", "ServiceRequest", "Coverage"}
)  # not the patient's unless they say so


class Patients:
    """The Patients of a bundle.

    Args:
        resources: its resources in JSON with their IRIs, each once.
        references: what its references lead to; it is told which Patients are the same.
    """

    def __init__(self, resources: Iterable[tuple[NamedNode, dict[str, Any]]], references: References) -> None:
        self._resources = list(resources)
        self._references = references
        self._kinds: dict[NamedNode | None, str] = {
            iri: str(resource["resourceType"]) for iri, resource in self._resources
        }
        self._patients = {
            iri: resource for iri, resource in self._resources if resource.get("resourceType") == "Patient"
        }
        self._inside = {
            node: patient
            for iri, resource in self._resources
            if "contained" in resource
            for node, patient in contained(iri, resource)
            if patient.get("resourceType") == "Patient"
        }
        self._unclear = ""
        """Why it cannot be told which of merged Patients stands for the others."""
        self.set_aside: dict[NamedNode, str] = {}
        """Patients that are not the one, or not by themselves, and why."""
        self._merge()
        self._join_contained()

    def choose(self, usable: set[NamedNode], source: str, may_be_absent: bool) -> NamedNode:
        """The Patient whose record the bundle is; the others are set aside.

        Args:
            usable: the resources that count.
            source: what to call the bundle in errors.
            may_be_absent: whether it can be one to whom all resources refer, and of whom the bundle has no Patient.

        Raises:
            DocumentationError: there is none, there are several, or which of merged ones stands for the others is not clear.
        """
        if self._unclear:
            mend = "Merge them, and give one Patient with their resources"
            raise DocumentationError(self._unclear, where=source, mend=mend)
        patients = [iri for iri in self._patients if iri in usable and self._references.standing(iri) == iri]
        if len(patients) == 1:
            return patients[0]
        about = {target for iri, resource in self._resources for target in self._about(iri, resource, care=True)}
        if not patients:
            if len(about) == 1 and (about <= set(self._inside) or (may_be_absent and not about & set(self._patients))):
                return about.pop()
            mend = "Give the Patient, or --birth-date if all resources refer to one who is not in the bundle"
            raise DocumentationError("the bundle has no usable Patient", where=source, mend=mend)
        of_coverage = {target for iri, resource in self._resources for target in self._about(iri, resource, care=False)}
        those = about.intersection(patients) or of_coverage.intersection(patients)
        if len(those) != 1:
            problem = f"the bundle has {len(patients)} Patients, not one"
            linked = any(self._patients[iri].get("link") for iri in patients)
            merge = ", or merge those that Patient.link ties together" if linked else ""
            raise DocumentationError(problem, where=source, mend=f"Give one bundle for each patient{merge}")
        self.set_aside |= {iri: _BESIDE for iri in patients if iri not in those}
        return those.pop()

    def strangers(self, patient: NamedNode) -> Iterator[tuple[NamedNode, str]]:
        """The resources that are not known to be about a Patient, each with the reason.

        A resource that does not say whose it is, is the patient's, except one that asks or pays for a service.
        """
        for iri, resource in self._resources:
            kind = resource.get("resourceType")
            if kind in ("Patient", "RelatedPerson", "Person"):
                continue
            elements = [*OWNERS, "focus"] if kind == "Observation" else OWNERS
            stated = list(_values(resource, elements))
            local = local_names(iri, resource)
            reasons = [self._reason(name, value, local, patient) for name, value in stated]
            if not stated and kind in _OWNED:
                owner = "beneficiary or subject" if kind in ("ServiceRequest", "Coverage") else "patient"
                reasons = [f"{_UNTOLD}: it has no {owner}"]
            if reason := next(filter(None, reasons), ""):
                yield iri, reason

    def _reason(self, name: str, value: Any, local: dict[str, NamedNode], patient: NamedNode) -> str:
        target = self._references.find(value, local)
        if target.iri == patient:
            return ""
        if target.problem == UNSAID:
            return f"{_UNTOLD}: its {name} is no reference that can be followed"
        if target.problem:
            reference = value.get("reference")
            return (
                f"{target.problem}: {name} {reference}" if isinstance(reference, str) else f"{target.problem}: {name}"
            )
        if target.iri in self._inside and not any(identifiers(self._inside[target.iri])):
            return f"{_UNTOLD}: its {name} is a contained Patient without an identifier"
        kind = self._kinds.get(target.iri, "Person")
        return STRANGER if kind in _OTHERS else f"{_UNTOLD}: its {name} is a {kind}"

    def _about(self, iri: NamedNode, resource: dict[str, Any], care: bool) -> Iterator[NamedNode]:
        """Whom a resource is about, if it is one of care, or if it is not."""
        kind = resource.get("resourceType")
        if (kind not in _OF_PERSONS) if care else kind == "Coverage":
            local = local_names(iri, resource)
            for _, value in _values(resource, OWNERS):
                target = self._references.find(value, local).iri
                if target is not None:
                    yield target

    def _merge(self) -> None:
        """Which Patients were merged into which; ``same`` leads to the one that stands for all."""
        into: dict[NamedNode, set[NamedNode]] = {}
        for iri, resource in self._patients.items():
            links = resource.get("link")
            for link in links if isinstance(links, list) else ():
                if not isinstance(link, dict) or link.get("type") not in ("replaces", "replaced-by"):
                    continue
                other = self._references.find(link.get("other"), local_names(iri, resource)).iri
                if other in self._patients and other is not None:
                    former, current = (other, iri) if link["type"] == "replaces" else (iri, other)
                    into.setdefault(former, set()).add(current)
        for former, currents in sorted(into.items(), key=lambda item: item[0].value):
            passed, standing = {former}, currents
            while len(standing) == 1 and not standing & passed:
                passed |= standing
                (last,) = standing
                standing = into.get(last, set())
            if standing:
                self._unclear = "the bundle has Patients that were merged, and not one that replaces all others"
                return
            if self._patients[last].get("active") is False and self._patients[former].get("active") is not False:
                self._unclear = (
                    "the bundle has Patients that were merged, and the one that replaces the other is not active"
                )
                return
            self._references.let_stand(last, former)
            kept = self._patients[last].get("id")
            self.set_aside[former] = (
                f"it was merged into {f'Patient/{kept}' if kept else 'another Patient'}, which stands for it"
            )

    def _join_contained(self) -> None:
        """Contained Patients that are a Patient of the bundle, or one and the same."""
        known: dict[tuple[str, str], set[NamedNode]] = {}
        for iri, patient in self._patients.items():
            for identifier in identifiers(patient):
                known.setdefault(identifier, set()).add(self._references.standing(iri))
        alike: dict[str, NamedNode] = {}
        for node in sorted(self._inside, key=lambda node: node.value):
            content = {name: value for name, value in self._inside[node].items() if name != "id"}
            first = alike.setdefault(json.dumps(content, sort_keys=True, default=str), node)
            found = set().union(*(known.get(identifier, set()) for identifier in identifiers(content)))
            if len(found) == 1:
                self._references.let_stand(found.pop(), node)
            elif first != node:
                self._references.let_stand(first, node)


def _values(resource: dict[str, Any], elements: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The values of elements of a resource; null and what is said about a primitive are values too."""
    for name in elements:
        for key in (name, f"_{name}"):
            if key in resource:
                value = resource[key]
                yield from ((name, item) for item in (value if isinstance(value, list) and value else (value,)))
