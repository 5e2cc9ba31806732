"""A refusal of the engine, of a choice or of a file, in the reader's language: what was expected, and what is near."""

from __future__ import annotations

from rnnviz.choice import Domain, InvalidParameter, Known, OneOf, Pattern, Range, TupleOf
from rnnviz.content import MissingContent, UnreadableContent
from rnnviz.engine.budget import OverBudget
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

REFUSALS = (InvalidParameter, OverBudget, MissingContent, UnreadableContent)


def domain_in_words(domain: Domain, text: Text) -> str:
    match domain:
        case Range(low, high):
            kind = "whole" if isinstance(low, int) else "range"
            return text(f"domain.{kind}", low=f"{low:.10g}", high=f"{high:.10g}")
        case OneOf(words):
            return text("domain.one_of", words=", ".join(words))
        case Pattern(form):
            return text("domain.pattern", form=form)
        case Known():
            return text("domain.known")
        case TupleOf(of):
            return text("domain.tuple_of", of=of)


def in_words(error: Exception, text: Text) -> str:
    """One or two sentences for one of REFUSALS."""
    match error:
        case InvalidParameter(path=path, value=value, domain=domain):
            said = text("error.invalid_parameter", path=path, value=value, domain=domain_in_words(domain, text))
            return said + (" " + text("error.link_near", near=error.near) if error.near else "")
        case OverBudget(asked=asked, allowed=allowed, parameter=parameter, nearest=nearest):
            size = {"asked": numeral(asked, 2), "allowed": numeral(allowed, 2)}
            return text("error.over_budget", parameter=parameter, nearest=nearest, **size)
        case MissingContent(sha256=sha256):
            return text("error.missing_content", sha256=sha256)
        case UnreadableContent(reason=reason, detail=detail):
            return text(f"error.unreadable_content.{reason}", **detail)
    return str(error)
