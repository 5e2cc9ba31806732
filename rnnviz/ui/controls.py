"""Controls drawn from declarations: one parameter, one widget, its words, its help, its place in the record."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from rnnviz.choice import Choice, OneOf, Parameter, Pattern, Range, Word, parameter_at
from rnnviz.text import Text
from rnnviz.ui import memory
from rnnviz.ui.live_slider import live_slider

ROUND_NUMBERS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 30, 32, 40, 50, 64, 80, 100, 128, 150, 200, 256, 300, 400, 500,
                 512, 700, 800, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 20_000, 50_000, 100_000)  # fmt: skip
ROUND_FRACTIONS = tuple(float(f"{digit}e{power}") for power in range(-6, 7) for digit in (1, 2, 5))


class Controls:
    """The widgets of one page's record."""

    def __init__(self, record: Choice, start: Choice, text: Text):
        self.record, self.start, self.text = record, start, text
        self.flat = record.flat()

    def draw(
        self,
        path: str,
        *,
        segmented: bool = False,
        label_hidden: bool = False,
        highest: float | None = None,
        only: tuple[str, ...] = (),
        shown: Word | None = None,
    ) -> None:
        """The widget of one parameter; nothing if the record has no such parameter just now.

        `only` are the words that make sense just now, and `shown` the one of them that stands for the record's.
        """
        parameter = parameter_at(self.record, path)
        if parameter is None:
            return
        if only:
            parameter = replace(parameter, domain=OneOf(only))
        key = f"{self.record.kind}.{path}"
        memory.show(key, self.flat[path] if shown is None else shown)
        widget = self.widget(parameter, path, segmented, highest)
        step = parameter.domain.step if isinstance(parameter.domain, Range) else None
        widget(
            self.text(f"parameter.{parameter.name}.label"),
            key=key,
            help=self.text(f"parameter.{parameter.name}.help"),
            on_change=memory.change,
            args=(self.start, path, key, step),
            label_visibility="collapsed" if label_hidden else "visible",
        )

    def draw_live(self, path: str) -> None:
        """A slider whose figure follows the hand while it is dragged, not only when it is let go."""
        parameter, key = parameter_at(self.record, path), f"{self.record.kind}.{path}"
        if parameter is None or not isinstance(parameter.domain, Range):
            return
        low, high, step = parameter.domain.low, parameter.domain.high, parameter.domain.step
        live_slider(
            self.text(f"parameter.{parameter.name}.label"),
            float(self.flat[path]),
            low,
            high,
            step,
            key,
            self.text(f"parameter.{parameter.name}.help"),
            lambda value: memory.take(self.start, path, value),
        )

    def widget(self, parameter: Parameter, path: str, segmented: bool, highest: float | None) -> Callable[..., object]:
        value = self.flat[path]
        match parameter.domain:
            case OneOf(("true", "false")):
                return st.toggle
            case OneOf(words):
                return self.one_of(parameter, words, segmented)
            case Range(log=True) as domain:
                return slider_of_round_numbers(domain, value, highest)
            case Range(low, high, step) if high - low > 10_000 * step:
                return lambda label, **rest: st.number_input(label, int(low), int(high), step=int(step), **rest)
            case Range(low, high, step):
                top = min(high, highest or high)
                shown = f"%.{max(2, -math.floor(math.log10(step)))}f" if isinstance(low, float) else None
                return lambda label, **rest: st.slider(label, low, top, step=step, format=shown, **rest)
            case Pattern(longest=longest) if longest:
                return lambda label, **rest: st.text_input(label, max_chars=longest, **rest)
        return st.text_input

    def one_of(self, parameter: Parameter, words: tuple[str, ...], segmented: bool) -> Callable[..., object]:
        def name(word: str) -> str:
            return self.text(f"option.{parameter.name}.{word}.label")

        if segmented:
            return lambda label, **rest: st.segmented_control(label, words, format_func=name, wrap=True, **rest)
        return lambda label, **rest: st.selectbox(label, words, format_func=name, **rest)


def slider_of_round_numbers(domain: Range, value: object, highest: float | None) -> Callable[..., object]:
    """1, 2, 5, 10, …: equal steps of the slider are equal factors. A value from a link joins them."""
    high = min(domain.high, highest or domain.high)
    known = ROUND_NUMBERS if isinstance(domain.low, int) else ROUND_FRACTIONS
    numbers = sorted({n for n in known if domain.low <= n <= high} | {value})  # type: ignore[type-var]
    return lambda label, **rest: st.select_slider(label, numbers, format_func=lambda n: f"{n:.10g}", **rest)
