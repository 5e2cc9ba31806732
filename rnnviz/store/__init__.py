"""Runs that were ended, kept: an index in SQLite and one netCDF file a run, in the user's data folder.

store.py     the folder: list, keep, delete, import, export      index.py    its records
reading.py   a run as one file                                   files.py    whole files or none
run.py       what is known of a run                              locks.py    who is at work, without a clock
"""

from rnnviz.store.index import Damage, UnusableStore
from rnnviz.store.locks import Lock, is_held
from rnnviz.store.reading import ForeignFile
from rnnviz.store.run import Run, arranged
from rnnviz.store.store import DamagedRun, Store, folder

__all__ = [
    "Damage",
    "DamagedRun",
    "ForeignFile",
    "Lock",
    "Run",
    "Store",
    "UnusableStore",
    "arranged",
    "folder",
    "is_held",
]
