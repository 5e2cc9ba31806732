"""Trainings as jobs of the server: they go on while nobody looks, and what they did is never lost.

    status = trainings().start(experiment)                  # queued, under its experiment's key
    trainings().status(experiment.key)                      # running, update 120 of 2000, 31 updates/s, 60 s left
    trainings().log(experiment.key).loss                    # all that was written down so far
    trainings().pause(experiment.key)                       # within a second; resume() follows the very same path
    trainings().jobs()                                      # what is queued, running, paused or interrupted

A training belongs to the server and is found by its experiment's key: from another tab, another browser, after the app
or the machine was killed. Then it is `interrupted`, and goes on from its last checkpoint. Nothing here computes: a
worker trains and writes, a page reads.

jobs.py     the above            work.py    the inside of a worker
status.py   where one stands     place.py   the folder between the two
"""

from rnnviz.trainings.jobs import CHECKPOINTS, Trainings, trainings, understood
from rnnviz.trainings.status import State, Status

__all__ = ["CHECKPOINTS", "State", "Status", "Trainings", "trainings", "understood"]
