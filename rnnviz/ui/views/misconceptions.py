"""Misconceptions: a claim, the experiment that refutes it, and what its numbers say."""

from __future__ import annotations

import streamlit as st

from rnnviz.export import Picture, Pinned
from rnnviz.figures import Results
from rnnviz.jobs import Failure
from rnnviz.text import Text
from rnnviz.ui import asking, failures, memory, taking, verifying
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import look, plot_words, replaced_worker, say_failure, share
from rnnviz.ui.flow import START, ClaimName, GradientFlowPage
from rnnviz.ui.misconceptions import CARDS, Card, Shown, alone, taken
from rnnviz.ui.numbers import in_words
from rnnviz.ui.plot import plot

HEIGHT = 460  # pixels


def page(text: Text) -> None:
    record, refused = memory.page(START)
    st.header(text("page.misconceptions.title"), anchor=False)
    st.markdown(text("page.misconceptions.lead"))
    failures.say_refused(refused, text)
    Controls(record, START, text).draw("misconceptions.claim", segmented=True, label_hidden=True)
    link = memory.write_link(record, START)
    claim = record.misconceptions.claim
    st.subheader(text(f"misconception.{claim}.claim"), anchor=False)
    st.markdown(text(f"misconception.{claim}.belief"))
    if CARDS[claim].is_set(record):
        refuted(claim, record, text)
    else:
        st.button(
            text("page.misconceptions.set"), help=text("page.misconceptions.set_help"), type="primary",
            on_click=set_counter_example, args=(claim,),
        )  # fmt: skip
    replaced_worker(text)
    share(link, text)


def set_counter_example(claim: ClaimName) -> None:
    memory.remember(taken(memory.kept(START), claim))


def refuted(claim: ClaimName, record: GradientFlowPage, text: Text) -> None:
    card = CARDS[claim]
    results = asking.ask(card.study(record), card.needs, text, place="misconceptions", meanwhile=nothing_yet)
    if isinstance(results, Failure):
        say_failure(results, record, text)
        return
    said = {place: in_words(number) for place, number in card.numbers(results).items()}
    st.info(text(f"misconception.{claim}.verdict", **said))
    for number, (shown, column) in enumerate(zip(card.shown, st.columns(len(card.shown)), strict=True)):
        with column:
            draw(card, shown, results, text, f"misconceptions.{claim}.{number}")
    st.caption(text(f"misconception.{claim}.note"))
    if st.button(text("page.misconceptions.open", page=text(f"page.{card.page}.title"))):
        st.switch_page(f"views/{card.page}.py")


def nothing_yet() -> None:
    st.skeleton(height=HEIGHT)


def draw(card: Card, shown: Shown, results: Results, text: Text, key: str) -> None:
    picture = picture_of(card, shown, results, text)
    reading, title = shown.figure.reading(picture.results, text), picture.figure["layout"]["title"]["text"]
    plot(
        picture.figure, key=key, height=HEIGHT, alt=text("alt.figure", title=title, reading=reading.replace("**", "")),
        words=plot_words(text), file_name=picture.file_name,
    )  # fmt: skip
    with st.expander(text("page.table")):
        st.dataframe(shown.figure.table(picture.results, text), hide_index=True)
    with st.container(horizontal=True):
        with st.container(width="content"):
            verifying.menu(picture, text, key=key)
        taking.menu(picture, key=key)


def picture_of(card: Card, shown: Shown, results: Results, text: Text) -> Picture:
    """The figure of the card's own network, which is the first, with the shadow under the same name."""
    study, own = card.study(card.record), next(iter(results))
    behind = Pinned(alone(study, shown.shadow), {own: results[shown.shadow]}) if shown.shadow else None
    return Picture(shown.figure, alone(study, own), {own: results[own]}, text, look(), behind)


page(memory.language())
