"""`rnnviz runs …`: the words of each command; what they do is in runs.py."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import typer

from rnnviz.command.runs import SORTS, STATES, export, found, line, list_runs, show, take_in
from rnnviz.command.training import rerun
from rnnviz.store import Store
from rnnviz.text import LANGUAGES, Text

Answering = Callable[[str], AbstractContextManager[None]]  # of the language that was asked for


def commands(text: Text, answering: Answering) -> typer.Typer:
    """`rnnviz runs …`. The store is opened by a command and not before."""
    app = typer.Typer(help=text("runs.help"), no_args_is_help=True, rich_markup_mode=None)
    key_argument = typer.Argument(metavar="KEY", help=text("runs.key"))
    file_argument = typer.Argument(metavar="FILE")
    title_argument = typer.Argument(None, metavar="TITLE")
    words_argument = typer.Argument(metavar="KEY=VALUE", help=text("runs.rerun_words"))
    out_option = typer.Option(help=text("command.out", formats="nc"))
    containing_option = typer.Option("", help=text("runs.containing"))
    state_option = typer.Option([], help=text("runs.state", states=", ".join(STATES)))
    sort_option = typer.Option("changed", help=text("runs.sort", sorts=", ".join(SORTS)))
    deleted_option = typer.Option(False, "--deleted", help=text("runs.deleted"))
    tags_option = typer.Option(None, help=text("runs.tags"))
    note_option = typer.Option(None, help=text("runs.note"))
    language_option = typer.Option("en", help=text("command.language", languages=", ".join(LANGUAGES)))

    @app.command("list", help=text("runs.list"))
    def list_them(
        containing: str = containing_option,
        state: list[str] = state_option,
        sort: str = sort_option,
        deleted: bool = deleted_option,
        language: str = language_option,
    ) -> None:
        with answering(language):
            list_runs(Store(), containing, state, sort, deleted, text)

    @app.command("show", help=text("runs.show"))
    def show_one(key: str = key_argument, language: str = language_option) -> None:
        with answering(language):
            show(found(Store(), key), text)

    @app.command("rerun", help=text("runs.rerun"))
    def rerun_one(
        key: str = key_argument,
        words: list[str] = words_argument,
        language: str = language_option,
    ) -> None:
        with answering(language):
            rerun(found(Store(), key), words, text)

    @app.command("export", help=text("runs.export"))
    def export_one(
        key: str = key_argument,
        out: Path = out_option,
        language: str = language_option,
    ) -> None:
        with answering(language):
            store = Store()
            export(store, found(store, key), out, text)

    @app.command("import", help=text("runs.import"))
    def import_one(file: Path = file_argument, language: str = language_option) -> None:
        with answering(language):
            take_in(Store(), file, text)

    @app.command("name", help=text("runs.name"))
    def name_one(
        key: str = key_argument,
        title: str = title_argument,
        tags: str = tags_option,
        note: str = note_option,
        language: str = language_option,
    ) -> None:
        with answering(language):
            store = Store()
            named = store.name(found(store, key).key, title, tags=None if tags is None else tags.split(","), note=note)
            print(line(named, text) if named else "")

    @app.command("delete", help=text("runs.delete"))
    def delete_one(key: str = key_argument, language: str = language_option) -> None:
        with answering(language):
            store = Store()
            run = found(store, key)
            store.delete(run.key)
            print(text("runs.was_deleted", key=run.key))

    @app.command("undelete", help=text("runs.undelete"))
    def undelete_one(key: str = key_argument, language: str = language_option) -> None:
        with answering(language):
            store = Store()
            back = store.undelete(found(store, key).key)
            print(line(back, text) if back else "")

    @app.command("check", help=text("runs.check"))
    def check_all(language: str = language_option) -> None:
        with answering(language):
            store = Store()
            damaged = store.check()
            for key in damaged:
                print(text("runs.damage.file", name=key, aside=store.aside))
            print(text("runs.checked", count=len(store.runs()), damaged=len(damaged)))

    return app
