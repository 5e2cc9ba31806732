"""Lesson 5, language models: counting n characters against networks, and what either expects of the reader's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import streamlit as st
from pydantic import Field

from rnnviz import content
from rnnviz.choice import Pattern, Range
from rnnviz.demonstrations import Demonstrated, LanguageModels, NextCharacter
from rnnviz.demonstrations.reading_matter import LONGEST, Sha256, TrainingText
from rnnviz.figures.demonstrations import GrowingPrefix, LetterMap, NextCharacterBars, PerplexityOverN
from rnnviz.figures.demonstrations.next_character_bars import model_names
from rnnviz.tasks.own_text import SAMPLE
from rnnviz.text import Text
from rnnviz.ui import uploads
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part


class LanguageModelsLesson(Lesson):
    """Which text is learnt, how long the networks are trained on it, and what is typed to them."""

    number = 5
    choices = ("one", "few", "longest")
    asks_about = {"training_text": "library"}  # noqa: RUF012

    kind: Literal["language_models"] = Field("language_models", repr=False)
    training_text: TrainingText = "library"
    sha256: Sha256 = content.built_in(SAMPLE)
    updates: Annotated[int, Range(50, 400, step=50, symbol="U", unit="updates")] = 200
    prompt: Annotated[str, Pattern(r"^[^\x00-\x1f\x7f]{0,40}$", longest=40)] = "    def __init__(se"
    ngram_order: Annotated[int, Range(1, LONGEST + 1, symbol="n", unit="characters")] = 4
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0

    def models(self) -> LanguageModels:
        return LanguageModels(training_text=self.training_text, sha256=self.sha256, updates=self.updates)

    def next_character(self) -> NextCharacter:
        return NextCharacter.from_flat({name: word for name, word in self.flat().items() if name != "answers"})

    def parts(self) -> tuple[Part, ...]:
        return (
            Part(self.models(), (PerplexityOverN(), LetterMap()), ("training_text", "updates"), height=520),
            Part(self.next_character(), (NextCharacterBars(), GrowingPrefix()), ("prompt", "ngram_order", "seed")),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """What each model pays on the held-out text, and what two of them expect after the prompt."""
        models, following = (one.data for one in found if isinstance(one, Demonstrated))
        held_out, learnt = (models["perplexity"].sel(of_text=of) for of in ("held_out", "learnt"))
        paid, size = models["network_perplexity"], models["network_size"]
        last = following["chance"].isel(place=-1)
        return {
            "best": int(held_out["n"].values[held_out.values.argmin()]), "counted": float(held_out.min()),
            "alone": float(held_out.sel(n=1)), "longest": LONGEST + 1, "far": float(held_out[-1]),
            "far_learnt": float(learnt[-1]), "contexts": int(models["contexts"].values[-1]),
            **{str(name): float(paid.sel(network=name)) for name in paid["network"].values},
            **{f"{name}_size": int(size.sel(network=name)) for name in ("one_hot", "embedded")},
            "classes": int(models["classes"]), "updates": self.updates, "characters": following.sizes["place"],
            "order": self.ngram_order, "by_count": float(last.sel(told_by="ngram").max()),
            "by_network": float(last.sel(told_by="network").max()),
        }  # fmt: skip

    def right(self, numbers: Numbers) -> str:
        """The n at which the held-out perplexity is least."""
        return {1: "one", LONGEST + 1: "longest"}.get(int(numbers["best"]), "few")

    def under_controls(self, part: int, text: Text) -> None:
        """Where one's own text is taken in; also when the last one could not be read."""
        if part == 0 and self.training_text == "own_text":
            taken = uploads.uploader("txt", text("page.upload_text_help"), text)
            if taken and taken != self.sha256:
                uploads.choose(type(self).start(), {"sha256": taken})

    def beside(self, found: Sequence[Found], text: Text) -> None:
        """What both models write on by themselves."""
        _, shown = found
        assert isinstance(shown, Demonstrated)
        typed = "".join(str(letter) for letter in shown.data["typed"].values)
        st.markdown(f"**{text('page.samples.title')}**")
        for name, sample in zip(model_names(shown, text).values(), shown.data["sample"].values, strict=True):
            st.caption(name)
            st.code(f"{typed}{sample}", language=None, wrap_lines=True)
