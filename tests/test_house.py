"""The rules of the house: words for everything, everything registered, floors kept, nothing leaking."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

import rnnviz
from rnnviz.cells import CELLS, AnyCell
from rnnviz.cells.cell import Cell
from rnnviz.choice import Choice, OneOf, Parameter
from rnnviz.clipping import CLIPPINGS, AnyClipping, Clipping
from rnnviz.demonstrations import DEMONSTRATIONS, Demonstration
from rnnviz.diagnostics import DIAGNOSTICS, Diagnostic
from rnnviz.experiment import Experiment
from rnnviz.figures import FIGURES
from rnnviz.figures.demonstrations import DEMONSTRATION_FIGURES, DemonstrationFigure
from rnnviz.figures.training import TRAINING_FIGURES
from rnnviz.initializers import INITIALIZERS, AnyInitializer, Initializer
from rnnviz.optimizers import OPTIMIZERS, SCHEDULES, AnyOptimizer, AnySchedule, Optimizer, Schedule
from rnnviz.quantities import QUANTITIES, TRAINING_QUANTITIES
from rnnviz.tasks import TASKS, AnyTask, Task
from rnnviz.text import LANGUAGES, Text, catalogue
from rnnviz.training import TRUNCATIONS, AnyTruncation, Truncation
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.lessons import LESSONS, Lesson
from rnnviz.ui.training_record import TrainingPage

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "rnnviz"
SOURCES = sorted(PACKAGE.rglob("*.py"))
every_language = pytest.mark.parametrize("language", LANGUAGES)


# — words —


def placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def test_every_language_has_the_same_keys():
    keys = {language: set(catalogue(language)) for language in LANGUAGES}
    for language, own in keys.items():
        assert own == keys["en"], (language, own ^ keys["en"])


def test_every_language_fills_in_the_same_values():
    for key, words in catalogue("en").items():
        for language in LANGUAGES:
            assert placeholders(catalogue(language)[key]) == placeholders(words), (language, key)


@every_language
def test_every_text_says_something(language):
    for key, words in catalogue(language).items():
        assert isinstance(words, str) and words.strip() == words != "", key


def test_no_key_is_given_by_two_files():
    """A later file would win over an earlier one in silence."""
    import tomllib

    from rnnviz.text import dotted

    for language in LANGUAGES:
        files = (PACKAGE / "text" / language).glob("*.toml")
        keys = [key for file in files for key, _ in dotted(tomllib.loads(file.read_text("utf-8")))]
        assert len(keys) == len(set(keys)), {key for key in keys if keys.count(key) > 1}


def test_korean_is_written_in_korean():
    """A text without any Hangul is a name, a symbol or a forgotten translation; the forgotten ones have two English words."""
    english = catalogue("en")
    for key, words in catalogue("ko").items():
        if not re.search("[가-힣]", words):
            assert words != english[key] or not re.search(r"[a-z]{4,} [a-z]{4,}", words), key


@every_language
def test_bold_ends_where_markdown_sees_its_end(language):
    """`**7 %**가` stays as it is written: after a sign, and before a letter without a space, `**` closes nothing."""
    for key, words in catalogue(language).items():
        for bold in re.finditer(r"\*\*(.+?)\*\*", words):
            inside, after = bold[1], words[bold.end() : bold.end() + 1]
            assert not after.isalnum() or inside[-1].isalnum() or inside[-1] == "}", (key, bold[0] + after)


def reachable(kind: type[Choice]) -> Iterator[Parameter]:
    """Every parameter of a choice and of all that can be chosen in it."""
    for parameter in kind.parameters_declared():
        yield parameter
        for option in parameter.options.values():
            yield from reachable(option)


VIEWS = [view for part in GradientFlowPage.parameters_declared() for view in part.options.values()]
ALL_FIGURES = (*FIGURES, *TRAINING_FIGURES, *DEMONSTRATION_FIGURES)
DRAWN = (*VIEWS, TrainingPage, Experiment, *ALL_FIGURES, *LESSONS, *DEMONSTRATIONS)
PARTS = ("experiment", "view", "answers")  # of a page's record: they themselves are not drawn
PARAMETERS = {
    one.name: one
    for kind in DRAWN
    for one in reachable(kind)
    if one.name not in PARTS and not (one.options and issubclass(kind, Lesson))  # a lesson's own parts neither
}


@every_language
@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_words(name, language):
    """A control is made from the declaration: its label, its help, and a label for everything it offers."""
    text, parameter = Text(language), PARAMETERS[name]
    assert f"parameter.{name}.label" in text and f"parameter.{name}.help" in text
    if isinstance(parameter.domain, OneOf) and parameter.domain.words != ("true", "false"):
        missing = [word for word in parameter.domain.words if f"option.{name}.{word}.label" not in text]
        assert not missing


@every_language
def test_every_cell_is_named_short_and_within_a_sentence(language):
    text = Text(language)
    for cell in CELLS:
        kind = cell.model_fields["kind"].default
        assert all(f"option.cell.{kind}.{form}" in text for form in ("label", "short", "inline", "help"))


@every_language
def test_every_figure_has_a_name_and_every_ending_is_said(language):
    text = Text(language)
    assert all(f"figure.{figure.model_fields['kind'].default}.label" in text for figure in ALL_FIGURES)
    assert all(f"outcome.{state}" in text for state in ("completed", "diverged", "stopped"))


def test_no_words_are_kept_for_an_option_that_is_gone():
    """Words that nothing asks for grow old unseen."""
    for key in catalogue("en"):
        kind, _, rest = key.partition(".")
        name, _, word = rest.partition(".")
        if kind == "parameter":
            assert name in PARAMETERS, key
        if kind == "option":
            assert word.partition(".")[0] in PARAMETERS[name].domain.words, key


def test_every_word_that_the_code_asks_for_is_there():
    """Keys written out in the source, as text("page.share"); keys put together at run time are met by the other tests."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(first := node.args[0], ast.Constant):
                called = ast.unparse(node.func)
                if called in ("text", "self.text") and isinstance(first.value, str):
                    assert first.value in catalogue("en"), (source.name, first.value)


