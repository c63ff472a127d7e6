"""The commands of the workplace: ``app`` and ``audit``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli import options as shared
from reasoner.cli.options import BaseLocation
from reasoner.cli.output import DONE, NOTHING
from reasoner.ground.errors import UsageError

if TYPE_CHECKING:
    from reasoner.cli.options import Commands
    from reasoner.store.audit import AuditTrail


def add(commands: Commands) -> None:
    """Add the subcommands."""
    app = commands.add_parser(
        "app",
        help="open the reviewer's workplace in the browser",
        examples=(
            "necessity app --kb base",
            "necessity app --kb base --host 0.0.0.0 --auth sign-in.toml --settings settings.toml",
        ),
    )
    app.add_argument(
        "--workplace",
        metavar="DIR",
        type=Path,
        help="the folder of drafts, and of the audit trail if the base is behind an endpoint; default KB/workplace",
    )
    app.add_argument(
        "--settings",
        metavar="FILE",
        type=Path,
        help="turnaround rules, what letters say, roles and limits, as TOML; default app/settings.toml",
    )
    app.add_argument(
        "--auth", metavar="FILE", type=Path, help="sign-in with an OpenID Connect provider: TOML with the table [auth]"
    )
    app.add_argument("--host", default="127.0.0.1", help="address to listen at; default: this machine only")
    app.add_argument("--port", type=int, default=8501, help="port to listen at; default 8501")
    shared.add_config(app)
    shared.add_kb(app)
    app.set_defaults(run=_app)
    audit = commands.add_parser(
        "audit",
        help="list and verify the audit trail of a knowledge base and its workplace",
        examples=("necessity audit verify --kb base",),
    )
    actions = audit.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser(
        "verify",
        help="check each entry against its digest and that of the one before it",
        examples=("necessity audit verify --kb base", "necessity audit verify --kb base --head DIGEST"),
    )
    verify.add_argument("--head", metavar="DIGEST", help="a digest that was noted earlier and has to be in the trail")
    verify.set_defaults(run=_verify)
    listing = actions.add_parser(
        "list",
        help="print the entries, one JSON object per line",
        examples=("necessity audit list --kb base > trail.jsonl",),
    )
    listing.set_defaults(run=_list)
    for parser in (verify, listing):
        parser.add_argument(
            "--workplace",
            metavar="DIR",
            type=Path,
            help="the folder of the audit trail, if the knowledge base is behind an endpoint",
        )
        shared.add_kb(parser)


def _app(options: argparse.Namespace) -> int:
    from reasoner.ground import resources
    from reasoner.store.protocol import LOOPBACK
    from reasoner.workplace.settings import read_settings, workplace_folder

    base = BaseLocation.of(options)
    if options.host not in LOOPBACK and not options.auth:
        raise UsageError(
            f"{options.host} can be reached from other machines",
            mend="Give --auth, so that people sign in, and put a server that speaks TLS before it",
        )
    if options.settings:
        read_settings(options.settings)
    for path in (options.auth, options.config, options.originals_key):
        if path and not path.is_file():
            raise UsageError("there is no such file", where=str(path))
    settings = {
        "NECESSITY_KB": base.location,
        "NECESSITY_KB_UPDATE": base.update_url,
        "NECESSITY_WORKPLACE": workplace_folder(base.location, options.workplace),
        "NECESSITY_SETTINGS": options.settings and options.settings.resolve(),
        "NECESSITY_SECRETS": options.auth and options.auth.resolve(),
        "NECESSITY_CONFIG": options.config and options.config.resolve(),
        "NECESSITY_ORIGINALS_KEY": options.originals_key and options.originals_key.resolve(),
        "NECESSITY_POLICY": options.policy,
        "NECESSITY_POLICIES": options.policies,
        "NECESSITY_CODES": options.codes,
        "NECESSITY_APP_HOST": options.host,
    }
    environment = {name: value for name, value in os.environ.items() if name not in settings}
    environment |= {name: str(value) for name, value in settings.items() if value}
    program = [sys.executable, str(resources.APP / "server.py"), "--host", options.host, "--port", str(options.port)]
    sys.stdout.flush()
    os.execve(program[0], program, environment)  # noqa: S606 - the program is this Python with a file of ours
    return DONE


def _trail(location: str, folder: Path | None) -> AuditTrail:
    """The audit trail of the base, or where that is behind an endpoint, of the workplace; raises `UsageError` if there is none."""
    from reasoner.store.audit import FILE, AuditTrail
    from reasoner.workplace.settings import workplace_folder

    path = workplace_folder(location, folder) / FILE
    if location and "://" not in location and (Path(location) / FILE).is_file():
        path = Path(location) / FILE
    if not path.is_file():
        raise UsageError("there is no audit trail", where=str(path), mend="`necessity kb init` begins one")
    return AuditTrail(path)


def _verify(options: argparse.Namespace) -> int:
    trail = _trail(options.kb or "", options.workplace)
    problems = trail.verify(options.head)
    for problem in problems:
        print(problem)
    if not problems:
        entries = list(trail.entries())
        print(f"all {len(entries)} entries follow on one another; the last has the digest {trail.head()}")
    return NOTHING if problems else DONE


def _list(options: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    for entry in _trail(options.kb or "", options.workplace).entries():
        print(json.dumps(asdict(entry), ensure_ascii=False))
    return DONE
