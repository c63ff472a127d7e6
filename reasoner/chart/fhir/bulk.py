"""Bulk export of FHIR: newline-delimited JSON of any number of patients, one resource a line, separated by patient.

The lines are spooled to a temporary database on disk, so that only one patient is in memory. A resource belongs to the
patient to whom its ``subject``, ``patient``, ``beneficiary`` or ``individual`` refers, else to whom any of its references
does. Patients that ``Patient.link`` says were merged are one. A resource that belongs to no patient by itself, such as a
Practitioner or a Medication, is in the bundle of each patient whose resources lead to it; a ``urn:uuid:`` reference leads to the
resource with that id. What is in no bundle is reported, not dropped.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import IO

from reasoner.chart.fhir.from_json import parse
from reasoner.chart.fhir.references import references
from reasoner.chart.sources import called, opened
from reasoner.ground.errors import DocumentationError, UsageError
from reasoner.ground.temporary import TemporaryFolder
from reasoner.ground.urls import folder_of
from reasoner.rdf.parsing import MAX_BYTES

OWNERS = ("subject", "patient", "beneficiary", "individual")
"""The elements of a resource that say whose it is."""
_KEY = re.compile(r"(?:(.+)/)?([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/.*)?")
_MENTION = re.compile(rb"Patient/([A-Za-z0-9\-.]{1,64})")
_UUID = re.compile(r"urn:uuid:([A-Za-z0-9\-.]{1,64})", re.IGNORECASE)
_LINKS = frozenset({"replaced-by", "replaces"})
_PATIENT, _BUNDLE = "Patient", "Bundle"
_SCHEMA = """
CREATE TABLE resource (id INTEGER PRIMARY KEY, key TEXT, uuid TEXT, patient TEXT, place TEXT, line BLOB);
CREATE TABLE leads (id INTEGER, key TEXT);
CREATE TABLE base (key TEXT PRIMARY KEY, url TEXT) WITHOUT ROWID;
CREATE TABLE broken (patient TEXT, problem TEXT, place TEXT, mend TEXT);
CREATE TABLE merged (former TEXT, current TEXT);
"""
_INDEXES = """
CREATE INDEX by_key ON resource (key);
CREATE INDEX by_uuid ON resource (uuid);
CREATE INDEX by_target ON leads (key);
CREATE INDEX by_patient ON resource (patient);
CREATE INDEX by_id ON leads (id);
CREATE INDEX by_broken ON broken (patient);
CREATE TABLE reached (id INTEGER PRIMARY KEY);
CREATE TABLE known (id TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT OR IGNORE INTO known SELECT patient FROM resource WHERE key = 'Patient/' || patient;
"""
_LEADS_TO = """
WITH RECURSIVE further (id) AS (
  SELECT other.id FROM resource AS own JOIN leads ON leads.id = own.id
    JOIN resource AS other ON other.key = leads.key OR other.uuid = leads.key
    WHERE own.patient = :patient AND other.patient IS NULL
  UNION
  SELECT other.id FROM further JOIN leads ON leads.id = further.id
    JOIN resource AS other ON other.key = leads.key OR other.uuid = leads.key
    WHERE other.patient IS NULL
)
SELECT id FROM further
"""


@dataclass(frozen=True)
class PatientRecord:
    """What an export holds of one patient."""

    source: str
    """What to call it in errors: the export and the patient."""
    bundle: bytes = field(default=b"", repr=False)
    """A FHIR Bundle, in one line."""
    places: tuple[str, ...] = ()
    """File and line of each of its entries."""
    error: DocumentationError | None = None
    """Why there is no bundle."""


@dataclass(frozen=True)
class Orphan:
    """A resource of an export that is in no patient's record."""

    place: str
    kind: str
    reason: str


def notes_on(orphans: Iterable[Orphan]) -> tuple[str, ...]:
    """A note for each type of resource and reason."""
    places: dict[tuple[str, str], list[str]] = {}
    for orphan in orphans:
        places.setdefault((orphan.kind, orphan.reason), []).append(orphan.place)
    return tuple(
        f"{kind}: {len(those)} not used: {reason}, such as {those[0]}" for (kind, reason), those in places.items()
    )


def beginning(stream: IO[bytes]) -> bytes:
    """The lines of a stream up to the first that is not empty."""
    begun = bytearray()
    while line := stream.readline(MAX_BYTES):
        begun += line
        if line.strip():
            break
    return bytes(begun)


def is_bulk(first_line: bytes) -> bool:
    """Whether a stream of lines that begins with one is a bulk export: the line is a resource, and no Bundle."""
    try:
        resource = parse(first_line.strip(), "")
    except DocumentationError:
        return False
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return isinstance(kind, str) and kind != _BUNDLE


def records(files: Iterable[str], source: str | None = None) -> Iterator[PatientRecord | Orphan]:
    """The patients' records of a bulk export in the order of their ids, then what is in none of them.

    Args:
        files: paths of all files of the export, such as ``Patient.ndjson`` and ``Condition.000.ndjson``.
        source: what to call the export in errors; by default the folder that the first file is in.

    Raises:
        DocumentationError: a file cannot be read.
    """
    names = list(files)
    source = source or called(folder_of(names[0]) if len(names) > 1 else names[0])
    yield from _records(_opened(names), source)


def records_of(stream: IO[bytes], source: str, first: bytes = b"") -> Iterator[PatientRecord | Orphan]:
    """The same of one stream of lines, such as standard input, of which the first line may have been read."""
    yield from _records([(source, stream)], source, first)


def _opened(names: Iterable[str]) -> Iterator[tuple[str, IO[bytes]]]:
    for name in names:
        with opened(name) as stream:
            yield called(name), stream


def _records(
    streams: Iterable[tuple[str, IO[bytes]]], source: str, first: bytes = b""
) -> Iterator[PatientRecord | Orphan]:
    with (
        _kept(),
        TemporaryFolder() as folder,
        closing(sqlite3.connect(f"{folder}/spool", isolation_level=None)) as spool,
    ):
        spool.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
        spool.execute("BEGIN")
        for name, stream in streams:
            for number, line in enumerate(chain(first.splitlines(keepends=True), _lines(stream)), 1):
                _spool(spool, line, f"{name}, line {number}")
        spool.execute("COMMIT")
        spool.executescript(_INDEXES)
        _join(spool)
        patients = spool.execute("SELECT id FROM known ORDER BY id")
        for (patient,) in patients:
            yield _record(spool, patient, source)
        yield from _rest(spool, source)


@contextmanager
def _kept() -> Iterator[None]:
    """Tell where there is no room for what is put down meanwhile."""
    try:
        yield
    except sqlite3.Error as error:
        mend = "Free space, or set TMPDIR"
        raise UsageError(f"the input cannot be kept: {error}", where=tempfile.gettempdir(), mend=mend) from error


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines, those that are too long cut off."""
    while line := stream.readline(MAX_BYTES + 1):
        yield line
        while len(line) > MAX_BYTES and not line.endswith(b"\n") and (line := stream.readline(MAX_BYTES + 1)):
            pass


def _spool(spool: sqlite3.Connection, line: bytes, place: str) -> None:
    line = line.removeprefix(b"\xef\xbb\xbf").strip()
    if not line:
        return
    try:
        if len(line) > MAX_BYTES:
            raise DocumentationError(f"a resource is larger than {MAX_BYTES // 2**20} MiB", where=place)
        resource = parse(line, place)
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise DocumentationError("a line is not a FHIR resource", where=place, mend="Write one resource a line")
        if not f"{resource['resourceType']}{resource.get('id')}".isascii():
            raise DocumentationError("a resource has a type or id with letters that FHIR does not allow", where=place)
        if resource["resourceType"] == _BUNDLE:
            raise DocumentationError(
                "a line is a Bundle among resources", where=place, mend="Give Bundles by themselves"
            )
    except DocumentationError as error:
        mentioned = {match.decode() for match in _MENTION.findall(line)} or {None}
        spool.executemany(
            "INSERT INTO broken VALUES (?, ?, ?, ?)",
            [(patient, error.problem, error.where.replace(": line 1, ", ", "), error.mend) for patient in mentioned],
        )
        return
    kind, id_ = resource["resourceType"], resource.get("id")
    key = f"{kind}/{id_}" if isinstance(id_, str) else kind
    leads: set[str] = set()
    patients: set[str] = set()
    for reference in references({name: value for name, value in resource.items() if name != "contained"}):
        _lead(spool, reference, leads, patients)
    if "contained" in resource:
        for reference in references(resource["contained"]):
            _lead(spool, reference, leads, set())
    owners: set[str] = set()
    for element in OWNERS:
        value = resource.get(element)
        for owner in (value,) if isinstance(value, dict) else value if isinstance(value, list) else ():
            stated = owner.get("reference") if isinstance(owner, dict) else None
            if not isinstance(stated, str):
                continue
            if match := _UUID.fullmatch(stated):  # it states no type, but an owner is a Patient
                owners.add(match[1])
                spool.execute("INSERT OR IGNORE INTO base VALUES (?, ?)", (f"{_PATIENT}/{match[1]}", stated))
            elif (match := _KEY.fullmatch(stated)) and match[2] == _PATIENT:
                owners.add(match[3])
    whose: set[str | None] = {id_} if kind == _PATIENT and isinstance(id_, str) else set(owners or patients) or {None}
    if kind == _PATIENT and isinstance(id_, str):
        spool.executemany("INSERT INTO merged VALUES (?, ?)", _merges(id_, resource.get("link")))
    uuid = f"urn:uuid:{id_.lower()}" if isinstance(id_, str) else None
    for patient in whose:
        row = (key, uuid, patient, place, line)
        added = spool.execute(
            "INSERT INTO resource (key, uuid, patient, place, line) VALUES (?, ?, ?, ?, ?)", row
        ).lastrowid
        spool.executemany("INSERT INTO leads VALUES (?, ?)", [(added, other) for other in leads])


def _lead(spool: sqlite3.Connection, reference: str, leads: set[str], patients: set[str]) -> None:
    if not (match := _KEY.fullmatch(reference)):
        if _UUID.fullmatch(reference):
            leads.add(reference.lower())
        return
    key = f"{match[2]}/{match[3]}"
    leads.add(key)
    if match[2] == _PATIENT:
        patients.add(match[3])
    if match[1]:
        spool.execute("INSERT OR IGNORE INTO base VALUES (?, ?)", (key, f"{match[1]}/{key}"))


def _merges(id_: str, links: object) -> Iterator[tuple[str, str]]:
    """The patients that a Patient says were merged: the one that was replaced, and the one that replaces it."""
    for link in links if isinstance(links, list) else ():
        if not isinstance(link, dict) or link.get("type") not in _LINKS or not isinstance(link.get("other"), dict):
            continue
        stated = link["other"].get("reference")
        match = _KEY.fullmatch(stated) if isinstance(stated, str) else None
        if match and match[2] == _PATIENT:
            yield (match[3], id_) if link["type"] == "replaces" else (id_, match[3])


def _join(spool: sqlite3.Connection) -> None:
    """Make one record of patients that were merged, named after the one that replaces the others."""
    pairs = spool.execute(
        "SELECT former, current FROM merged WHERE former IN (SELECT id FROM known) AND current IN (SELECT id FROM known)"
    ).fetchall()
    groups: dict[str, set[str]] = {}
    for pair in pairs:
        group = groups.get(pair[0], {pair[0]}) | groups.get(pair[1], {pair[1]})
        groups |= dict.fromkeys(group, group)
    formers = {former for former, _ in pairs}
    for group in {min(group): group for group in groups.values()}.values():
        name = min(group - formers or group)
        for other in group - {name}:
            spool.execute("UPDATE resource SET patient = ? WHERE patient = ?", (name, other))
            spool.execute("UPDATE broken SET patient = ? WHERE patient = ?", (name, other))
            spool.execute("DELETE FROM known WHERE id = ?", (other,))
        spool.execute(
            "DELETE FROM resource WHERE patient = ? "
            "AND id NOT IN (SELECT min(id) FROM resource WHERE patient = ? GROUP BY place)",
            (name, name),
        )


def _record(spool: sqlite3.Connection, patient: str, called: str) -> PatientRecord:
    source = f"{called}, Patient/{patient}"
    broken = spool.execute(
        "SELECT problem, place, mend FROM broken WHERE patient = ? ORDER BY place", (patient,)
    ).fetchone()
    if broken:
        problem, place, mend = broken
        problem = f"the record has a line that cannot be read: {problem}"
        return PatientRecord(source, error=DocumentationError(problem, where=f"{source} ({place})", mend=mend))
    shared = [row[0] for row in spool.execute(_LEADS_TO, {"patient": patient})]
    spool.executemany("INSERT OR IGNORE INTO reached VALUES (?)", [(id_,) for id_ in shared])
    rows = spool.execute(
        "SELECT key, uuid, place, line FROM resource WHERE patient = ? ORDER BY id", (patient,)
    ).fetchall()
    for id_ in sorted(shared):
        rows += spool.execute("SELECT key, uuid, place, line FROM resource WHERE id = ?", (id_,))
    entries, size = [], 0
    for key, uuid, _, line in rows:
        base = (
            spool.execute("SELECT url FROM base WHERE key = ?", (key,)).fetchone()
            or spool.execute("SELECT key FROM leads WHERE key = ? LIMIT 1", (uuid,)).fetchone()
        )
        url = b'"fullUrl":%s,' % json.dumps(base[0]).encode() if base else b""
        entries.append(b'{%s"resource":%s}' % (url, line))
        size += len(line)
        if size > MAX_BYTES:
            problem = f"the record of the patient is larger than {MAX_BYTES // 2**20} MiB"
            return PatientRecord(source, error=DocumentationError(problem, where=source))
    data = b'{"resourceType":"Bundle","type":"collection","entry":[%s]}' % b",".join(entries)
    return PatientRecord(source, data, tuple(place for _, _, place, _ in rows))


def _rest(spool: sqlite3.Connection, called: str) -> Iterator[PatientRecord | Orphan]:
    """What is in no record: lines that cannot be read and name no patient known, and orphans."""
    for problem, place, mend in spool.execute(
        "SELECT DISTINCT problem, place, mend FROM broken WHERE patient IS NULL OR patient NOT IN (SELECT id FROM known)"
    ):
        problem = f"{problem}; whose record it belongs to is not known"
        yield PatientRecord(f"{called}, no patient", error=DocumentationError(problem, where=place, mend=mend))
    for key, patient, place in spool.execute(
        "SELECT key, patient, place FROM resource WHERE (patient IS NULL AND id NOT IN (SELECT id FROM reached)) "
        "OR patient NOT IN (SELECT id FROM known) ORDER BY id"
    ):
        reason = (
            f"the export has no Patient/{patient}" if patient else "it refers to no patient, and no record leads to it"
        )
        yield Orphan(place, key.partition("/")[0], reason)