def test_quantities_say_what_they_are():
    for name, quantity in QUANTITIES.items():
        assert quantity.symbol and quantity.unit and len(set(quantity.dims)) == len(quantity.dims), name
        assert not {"step", "iteration", "epoch"} & set(quantity.dims)


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match=r"^language must be one of en, ko; got 'xx'$"):
        Text("xx")


# — registration —


def modules_of(package: ModuleType) -> list[ModuleType]:
    return [
        importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    ]


def made_here(module: ModuleType, base: type) -> list[type]:
    """The final classes of a file that derive from `base`."""
    own = [one for _, one in inspect.getmembers(module, inspect.isclass) if one.__module__ == module.__name__]
    return [one for one in own if issubclass(one, base) and one is not base and not inspect.isabstract(one)]


@pytest.mark.parametrize(
    ("folder", "base", "listed", "union"),
    [
        ("cells", Cell, CELLS, AnyCell),
        ("tasks", Task, TASKS, AnyTask),
        ("initializers", Initializer, INITIALIZERS, AnyInitializer),
        ("optimizers", Optimizer, OPTIMIZERS, AnyOptimizer),
        ("optimizers", Schedule, SCHEDULES, AnySchedule),
        ("clipping", Clipping, CLIPPINGS, AnyClipping),
        ("training", Truncation, TRUNCATIONS, AnyTruncation),
    ],
)
def test_every_choice_is_in_its_list_and_in_its_union(folder, base, listed, union):
    """A file that nobody lists is a cell that nobody can choose; a union that lacks one refuses it."""
    home = importlib.import_module(f"rnnviz.{folder}")
    files = modules_of(home) if hasattr(home, "__path__") else [home]
    found = [one for file in files for one in made_here(file, base)]
    assert set(found) == set(listed) == set(get_args(get_args(union)[0])) and len(listed) == len(set(listed))
    kinds = [one.model_fields["kind"].default for one in listed]
    assert len(set(kinds)) == len(kinds)


def test_every_diagnostic_is_in_the_list_and_reads_what_exists():
    import rnnviz.diagnostics as home

    found = {one.name: one for file in modules_of(home) for one in vars(file).values() if isinstance(one, Diagnostic)}
    assert found == DIAGNOSTICS
    for diagnostic in found.values():
        assert {*diagnostic.reads, *diagnostic.reads_if_there} <= set(QUANTITIES)


def test_every_figure_is_in_the_list_and_needs_what_exists():
    import rnnviz.figures as home

    assert {one for file in modules_of(home) for one in made_here(file, Choice)} == set(FIGURES)
    for figure in FIGURES:
        assert set(figure().needs) <= set(DIAGNOSTICS)


def test_every_figure_of_trainings_is_in_the_list_and_needs_what_is_written_down():
    import rnnviz.figures.training as home

    assert {one for file in modules_of(home) for one in made_here(file, Choice)} == set(TRAINING_FIGURES)
    for figure in TRAINING_FIGURES:
        assert set(figure().needs) <= set(TRAINING_QUANTITIES)


