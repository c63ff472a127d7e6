"""The library of competency questions, their parameters, and answers as tables."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import pyoxigraph as ox

from reasoner.ground import resources
from reasoner.ground.display import escaped, guarded, plain
from reasoner.ground.errors import QueryError, UsageError
from reasoner.store.backends import QueryResults

if TYPE_CHECKING:
    import pandas

_XSD = "http://www.w3.org/2001/XMLSchema#"
TABLE_FORMATS = {
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
}
"""The standard formats of the answer to a SELECT or ASK query."""
GRAPH_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
"""The formats of the answer to a CONSTRUCT or DESCRIBE query."""
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
"""What a variable can be bound to."""

_Item = TypeVar("_Item")
_COMMENT = re.compile(r"^#\+ *(title|purpose|parameter|column) *(.*)$", re.MULTILINE)
_NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""Finds, in UTF-8, the characters that XML 1.0 does not have; a store writes them as they are."""
_PREFIX = re.compile(r"^\s*PREFIX\s+([\w-]*:)\s*<([^>]*)>", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Parameter:
    """A value that a query takes; its default is in the query's text, with ``UNDEF`` for any value."""

    name: str
    kind: str
    """integer, decimal, boolean, date, string or iri."""
    help: str
    default: str


@dataclass(frozen=True)
class Query:
    """A SPARQL query. Those of the library say in comments what they answer, and with which columns.

    A comment that begins with ``#+`` is a ``title``, a ``purpose``, a ``column NAME: meaning`` or a
    ``parameter NAME KIND: meaning``. A parameter's default is the one value of ``VALUES ?NAME { … }`` in the text,
    so the text as it stands runs on any SPARQL 1.1 engine.
    """

    name: str
    text: str

    @cached_property
    def title(self) -> str:
        """The question it answers."""
        return next(iter(self._comments("title")), self.name)

    @cached_property
    def purpose(self) -> str:
        """What the answer is used for."""
        return " ".join(self._comments("purpose"))

    @cached_property
    def columns(self) -> dict[str, str]:
        """The names of the columns, in order, with their meaning."""
        columns = {}
        for comment in self._comments("column"):
            name, _, meaning = comment.partition(":")
            columns[name] = meaning.strip()
        return columns

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name; raises `QueryError` for one without kind or default."""
        parameters = {}
        for comment in self._comments("parameter"):
            head, _, meaning = comment.partition(":")
            name, _, kind = head.partition(" ")
            match = _default(name).search(self.text)
            if match is None or kind.strip() not in _KINDS:
                raise QueryError(
                    f"the parameter {name} has no kind or no default",
                    where=self.name,
                    mend=f"Write {name} KIND: meaning, one of {', '.join(_KINDS)}, and VALUES ?{name} {{ default }}",
                )
            parameters[name] = Parameter(name, kind.strip(), meaning.strip(), match[2].strip())
        return parameters

    def bind(self, values: Mapping[str, str]) -> str:
        """The text with values in place of the defaults; an empty value means any.

        Raises:
            UsageError: the query has no such parameter, or the value is not of its kind.
        """
        text = self.text
        for name, value in values.items():
            parameter = self.parameters.get(name)
            if parameter is None:
                names = ", ".join(self.parameters) or "none"
                raise UsageError(f"the query has no parameter {name!r}", where=self.name, mend=f"It has: {names}")
            term = _term(parameter, value).replace("\\", r"\\")
            text = _default(name).sub(rf"\g<1> {term} \g<3>", text)
        return text

    def _comments(self, key: str) -> list[str]:
        """The text of each comment with a key."""
        return [match[2].lstrip(": ").strip() for match in _COMMENT.finditer(self.text) if match[1] == key]


@lru_cache(maxsize=4)
def library(folder: Path = resources.QUERIES) -> Mapping[str, Query]:
    """The queries of a folder by name, in the order of their names."""
    return {path.stem: Query(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.rq"))}


def find(name: str) -> Query:
    """A query of the library by its name, or the one in a file; raises `UsageError` if there is neither."""
    if name in library():
        return library()[name]
    path = Path(name)
    try:
        return Query(path.stem, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            "there is no query of this name, and no such file", where=name, mend="`necessity query` lists the library"
        ) from None


class Answer:
    """The answer to a query, in memory.

    Args:
        results: the results of a store.
        text: the query; its prefixes shorten IRIs in a table for people.
        prefixes: prefixes that it uses and does not declare.
        limit: rows or triples to take at most; `truncated` says whether there were more.
    """

    def __init__(
        self,
        results: QueryResults,
        text: str = "",
        *,
        prefixes: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> None:
        self.truncated = False
        self.columns: tuple[str, ...] = ()
        self.rows: list[tuple[Term | None, ...]] = []
        self.triples: list[ox.Triple] | None = None
        self.truth: bool | None = None
        self._prefixes = {match[2]: match[1] for match in _PREFIX.finditer(text)}
        self._prefixes |= {iri: f"{prefix}:" for prefix, iri in (prefixes or {}).items()}
        if isinstance(results, ox.QuerySolutions):
            self.columns = tuple(variable.value for variable in results.variables)
            rows = (tuple(row[number] for number in range(len(self.columns))) for row in results)
            self.rows = self._take(rows, limit)
        elif isinstance(results, ox.QueryBoolean):
            self.truth = bool(results)
        else:
            self.triples = sorted(self._take(results, limit), key=str)

    def _take(self, items: Iterable[_Item], limit: int | None) -> list[_Item]:
        taken = list(items if limit is None else itertools.islice(items, limit + 1))
        self.truncated = limit is not None and len(taken) > limit
        return taken[:limit]

    def serialize(self, form: str, *, raw: bool = False) -> bytes:
        """The answer in a format: ``text``, ``parquet``, one of `TABLE_FORMATS` or of `GRAPH_FORMATS`.

        Args:
            form: the format.
            raw: whether cells of CSV stay as they are that a spreadsheet would calculate, or a terminal obey.

        Raises:
            UsageError: the format is for tables and the answer is a graph, or the reverse.
        """
        if self.triples is not None:
            if form not in GRAPH_FORMATS:
                raise UsageError(f"{form} holds no triples", mend=f"Choose one of: {', '.join(GRAPH_FORMATS)}")
            prefixes = {prefix.rstrip(":"): iri for iri, prefix in self._prefixes.items()}
            return ox.serialize(self.triples, format=GRAPH_FORMATS[form], prefixes=prefixes) or b""
        if form in GRAPH_FORMATS:
            raise UsageError(f"{form} holds no table", mend=f"Choose one of: text, parquet, {', '.join(TABLE_FORMATS)}")
        if form == "text":
            return self._to_text().encode()
        if form == "parquet":
            stream = io.BytesIO()
            self.to_pandas().to_parquet(stream, index=False)
            return stream.getvalue()
        if form == "csv" and not raw and self.truth is None:
            return b"".join(_harmless(self.columns, self.rows))
        return self._results().serialize(format=TABLE_FORMATS[form]) or b""

    def values(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python values: str, int, float, bool, date, datetime, or None where nothing is bound."""
        for row in self.rows:
            yield tuple(_value(term) for term in row)

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame, a column a variable; raises `UsageError` without pandas or a table."""
        if self.triples is not None:
            raise UsageError("a graph is no table", mend="Ask with SELECT")
        try:
            import pandas
        except ImportError:
            raise UsageError("pandas is not installed", mend="pip install 'necessity[tables]'") from None
        if self.truth is not None:
            return pandas.DataFrame({"answer": [self.truth]})
        return pandas.DataFrame(list(self.values()), columns=list(self.columns)).convert_dtypes()

    def _results(self) -> ox.QuerySolutions | ox.QueryBoolean:
        """The results again as pyoxigraph has them, for it to serialize."""
        if self.truth is not None:
            boolean = f'{{"head":{{}},"boolean":{str(self.truth).lower()}}}'
            return ox.parse_query_results(boolean, format=ox.QueryResultsFormat.JSON)
        head = "\t".join(f"?{name}" for name in self.columns)
        body = ("\t".join("" if term is None else str(term) for term in row) for row in self.rows)
        return ox.parse_query_results("\n".join([head, *body, ""]), format=ox.QueryResultsFormat.TSV)

    def _to_text(self) -> str:
        if self.truth is not None:
            return f"{'yes' if self.truth else 'no'}\n"
        table = [self.columns, *(tuple(self.shorten(term) for term in row) for row in self.rows)]
        widths = [max(len(row[number]) for row in table) for number in range(len(self.columns))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        count = f"{len(self.rows)} row{'' if len(self.rows) == 1 else 's'}"
        return "\n".join([*lines, "", count, ""])

    def shorten(self, term: Term | None) -> str:
        """A term as people read it, on one line, with the query's prefixes."""
        if term is None:
            return ""
        if isinstance(term, ox.NamedNode):
            for iri, prefix in self._prefixes.items():
                if term.value.startswith(iri) and "/" not in term.value[len(iri) :]:
                    return prefix + term.value[len(iri) :]
        return plain(getattr(term, "value", str(term)))


def write_answer(
    results: QueryResults,
    form: str,
    output: IO[bytes],
    *,
    text: str = "",
    prefixes: Mapping[str, str] | None = None,
    raw: bool = False,
) -> None:
    """Write what `Answer.serialize` gives; rows in a standard format one after the other, so that they take no memory.

    Args:
        results: the results of a store.
        form: the format.
        output: where to.
        text: the query.
        prefixes: prefixes that it uses and does not declare.
        raw: see `Answer.serialize`.

    Raises:
        UsageError: as `Answer.serialize`.
    """
    if form == "csv" and not raw and isinstance(results, ox.QuerySolutions):
        columns = tuple(variable.value for variable in results.variables)
        rows = (tuple(row[number] for number in range(len(columns))) for row in results)
        output.writelines(_harmless(columns, rows))
    elif form in TABLE_FORMATS and isinstance(results, ox.QuerySolutions | ox.QueryBoolean):
        results.serialize(output, format=TABLE_FORMATS[form])
    else:
        output.write(Answer(results, text, prefixes=prefixes).serialize(form, raw=raw))


def refuse_broken_xml(answer: IO[bytes]) -> None:
    """Raise `QueryError` for an answer in XML with characters that XML does not have, such as most control characters."""
    last = b""
    while piece := answer.read(2**20):
        if _NO_XML.search(last + piece):
            raise QueryError("the answer has a control character, which XML cannot hold", mend="Ask for JSON")
        last = piece[-2:]


def _harmless(columns: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> Iterator[bytes]:
    """The lines of CSV in which no cell is a formula or changes what a terminal shows."""
    line = io.StringIO(newline="")
    table = csv.writer(line, lineterminator="\r\n")  # SPARQL 1.1 Query Results CSV and TSV Formats, section 3
    written = ([guarded(escaped(_cell(term))) if term is not None else "" for term in row] for row in rows)
    for cells in itertools.chain([columns], written):
        table.writerow(cells)
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


_KINDS: dict[str, re.Pattern[str]] = {
    "integer": re.compile(r"[+-]?\d+"),
    "decimal": re.compile(r"[+-]?\d+(\.\d+)?"),
    "boolean": re.compile(r"true|false"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "string": re.compile(r".*", re.DOTALL),
    "iri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]+"),
}


def _term(parameter: Parameter, value: str) -> str:
    """A value as it is written in SPARQL; raises `UsageError` if it is not of the parameter's kind."""
    if not value:
        return "UNDEF"
    well_formed = bool(_KINDS[parameter.kind].fullmatch(value))
    if well_formed and parameter.kind == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            well_formed = False
    if not well_formed:
        raise UsageError(f"{parameter.name} is {value!r}, which is no {parameter.kind}", mend=parameter.help)
    if parameter.kind == "iri":
        return f"<{value}>"
    if parameter.kind == "string":
        return str(ox.Literal(value))
    return str(ox.Literal(value, datatype=ox.NamedNode(_XSD + parameter.kind)))


def _default(name: str) -> re.Pattern[str]:
    """Finds the default of a parameter, as the second group."""
    return re.compile(r"(VALUES\s+\?" + re.escape(name) + r"\s*\{)([^}]*)(\})", re.IGNORECASE)


def _cell(term: Term) -> str:
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else str(term)


def _value(term: Term | None) -> Any:
    if not isinstance(term, ox.Literal):
        return None if term is None else getattr(term, "value", str(term))
    kind = term.datatype.value.removeprefix(_XSD)
    convert = _PYTHON.get(kind, str)
    try:
        return convert(term.value)
    except ValueError:
        return term.value


_PYTHON: dict[str, Any] = {
    "integer": int,
    "decimal": float,
    "double": float,
    "float": float,
    "boolean": lambda text: text in ("true", "1"),
    "date": date.fromisoformat,
    "dateTime": datetime.fromisoformat,
}
