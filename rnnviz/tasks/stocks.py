"""Two years of share prices."""

from __future__ import annotations

import csv
import math
from functools import cache
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.choice import AddedLater, Range
from rnnviz.streams import Examples
from rnnviz.tasks.packaged import Packaged
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import present_and_next, standardised

Company = Literal["AAPL", "AMZN", "FB", "GOOG", "MSFT", "NFLX"]
RETURNS = 104  # of the 105 weeks; the last one is only ever an answer
PRICES = Packaged("plotly", "package_data/datasets/stocks.csv.gz", "plotly")  # prices as multiples of the first week's


class Stocks(Task):
    """Weekly returns of one company's shares, 2018 and 2019; the answer is the return of the next week, or
    of one some weeks ahead.

    r_t = ln(p_t / p_{t−1}), standardised over all 104 weeks. Predicting is meant to be hard: the next return of a
    share is close to pure chance, and who always answers 0 scores about 1.

    Examples are windows into the one series, each from a start of its own. A window takes T + k of the 104 weeks, so a
    long one has few places: 52 at T = 52, and at T = 103 a single one, where all examples are equal. Up to T = 52 a
    longer sequence begins with the shorter one; beyond that, windows that would run over the end begin earlier.

    Source: the data set that comes with Plotly; it is read as a file, Plotly itself is not imported.
    """

    judgement = "squared_error"
    shape: ClassVar[Shape] = "aligned"
    input_size: ClassVar[int] = 1
    output_size: ClassVar[int] = 1
    needed_lag: ClassVar[int] = 0

    kind: Literal["stocks"] = Field("stocks", repr=False)
    sequence_length: Annotated[int, Range(2, RETURNS - 1, symbol="T", unit="time steps", log=True)] = 52
    company: Company = "GOOG"
    ahead: Annotated[int, Range(1, 12, symbol="k", unit="time steps"), AddedLater()] = 1

    def fingerprint(self) -> str:
        return PRICES.fingerprint()

    def batch(self, examples: Examples) -> Batch:
        series = torch.tensor(returns(self.company), dtype=torch.float64)
        inputs, targets = present_and_next(series, examples, self.sequence_length, self.ahead)
        return Batch(inputs[..., None], targets[..., None])

    def baseline(self) -> Baseline:
        """Always answering 0 costs the variance of the series, which is 1 by standardising."""
        return Baseline.of_numbers(torch.ones_like(self.steps))


@cache
def returns(company: str) -> tuple[float, ...]:
    """Standardised log returns of one company, week after week."""
    prices = [float(row[company]) for row in csv.DictReader(PRICES.read().decode().splitlines())]
    return tuple(standardised([math.log(now / before) for before, now in pairwise(prices)]))
