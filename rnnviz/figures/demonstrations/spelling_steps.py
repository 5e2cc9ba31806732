"""A network that learns to spell: what it reads, keeps and answers at every step, update after update."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, Spelling
from rnnviz.demonstrations.spelling import UPDATES
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import fixed, numeral

PLAYED = (*range(21), *range(22, 41, 2), *range(45, UPDATES + 1, 5))  # most happens early
GAP = 0.08  # of the height, between two panels
TOP = 0.79  # where the panels end: above them stand the word typed and the buttons


class SpellingSteps(DemonstrationFigure):
    """From below: the one-hot letter read, the hidden state, the answer; a column for each step, the right answer framed.

    It can be played from the fresh network on. What the network types by itself stands above.
    """

    draws = Spelling

    kind: Literal["spelling_steps"] = Field("spelling_steps", repr=False)
    after_updates: Annotated[int, Range(0, UPDATES, symbol="u")] = 0
    answer_as: Literal["logit", "probability"] = "logit"

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        layout = look.layout(text("figure.spelling_steps.title"), about(shown.demonstration, text), showlegend=False)
        layout |= self.axes(shown, text, look) | {
            "annotations": self.words(shown, self.after_updates, text, look),
            "shapes": right_answers(shown, look),
            "updatemenus": [buttons(text, look)],
            "margin": {"l": 70, "r": 20, "t": 84, "b": 60},
            "uirevision": "spelling_steps",
        }
        frames = [
            {"name": str(u), "data": self.panels(shown, u, look)[:2], "traces": [0, 1],
             "layout": {"annotations": self.words(shown, u, text, look)}}
            for u in PLAYED
        ]  # fmt: skip
        return {"data": self.panels(shown, self.after_updates, look), "layout": layout, "frames": frames}

    def answers(self, shown: Demonstrated, update: int) -> np.ndarray:
        """Logits or probabilities after an update, (letter, time)."""
        logits = shown.data["logit"].sel(update=update).values.T
        return logits if self.answer_as == "logit" else softmax(logits)

    def panels(self, shown: Demonstrated, update: int, look: Look) -> list[dict[str, Any]]:
        data, answers = shown.data, self.answers(shown, update)
        read = np.eye(data.sizes["letter"])[data["at_place"].values[:-1]].T
        hidden = data["hidden_state"].sel(update=update).values.T
        size = {"size": 15 if len(answers) * answers.shape[1] <= 40 else 11 if answers.shape[1] <= 8 else 8}
        if self.answer_as == "probability":
            scale = {"zmin": 0, "zmax": 1, "colorscale": look.sequential}
        else:
            scale = {"zmid": 0, "zmin": -6, "zmax": 6, "colorscale": look.diverging}
        around = {"zmid": 0, "zmin": -1, "zmax": 1, "colorscale": look.diverging}
        every = {"type": "heatmap", "showscale": False, "xgap": 3, "ygap": 2, "textfont": size}
        digits = 1 if self.answer_as == "logit" else 2
        return [
            {**every, **scale, **numbers(answers, digits), "xaxis": "x3", "yaxis": "y3",
             "hovertemplate": "t = %{x}: %{z:.3f}<extra></extra>"},
            {**every, **around, **numbers(hidden, 2), "xaxis": "x2", "yaxis": "y2",
             "hovertemplate": "<i>h</i>: %{z:.3f}<extra></extra>"},
            {**every, "zmin": 0, "zmax": 2.5, "colorscale": [[0, look.paper], [1, look.ink]], **numbers(read, 0),
             "hoverinfo": "skip"},
        ]  # fmt: skip

    def axes(self, shown: Demonstrated, text: Text, look: Look) -> dict[str, Any]:
        """Panels as high as they have rows; letters read below, letters to be answered above."""
        data = shown.data
        letters, steps = list(data["letter"].values), data.sizes["time"]
        word = [letters[k] for k in data["at_place"].values]
        places = domains(shown)
        bare = {"showgrid": False, "showline": False, "ticks": "", "fixedrange": True}
        column = {**bare, "tickvals": list(range(steps)), "range": [-0.5, steps - 0.5], "tickfont": {"size": 18}}

        def rows(names: list[str], place: int, title: str, x: str) -> Any:
            ticks = {"tickvals": list(range(len(names))), "ticktext": names, "autorange": "reversed"}
            return look.axis(**bare, **ticks, domain=places[place], anchor=x, title={"text": title, "standoff": 4})

        units = [str(k + 1) for k in range(data.sizes["unit"])]
        name = text(f"figure.spelling_steps.{self.answer_as}")
        return {
            "xaxis": look.axis(**column, ticktext=word[:-1], title={"text": text("figure.spelling_steps.read")}, anchor="y"),
            "xaxis2": look.axis(**column, showticklabels=False, anchor="y2"),
            "xaxis3": look.axis(**column, ticktext=word[1:], side="top", anchor="y3",
                                title={"text": text("figure.spelling_steps.answer"), "standoff": 2}),
            "yaxis": rows(letters, 0, "<i>x</i><sub>t</sub>", "x"),
            "yaxis2": rows(units, 1, "<i>h</i><sub>t</sub>", "x2"),
            "yaxis3": rows(letters, 2, name, "x3"),
        }  # fmt: skip

    def words(self, shown: Demonstrated, update: int, text: Text, look: Look) -> list[dict[str, Any]]:
        """Which update, and the word typed, wrong letters in red; between the panels, the weights."""
        plain = {"xref": "paper", "yref": "paper", "showarrow": False}
        typed = "".join(
            letter if right else f"<span style='color:{look.alarm}'>{letter}</span>"
            for letter, right in zip(*typed_at(shown, update), strict=True)
        )
        loss = numeral(float(shown.data["loss"].sel(of_memory=memory_of(shown), update=update)))
        said = text("figure.spelling_steps.update", update=update, loss=loss)
        between = domains(shown)
        recurrent = "" if memory_of(shown) == "kept" else " = 0"
        return [
            {**plain, "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "yshift": -32, "text": said},
            {**plain, "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "font": {"size": 18},
             "text": f"{text('figure.spelling_steps.typed')} <b>{typed}</b>"},
            *(
                {**plain, "x": 0.5, "y": (below[1] + above[0]) / 2, "yanchor": "middle", "text": named,
                 "font": {"color": look.muted}}
                for below, above, named in (
                    (between[0], between[1], f"↑ <i>W</i><sub>xh</sub>     → <i>W</i><sub>hh</sub>{recurrent}"),
                    (between[1], between[2], "↑ <i>W</i><sub>hy</sub>"),
                )
            ),
        ]  # fmt: skip

    def reading(self, shown: Demonstrated, text: Text) -> str:
        letters, _ = typed_at(shown, self.after_updates)
        first = self.answers(shown, self.after_updates).argmax(0)
        right = int((first == shown.data["at_place"].values[1:]).sum())
        return text(
            "sentence.spelling_steps", update=self.after_updates, first=letters[0], typed="".join(letters), right=right,
            steps=len(first),
        )  # fmt: skip

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """A row for each step, up to twelve: what is read, what should follow, what is held most probable."""
        letters, word = shown.data["letter"].values, shown.data["at_place"].values
        chance = softmax(shown.data["logit"].sel(update=self.after_updates).values.T)
        rows = pd.DataFrame(
            {
                "t": range(1, len(word)),
                text("table.letter_read"): letters[word[:-1]],
                text("table.letter_right"): letters[word[1:]],
                text("table.letter_answered"): letters[chance.argmax(0)],
                text("table.probability_of_right"): [numeral(p) for p in chance[word[1:], range(len(word) - 1)]],
            }
        )
        return rows.head(12)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each update, step and letter."""
        return shown.data["logit"].to_dataframe().reset_index()


