"""The commands that ask and serve: query, serve."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reasoner.cli import charts
from reasoner.cli import options as shared
from reasoner.cli.options import BaseLocation, Basis, Inputs, Method
from reasoner.cli.output import DONE, SOME, write, writer
from reasoner.ground.errors import UsageError

if TYPE_CHECKING:
    from reasoner.cli.options import Commands
    from reasoner.store.base import KnowledgeBase

FORMATS = ("text", "csv", "tsv", "json", "xml", "parquet", "turtle", "ntriples", "rdfxml", "jsonld")
_IN_MEMORY = 2**20
"""Bytes of an answer above which it is kept in a temporary file until it is whole."""


def add(commands: Commands) -> None:
    """Add the commands to the parser."""
    query = commands.add_parser(
        "query",
        help="ask a knowledge base, or charts, a question in SPARQL",
        examples=(
            "necessity query",
            "necessity query conflicts charts/ --format csv --out conflicts.csv",
            "necessity query worklist.rq --kb base",
        ),
    )
    query.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="query of the library, file, or - for standard input; without one the library is listed",
    )
    query.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_binding,
        help="the value of a parameter; may be repeated",
    )
    query.add_argument("--show", action="store_true", help="print the query with its parameters instead of asking it")
    query.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        help="text (default), csv, tsv, json, xml or parquet; of a graph turtle (default), ntriples, rdfxml or jsonld",
    )
    query.add_argument(
        "--raw",
        action="store_true",
        help="with csv: leave cells as they are that a spreadsheet would calculate, or a terminal obey",
    )
    shared.add_out(query)
    shared.add_review(query)
    shared.add_input(query, "*")
    shared.add_kb(query)
    query.set_defaults(run=_query)

    serve = commands.add_parser(
        "serve",
        help="serve a knowledge base by the SPARQL 1.1 Protocol",
        examples=("necessity serve --kb base", "necessity serve --kb base --port 8080 --timeout 10"),
    )
    serve.add_argument(
        "--kb",
        metavar="DIR",
        default=os.environ.get("NECESSITY_KB"),
        help="the directory of the knowledge base; default NECESSITY_KB",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at; default: this machine only")
    serve.add_argument("--port", type=int, default=7878, help="port to listen at; default 7878")
    serve.add_argument(
        "--writable", action="store_true", help="allow updates; requests are then answered one after the other"
    )
    serve.add_argument(
        "--workers",
        type=_positive,
        metavar="N",
        default=2,
        help="number of queries answered at the same time; default 2",
    )
    serve.add_argument(
        "--timeout", type=_positive, default=30, metavar="SECONDS", help="the longest a query may take; default 30"
    )
    serve.add_argument("--limit", type=_positive, default=1024, metavar="MIB", help="the largest answer; default 1024")
    serve.add_argument(
        "--memory", type=_positive, default=4096, metavar="MIB", help="the most memory a worker may use; default 4096"
    )
    serve.add_argument(
        "--origin",
        metavar="URL",
        action="append",
        default=[],
        type=_origin,
        help="a site whose pages may ask, as https://example.org; may be repeated; default: none",
    )
    serve.set_defaults(run=_serve)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _origin(text: str) -> str:
    """An origin as browsers write it: in lower case, and without the port that the scheme has anyway."""
    parts = urlsplit(text.lower())
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in origin or text.lower() != origin:
        raise argparse.ArgumentTypeError(f"{text!r} is no origin: give scheme and host, as https://example.org")
    return origin.removesuffix(":80" if parts.scheme == "http" else ":443")


def _binding(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _query(options: argparse.Namespace) -> int:
    import pyoxigraph as ox

    from reasoner.store.questions import Query, find, library, refuse_broken_xml, write_answer

    if not options.paths:
        shared.refuse(
            options, ("as_of", "config", "input_format", shared.REQUEST_FACTS), "is for charts, and none is named"
        )
    if options.name is None:
        shared.refuse(options, ("param", "show", "format", "out", "mode", "raw"), "is for a query, and none is named")
        width = max(len(name) for name in library())
        print("\n".join(f"{name.ljust(width)}  {query.title}" for name, query in library().items()))
        return DONE
    target = shared.output_of(options)
    query = Query("standard input", sys.stdin.read()) if options.name == "-" else find(options.name)
    text = query.bind(dict(options.param))
    if options.show:
        shared.refuse(options, ("format", "raw"), "is for answers, and --show prints the query")
        write(text, *target)
        return DONE
    rejected = 0
    if options.paths:
        if options.name == "-" and "-" in options.paths:
            raise UsageError("the query and a chart are both to come from standard input", mend="Write one to a file")
        kb, rejected = _transient(Inputs.of(options), Basis.of(options))
    else:
        kb = BaseLocation.of(options).open()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
        with kb:
            results = kb.query(text)
            form = options.format or ("text" if isinstance(results, ox.QuerySolutions | ox.QueryBoolean) else "turtle")
            if form != "csv":
                shared.refuse(options, ("raw",), "is for --format csv")
            write_answer(results, form, whole, text=text, prefixes=kb.register.prefixes_for(text), raw=options.raw)
        if "xml" in form:
            whole.seek(0)
            refuse_broken_xml(whole)
        whole.seek(0)
        with writer(*target) as stream:
            shutil.copyfileobj(whole, stream)
    return SOME if rejected else DONE


def _transient(inputs: Inputs, basis: Basis) -> tuple[KnowledgeBase, int]:
    """A knowledge base in memory of a policy, charts and their determinations, and how many charts were rejected."""
    from reasoner.determination.engine import DEFAULT_ENGINE
    from reasoner.store.base import KnowledgeBase

    method = Method(alternatives=True, engine=DEFAULT_ENGINE)
    determined = charts.determine(inputs, basis, method)
    kb = KnowledgeBase()
    kb.load_policy(basis.policy)
    for _, determinations in groupby(determined.determinations, key=lambda determination: determination.case.iri):
        of_case = list(determinations)
        kb.load_case(of_case[0].case)
        kb.record(of_case)
    return kb, determined.rejected


def _serve(options: argparse.Namespace) -> int:
    if not options.kb:
        raise UsageError("no knowledge base is named", mend="Give --kb DIR or set NECESSITY_KB")
    try:
        from reasoner.store import endpoint
    except ImportError as error:
        raise UsageError(f"{error.name} is not installed", mend="pip install 'necessity[serve]'") from None
    endpoint.serve(
        endpoint.EndpointSettings(
            directory=Path(options.kb),
            host=options.host,
            port=options.port,
            writable=options.writable,
            workers=options.workers,
            timeout=options.timeout,
            limit=options.limit * 2**20,
            memory=options.memory * 2**20,
            origins=tuple(options.origin),
            token=os.environ.get("NECESSITY_TOKEN", ""),
        )
    )
    return DONE