@pytest.mark.parametrize(
    ("folder", "base", "listed"),
    [
        ("demonstrations", Demonstration, DEMONSTRATIONS),
        ("figures.demonstrations", DemonstrationFigure, DEMONSTRATION_FIGURES),
        ("ui.lessons", Lesson, LESSONS),
    ],
)
def test_every_file_of_a_lesson_is_in_its_list(folder, base, listed):
    home = importlib.import_module(f"rnnviz.{folder}")
    assert {one for file in modules_of(home) for one in made_here(file, base)} == set(listed)
    kinds = [one.model_fields["kind"].default for one in listed]
    assert len(set(kinds)) == len(kinds) == len(listed)


def test_abstract_or_final():
    """`Cell` is never made and `LSTM` is never subclassed: what a choice does is read in one file."""
    for base, listed in ((Cell, CELLS), (Task, TASKS), (Initializer, INITIALIZERS)):
        assert inspect.isabstract(base)
        assert not [one for one in listed if one.__subclasses__()]


def test_no_folder_has_a_name_that_streamlit_takes_for_its_own():
    assert not [folder for folder in ROOT.rglob("pages") if ".venv" not in folder.parts]


# — floors —


def test_upper_floors_import_lower_ones_and_never_back():
    """The contracts stand in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def loaded_by(statement: str) -> set[str]:
    """The top names of sys.modules after a statement, in a process of its own."""
    program = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(told.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import rnnviz", {"torch", "numpy", "pydantic", "xarray", "pandas", "plotly", "streamlit"}),
        (
            "import rnnviz.text, rnnviz.content, rnnviz.quantities",
            {"torch", "numpy", "pydantic", "plotly", "streamlit"},
        ),
        ("import rnnviz.jobs", {"torch", "xarray", "pydantic", "plotly", "streamlit"}),
        ("import rnnviz.engine, rnnviz.diagnostics, rnnviz.diagnostics.diagnose", {"plotly", "streamlit"}),
        ("import rnnviz.worker, rnnviz.figures, rnnviz.api; rnnviz.worker.load()", {"plotly", "streamlit"}),
        ("import rnnviz.__main__, rnnviz.export", {"plotly", "streamlit", "kaleido", "h5netcdf"}),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(statement, absent):
    assert not loaded_by(statement) & absent


def test_the_notebooks_names_are_handed_on():
    for name in rnnviz.__all__:
        assert getattr(rnnviz, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Transformer'"):
        rnnviz.Transformer  # noqa: B018


# — what must not be in here —


def files() -> list[Path]:
    """All that belongs to the repository, committed or not yet; everything here if this is no repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        found = [file for file in ROOT.rglob("*") if not {".venv", ".git"} & set(file.parts)]
    else:
        found = [ROOT / name for name in listed.stdout.splitlines()]
    return [file for file in found if file.is_file()]


# Written in two parts, so that this file may be searched too.
MACHINES = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "C:" + "\\"]
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js.org",
    "index" + "-url",
    "conda." + "anaconda.org",
]


def test_no_file_names_a_place_on_one_machine_or_a_package_registry():
    """A path that exists only here, or a mirror that only this network reaches, breaks everywhere else."""
    for file in files():
        words = file.read_bytes().decode("utf-8", "ignore")
        found = [name for name in MACHINES + REGISTRIES if name in words]
        assert not found, (file.relative_to(ROOT), found)


def calls(source: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


FORBIDDEN = {
    "set_default_dtype": "all sessions of a server share it",
    "set_default_device": "all sessions of a server share it",
    "fork_rng": "it copies and restores the global generator, which other threads are using",
    "seed": "a global generator is shared; streams.generator has one for every purpose",
    "set_rng_state": "the global generator is shared",
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE)))
def test_no_global_state_of_torch_or_numpy_is_touched(source):
    for name, _ in calls(source):
        last = name.rpartition(".")[2]
        assert last not in FORBIDDEN, (source, name, FORBIDDEN[last])
        if last == "manual_seed":
            assert "Generator(" in name, (source, name)
        assert not re.match(r"(np|numpy)\.random\.(?!default_rng)|random\.", name), (source, name)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE)))
def test_every_draw_names_its_generator(source):
    """torch.rand without `generator=` draws from the generator that all sessions share."""
    for name, call in calls(source):
        if name in {
            f"torch.{draw}" for draw in ("rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial")
        }:
            assert "generator" in {keyword.arg for keyword in call.keywords}, (source, ast.unparse(call))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE)))
def test_every_file_says_what_it_is_for(source):
    tree = ast.parse(source.read_text("utf-8"))
    assert not tree.body or ast.get_docstring(tree), source