def numbers(values: np.ndarray, digits: int) -> dict[str, Any]:
    """A map, and the numbers that stand in it."""
    said = [[fixed(value, digits) for value in row] for row in values]
    return {"z": packed(values), "text": said, "texttemplate": "%{text}"}


def domains(shown: Demonstrated) -> list[list[float]]:
    """The heights of the three panels, from below: as high as they have rows."""
    letters = shown.data.sizes["letter"]
    rows = (letters, shown.data.sizes["unit"], letters)
    unit, at, found = (TOP - GAP * (len(rows) - 1)) / sum(rows), 0.0, []
    for count in rows:
        found.append([at, min(at + count * unit, TOP)])
        at += count * unit + GAP
    return found


def right_answers(shown: Demonstrated, look: Look) -> list[dict[str, Any]]:
    frame = {"type": "rect", "xref": "x3", "yref": "y3", "line": {"color": look.colour("gru"), "width": 3}}
    return [
        {**frame, "x0": t - 0.48, "x1": t + 0.48, "y0": int(letter) - 0.48, "y1": int(letter) + 0.48}
        for t, letter in enumerate(shown.data["at_place"].values[1:])
    ]


def buttons(text: Text, look: Look) -> dict[str, Any]:
    """Play from the fresh network on, and pause; the browser's own doing."""
    play = {"mode": "immediate", "frame": {"duration": 220, "redraw": True}, "transition": {"duration": 0}}
    pause = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    return {
        "type": "buttons", "direction": "left", "showactive": False, "x": 1, "xanchor": "right", "y": 1,
        "yanchor": "top", "pad": {"t": 26, "r": 0}, "bgcolor": look.paper, "bordercolor": look.muted,
        "buttons": [
            {"label": f"▶ {text('figure.spelling_steps.play')}", "method": "animate", "args": [None, play]},
            {"label": "❚❚", "method": "animate", "args": [[None], pause]},
        ],
    }  # fmt: skip


def memory_of(shown: Demonstrated) -> str:
    return str(shown.demonstration.flat()["memory"])


def typed_at(shown: Demonstrated, update: int) -> tuple[list[str], list[bool]]:
    """The letters typed after an update, and which of them are right."""
    letters, typed = shown.data["letter"].values, shown.data["typed"].sel(update=update).values
    return [str(one) for one in letters[typed]], (typed == shown.data["at_place"].values).tolist()


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over the first axis."""
    powers = np.exp(logits - logits.max(0))
    return powers / powers.sum(0)
