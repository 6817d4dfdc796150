"""The commands `m2v-fast run` and `m2v-fast compat`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from typing import NoReturn

import click

from m2v_fast.compat import switch
from m2v_fast.compat.hook import stands_aside

#: What shells answer for a command that is not there, and for one that cannot be run.
_NOT_FOUND, _NOT_RUN = 127, 126


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...]) -> None:
    """Run COMMAND with compat on, in it and in the Python processes that it starts.

    \b
        m2v-fast run python app.py --port 8000
        m2v-fast run -- gunicorn app:main

    Models that model2vec.StaticModel.from_pretrained loads are then native, and so is pymilvus'
    Model2VecEmbeddingFunction. Nothing is installed: a folder is put on PYTHONPATH (so `python -I`
    and `-E`, which do not look there, run as they would without). M2V_FAST_COMPAT=0 in the
    environment switches it off. Exit code and signals are those of COMMAND.
    """
    environment = dict(os.environ)
    switch.on_for_children(environment)
    try:
        _become(list(command), environment)
    except FileNotFoundError:
        hint = ""
        if command[0].endswith(".py"):
            hint = f'; to run a program in Python: "m2v-fast run python {command[0]}"'
        _fail(f"{command[0]}: no such command{hint}", _NOT_FOUND)
    except OSError as error:
        _fail(f"{command[0]}: cannot be run: {error.strerror}", _NOT_RUN)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"m2v-fast run: {message}", err=True)
    raise SystemExit(code)


def _become(command: list[str], environment: dict[str, str]) -> NoReturn:
    if sys.platform == "win32":  # pragma: no cover - there, exec lets nobody wait for the program
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the console sends it to the program, too
        raise SystemExit(subprocess.call(command, env=environment))
    # Python ignores these, and a program that it becomes would go on ignoring them.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execvpe(command[0], command, environment)


@click.group()
def compat() -> None:
    """Have all programs of this environment use m2v_fast where they use model2vec, or not.

    \b
        m2v-fast compat status
    """


@compat.command()
@click.option("--user", is_flag=True, help="In the user's site-packages, for all their programs.")
def enable(user: bool) -> None:
    """Switch compat on for good, with a .pth file in site-packages.

    \b
        m2v-fast compat enable

    Python reads it at each start; M2V_FAST_COMPAT=0 in the environment of a program switches it
    off there. "m2v-fast run" does the same for one program and writes nothing.
    """
    folder = switch.for_good(user=user)
    try:
        path = switch.enable(user=user)
    except OSError as error:
        reason = error.strerror or str(error)
        advice = 'try --user, or start programs with "m2v-fast run"'
        raise click.ClickException(f"{folder} cannot be written to: {reason}; {advice}") from error
    click.echo(f"on: {path}")
    click.echo(f"model2vec: {_release()}")


@compat.command()
def disable() -> None:
    """Take back what "enable" did, and remove what an older release has left there.

    \b
        m2v-fast compat disable
    """
    removed = False
    for path in switch.disable():
        click.echo(f"removed: {path}")
        removed = True
    for found in switch.files():
        click.echo(f"left as it is, as it is not of m2v_fast: {found.path}", err=True)
    if not removed:
        click.echo("nothing to remove: compat is not enabled in this environment")


@compat.command()
def status() -> None:
    """Say whether compat is on, why, and for which model2vec.

    \b
        m2v-fast compat status
    """
    click.echo(f"compat     {_state()}")
    for found in switch.files():
        click.echo(f"file       {found.path}{_remark(found)}")
    if switch.by_path():
        click.echo(f"PYTHONPATH names {switch.STARTUP}")
    value = os.environ.get("M2V_FAST_COMPAT")
    if value is not None:
        click.echo(f"variable   M2V_FAST_COMPAT={value}")
    click.echo(f"model2vec  {_release()}")


def _state() -> str:
    if switch.on_here():
        return "on"
    if switch.is_off():
        return "off: M2V_FAST_COMPAT says so"
    return 'off; "m2v-fast run COMMAND" runs one program with it, "m2v-fast compat enable" all'


def _remark(found: switch.Found) -> str:
    if found.kind == "old":
        return " (left by an older m2v_fast; enable replaces it, disable removes it)"
    if found.kind == "unknown":
        return " (not of m2v_fast)"
    if found.folder != str(switch.STARTUP):
        return f" (of the m2v_fast in {found.folder}, not of this one)"
    return ""


def _release() -> str:
    if find_spec("model2vec") is None:
        return "not installed"
    reason = stands_aside()
    if reason is not None:
        return f"left as it is: {reason}"
    from model2vec.version import __version__

    return f"{__version__}, which compat knows"
