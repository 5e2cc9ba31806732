"""What went wrong, in the reader's language, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import streamlit as st

from rnnviz.choice import Domain, InvalidParameter, Known, OneOf, Pattern, Range, TupleOf
from rnnviz.jobs import Failure
from rnnviz.refusals import domain_in_words
from rnnviz.text import Text
from rnnviz.text.numbers import numeral


def say_refused(refused: list[InvalidParameter], text: Text) -> None:
    """Words of a link that were not honoured."""
    for error in refused:
        given = {"path": verbatim(error.path), "value": verbatim(error.value)}
        said = text("error.link", **given)
        said += " " + text("error.invalid_parameter", **given, domain=domain_in_words(error.domain, text))
        st.warning(said + (" " + text("error.link_near", near=error.near) if error.near else ""))


def verbatim(given: object) -> str:
    """A stranger's word within Markdown, letter by letter: a link must not put links or pictures on our page."""
    plain = repr(given)[1:-1] if isinstance(given, str) else str(given)
    return re.sub(r"([!-/:-@[-`{-~])", r"\\\1", plain)


def in_words(failure: Failure, text: Text) -> str:
    """One or two sentences: what happened and what would help."""
    detail: dict[str, Any] = dict(failure.detail)
    reason = str(detail.get("reason", failure.kind)) if failure.kind == "refused" else failure.kind
    if reason == "over_budget":
        detail |= {name: numeral(float(detail[name]), 2) for name in ("asked", "allowed")}
        detail["parameter"] = parameter_name(str(detail["parameter"]), text)
    if reason == "invalid_parameter":
        detail["domain"] = domain_in_words(domain_of(detail), text)
    if reason == "unreadable_content":
        return text(f"error.unreadable_content.{detail['content_reason']}", **detail)
    return text(f"error.{reason}", **detail)


def domain_of(detail: dict[str, Any]) -> Domain:
    """The domain that a worker's refusal described."""
    kind = {domain.__name__: domain for domain in (Range, OneOf, Pattern, Known, TupleOf)}[detail["domain"]]
    return kind(**{field.name: detail[field.name] for field in fields(kind)})


def parameter_name(path: str, text: Text) -> str:
    return text(f"parameter.{path.rpartition('.')[2]}.label")
