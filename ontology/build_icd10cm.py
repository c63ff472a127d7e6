"""Write icd10cm.ttl: the part of ICD-10-CM that policies on behavioral health need, as a SKOS concept scheme.

Run ``python ontology/build_icd10cm.py`` after ``pip install simple-icd-10-cm``; the package is needed for this only. The
same release of the package always gives the same bytes. A test compares the file with what this script gives.

A code gets a ``nec:codeSeverity`` only where the code itself states a severity:

* substance use disorders (F10 to F19): F1x.10 (abuse, uncomplicated) is mild; every code below F1x.2 (dependence) is
  moderate or severe, unless it, or one below it, is in remission;
* mood disorders (F30 to F33): what the title says, if it names exactly one degree ("mild or moderate" names two);
* nothing else: no remission code, no category whose codes differ, and no disorder outside these categories.

A code whose own title says that the disorder is in remission gets a ``nec:codeRemission``: partial, full, or not told which.
"""

import re
import sys
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import simple_icd_10_cm as icd

SCHEME = "http://hl7.org/fhir/sid/icd-10-cm"
OUTPUT = Path(__file__).with_name("icd10cm.ttl")

DISORDERS = "F01-F99"
"""The chapter whose codes are all listed."""
CIRCUMSTANCES = "Z55-Z65"
"""The block whose codes are all listed."""
TITLE = re.compile(r"(.*) \((\w{3}-\w{3})\)")
"""How the package writes the title of a chapter or a block: with its range."""

STATED = ("F30", "F31", "F32", "F33")
"""Categories whose titles state the severity of the present episode."""
DEGREES = {"mild": "nec:Mild", "moderate": "nec:Moderate", "severe": "nec:Severe"}

REMISSION = re.compile(r"\bin (?:(partial|full) )?remission\b", re.IGNORECASE)
REMISSIONS = {"partial": "nec:InPartialRemission", "full": "nec:InFullRemission", None: "nec:InRemission"}

HEADER = """\
# Written by build_icd10cm.py; do not edit.
@prefix icd10cm: <{scheme}/> .
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://w3id.org/necessity/icd10cm> a owl:Ontology ;
    owl:versionIRI <https://w3id.org/necessity/icd10cm/{issued}> ;
    owl:versionInfo "ICD-10-CM {version}, release of {issued}" ;
    owl:imports <https://w3id.org/necessity/core> ;
    dcterms:title "ICD-10-CM: mental, behavioral and neurodevelopmental disorders, and socioeconomic circumstances"@en ;
    dcterms:description "The chapters of ICD-10-CM, and all codes of chapter F01-F99 and block Z55-Z65, as SKOS concepts, with the \
severity or remission that a code itself states. ICD-10-CM is a work of the United States government and in the \
public domain; the codes and titles are unchanged, the severities and remissions are the \
project's."@en ;
    dcterms:creator "The Necessity project" ;
    dcterms:publisher "National Center for Health Statistics and Centers for Medicare & Medicaid Services (NCHS/CMS)" ;
    dcterms:license <https://creativecommons.org/publicdomain/mark/1.0/> ;
    dcterms:source "ICD-10-CM Tabular List {version}, release of {issued}, as packaged in simple-icd-10-cm" ;
    dcterms:issued "{issued}"^^xsd:date .

<{scheme}> a skos:ConceptScheme ; skos:prefLabel "ICD-10-CM"@en .

"""


def release() -> tuple[str, str]:
    """The fiscal year of the packaged tabular list and its date of release, both as the package's data state them."""
    (tabular,) = (item for item in files("simple_icd_10_cm.data").iterdir() if item.name.endswith(".xml"))
    found = re.search(r"tabular-([A-Z][a-z]+)-(\d{1,2})-(\d{4})\.xml$", tabular.name)
    version = re.search(rb"<version>(\d{4})</version>", tabular.read_bytes()[:1000])
    if found is None or version is None:
        raise SystemExit(f"cannot tell the release of {tabular.name}; the package names its files in a new way")
    return version[1].decode(), datetime.strptime("-".join(found.groups()), "%B-%d-%Y").date().isoformat()


def severity(code: str) -> str | None:
    """The severity that a code itself states, as a Turtle name; None where it states none."""
    below = [code, *icd.get_descendants(code)]
    if any("remission" in icd.get_description(one).lower() for one in below):
        return None
    if re.fullmatch(r"F1\d\.10", code):
        return "nec:Mild"
    if re.fullmatch(r"F1\d\.2.+", code):
        return "nec:ModerateOrSevere"
    named = {word for word in DEGREES if re.search(rf"\b{word}\b", icd.get_description(code), re.IGNORECASE)}
    return DEGREES[named.pop()] if code.startswith(STATED) and len(named) == 1 else None


def remission(code: str) -> str | None:
    """How far a code's own title says that the disorder has remitted, as a Turtle name; None where it says nothing."""
    said = REMISSION.search(icd.get_description(code))
    return REMISSIONS[said[1] and said[1].lower()] if said else None


def title(code: str) -> tuple[str, str]:
    """Notation and label of a code. The package calls a block by its range and a chapter by its number."""
    ranged = TITLE.fullmatch(icd.get_description(code)) if icd.is_chapter(code) or "-" in code else None
    return (ranged[2], ranged[1]) if ranged else (code, icd.get_description(code))


def concept(code: str, broader: str | None) -> str:
    """One concept on one line."""
    notation, label = title(code)
    label = label.replace("\\", "\\\\").replace('"', '\\"')
    line = f'icd10cm:{notation} a skos:Concept ; skos:notation "{notation}" ; skos:prefLabel "{label}"@en'
    if broader is not None:
        line += f" ; skos:broader icd10cm:{broader}"
    if re.match(r"F\d\w(\.\w+)?$", notation):
        stated = severity(code)
        line += f" ; nec:codeSeverity {stated}" if stated else ""
        remitted = remission(code)
        line += f" ; nec:codeRemission {remitted}" if remitted else ""
    return f"{line} ; skos:inScheme <{SCHEME}> .\n"


def concepts(code: str, broader: str | None = None) -> list[str]:
    """A code and all below it that is listed, in the order of the tabular list."""
    notation = title(code)[0]
    lines = [concept(code, broader)]
    for child in icd.get_children(code):
        if broader is not None or notation == DISORDERS or child == CIRCUMSTANCES:
            lines += concepts(child, notation)
    return lines


def build() -> str:
    """The whole file."""
    version, issued = release()
    header = HEADER.format(scheme=SCHEME, version=version, issued=issued)
    chapters = [code for code in icd.get_all_codes() if icd.is_chapter(code)]
    return header + "".join(line for chapter in chapters for line in concepts(chapter))


if __name__ == "__main__":
    text = build()
    OUTPUT.write_text(text, encoding="utf-8", newline="\n")
    sys.stderr.write(f"{OUTPUT}: {text.count('skos:notation')} concepts\n")
