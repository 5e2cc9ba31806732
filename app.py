"""The server: rnnviz/ui/main.py behind its guard. `make run`, or `streamlit run app.py`."""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from rnnviz.ui.guard import Guard, settled
from rnnviz.ui.shelf import Shelf

app = App(
    Path(__file__).parent / "rnnviz" / "ui" / "main.py",
    middleware=[Middleware(Guard), Middleware(Shelf)],
    lifespan=settled("rnnviz.experiment", "rnnviz.export", "rnnviz.jobs"),
)
