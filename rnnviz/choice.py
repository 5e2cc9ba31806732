"""A choice is a frozen, validated record of declared parameters.

Declaring a parameter once gives its check, its control, its command-line flag, its place in a link and its part of the
key under which a result is kept. `Experiment` is a choice made of choices: task, loss position, cell, initializer.

    class Gain(Choice):
        kind: Literal["gain"] = Field("gain", repr=False)
        gain: Annotated[float, Range(0.0, 8.0, step=0.01, symbol="g")] = 1.0
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

SCHEMA = 1  # raised whenever the same words would come to mean another experiment
DATA = "@data"  # what no parameter can be called

LONGEST_SHOWN = 80  # letters or digits of a refused value

Word = str | bool | int | float
Flat = dict[str, Word]
Kind = TypeVar("Kind", bound="Choice")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included. Written in the annotation of a parameter; it checks and it describes.

    `step` is the grid of the slider (a link may name values off the grid); `log` asks for a slider of round numbers.
    """

    low: float
    high: float
    step: float = 1
    symbol: str = ""
    unit: str = ""
    log: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.admit, handler(source))

    def admit(self, value: float) -> float:
        if not self.low <= value <= self.high:
            raise ValueError(str(self))
        return value + 0.0 if isinstance(value, float) else value  # −0.0 becomes 0.0: equal values must have equal keys

    def __str__(self) -> str:
        number = "a whole number" if isinstance(self.low, int) else "a number"
        return f"{number} from {self.low:.10g} to {self.high:.10g}" + (f" {self.unit}" if self.unit else "")


@dataclass(frozen=True)
class OneOf:
    """One word out of several, or one of several choices that have parameters of their own."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return "one of " + ", ".join(self.words)


@dataclass(frozen=True)
class Pattern:
    """A word of a fixed form, such as the hash of an upload."""

    form: str
    longest: int = 0  # characters that a person can type into its field; 0 for a word that nobody types

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.str_schema(pattern=self.form, strict=True)

    def __str__(self) -> str:
        return f"a word of the form {self.form}"


@dataclass(frozen=True)
class Known:
    """The names that exist where an unknown one was given."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "left out" + ("; the parameters here are " + ", ".join(self.names) if self.names else "")


@dataclass(frozen=True)
class TupleOf:
    """Several values in order, such as the variations of a study; only code can give them."""

    of: str

    def __str__(self) -> str:
        return f"a tuple of {self.of}"


Domain = Range | OneOf | Pattern | Known | TupleOf


@dataclass(frozen=True)
class AddedLater:
    """Written in the annotation of a parameter that joined a choice when results had keys already.

    At its default it adds nothing to a key, so what was kept before it came is still found.
    """


class InvalidParameter(ValueError):
    """A parameter lies outside its declared domain. The parts are kept, so that a page can say it in any language.

    `path` has dots where a choice is inside another, and begins with `name/` in a variation of a study.
    """

    def __init__(self, path: str, value: object, domain: Domain):
        self.path, self.value, self.domain = path, showable(value), domain
        value, near = self.value, f" Did you mean {self.near}?" if self.near else ""
        super().__init__(f"{path} must be {domain}; got {value!r}.{near}")

    @property
    def near(self) -> str:
        """The known word that resembles what was given, or nothing."""
        match self.domain:
            case OneOf(words):
                given, known = str(self.value), words
            case Known(names):
                given, known = self.path.replace("/", ".").rpartition(".")[2], names
            case _:
                return ""
        return "" if given in known else next(iter(difflib.get_close_matches(given, known, 1)), "")

    def under(self, prefix: str) -> InvalidParameter:
        return InvalidParameter(f"{prefix}.{self.path}", self.value, self.domain)

    def within(self, variation: str) -> InvalidParameter:
        """The same, of one variation of a study."""
        return InvalidParameter(f"{variation}/{self.path}", self.value, self.domain)


def showable(value: object) -> object:
    """What was given, shortened where it would fill a screen; Python will not even write a number of 5000 digits."""
    if isinstance(value, int) and abs(value) >= 10**LONGEST_SHOWN:
        return f"{'−' if value < 0 else ''}10^{math.log10(abs(value)):.0f}"
    if isinstance(value, str) and len(value) > LONGEST_SHOWN:
        return value[: LONGEST_SHOWN - 1] + "…"
    return value


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a choice: what a control, a flag or a table column is made from."""

    name: str
    domain: Domain
    default: Any
    read_as: Callable[[str], Word]  # int, float, bool or str
    options: Mapping[str, type[Choice]]  # empty unless the parameter is itself a choice
    added_later: bool = False

    def parse(self, word: Word) -> Word:
        """A value from a link or a command line, where everything is a string; what cannot be read is left as it came."""
        if not isinstance(word, str):
            return word
        try:
            return {"true": True, "false": False}[word.lower()] if self.read_as is bool else self.read_as(word)
        except (ValueError, KeyError):
            return word


class Choice(BaseModel):
    """Base of everything a person can pick. Frozen, strict, and equal in every process when its words are equal.

    Raises InvalidParameter with path, value and domain for anything outside the declaration.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)

    kind: str

    if not TYPE_CHECKING:  # a type checker keeps the constructor that pydantic derives from the fields

        def __init__(self, **values: Any):
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise refusal(type(self), error) from None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy is checked like any other choice; pydantic's own would not check the update."""
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | dict(update or {}))

    @classmethod
    def parameters_declared(cls) -> tuple[Parameter, ...]:
        return declarations(cls)

    def flat(self) -> Flat:
        """One level of dotted names and plain values: the form for JSON, links, flags and tables."""
        out: Flat = {}
        for parameter in self.parameters_declared():
            out |= said(parameter.name, getattr(self, parameter.name), lambda choice: choice.flat())
        return out

    @classmethod
    def from_flat(cls, flat: Mapping[str, Word]) -> Self:
        """The inverse of `flat`. What is left out keeps its default; a choice may be named by its parameters alone."""
        return default(cls)._changed(flat, carry=False)

    def changed(self, changes: Mapping[str, Word]) -> Self:
        """The same choice with some words changed. Where a kind changes, parameters that both kinds have are carried over."""
        return self._changed(changes, carry=True)

    def _changed(self, changes: Mapping[str, Word], carry: bool) -> Self:
        declared = {parameter.name: parameter for parameter in self.parameters_declared()}
        for path, word in changes.items():
            if path.partition(".")[0] not in declared:
                raise InvalidParameter(path, word, Known(tuple(declared)))
        values: dict[str, Any] = {}
        for name, parameter in declared.items():
            inner = {path[len(name) + 1 :]: word for path, word in changes.items() if path.startswith(name + ".")}
            if parameter.options and name in changes and changes[name] is None:  # not the same as left out
                raise InvalidParameter(name, None, parameter.domain)
            if parameter.options and (inner or name in changes):
                values[name] = chosen(parameter, getattr(self, name), changes.get(name), inner, carry)
            elif inner:
                raise InvalidParameter(f"{name}.{next(iter(inner))}", next(iter(inner.values())), Known(()))
            elif name in changes:
                values[name] = parameter.parse(changes[name])
        return self.model_copy(update=values) if values else self

    def fingerprint(self) -> str:
        """A hash of data that the words only name, such as a text that comes with Python; "" where there are none."""
        return ""

    def identity(self) -> Flat:
        """All that decides a result: the words, and under `@data` the fingerprint of what they stand for.

        A parameter that was added later is left out while it stands at its default.
        A fingerprint is no part of the flat form, so a link stays good on a machine where the data are others.
        """
        out: Flat = {}
        for parameter in self.parameters_declared():
            value = getattr(self, parameter.name)
            if not (parameter.added_later and value == parameter.default):
                out |= said(parameter.name, value, lambda choice: choice.identity())
        own = self.fingerprint()
        return out | ({DATA: own} if own else {})

    def fingerprints(self) -> dict[str, str]:
        """The part of the identity that words do not say: where a fingerprint stands, and which."""
        return {path: str(word) for path, word in self.identity().items() if path.endswith(DATA)}

    def key_with(self, fingerprints: Mapping[str, str]) -> str:
        """The key that these words have on a machine whose data have these fingerprints."""
        words = {path: word for path, word in self.identity().items() if not path.endswith(DATA)}
        return key_of({"kind": self.kind, **words, **fingerprints})

    @property
    def key(self) -> str:
        """Sixteen hex digits, equal in every process and on every machine for equal choices of equal data."""
        return key_of({"kind": self.kind, **self.identity()})


def said(name: str, value: Word | Choice, inside: Callable[[Choice], Flat]) -> Flat:
    """The words of one parameter: its value, or the kind of a choice and what is inside it under dotted names."""
    if not isinstance(value, Choice):
        return {name: value}
    return {name: value.kind, **{f"{name}.{path}": word for path, word in inside(value).items()}}


def default(option: type[Kind]) -> Kind:
    """The choice with every parameter at its default."""
    return option()  # type: ignore[call-arg]


def key_of(words: object) -> str:
    text = json.dumps([SCHEMA, words], sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def declarations(cls: type[Choice]) -> tuple[Parameter, ...]:
    return tuple(declaration(name, info) for name, info in cls.model_fields.items() if name != "kind")


def declaration(name: str, info: FieldInfo) -> Parameter:
    kinds = [kind for kind in members(info.annotation) if isinstance(kind, type) and issubclass(kind, Choice)]
    options: dict[str, type[Choice]] = {kind.model_fields["kind"].default: kind for kind in kinds}
    described = [item for item in info.metadata if isinstance(item, Range | Pattern | TupleOf)]
    words = ("true", "false") if info.annotation is bool else tuple(map(str, get_args(info.annotation)))
    domain: Domain = OneOf(tuple(options)) if options else described[0] if described else OneOf(words)
    read_as = info.annotation if info.annotation in (int, float, bool) else str
    start = info.get_default(call_default_factory=True)
    added_later = any(isinstance(item, AddedLater) for item in info.metadata)
    return Parameter(name, domain, start, cast("Callable[[str], Word]", read_as), options, added_later)


def parameter_at(record: Choice, path: str) -> Parameter | None:
    """What is declared under a dotted path of this choice as it stands; None where it has no such parameter."""
    head, _, rest = path.partition(".")
    found = next((parameter for parameter in record.parameters_declared() if parameter.name == head), None)
    if found is None or not rest:
        return found
    inner = getattr(record, head)
    return parameter_at(inner, rest) if isinstance(inner, Choice) else None


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; one member for a class that stands alone; none for a Literal."""
    if get_origin(annotation) is Literal:
        return ()
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def chosen(parameter: Parameter, current: Choice, word: Word | None, inner: Mapping[str, Word], carry: bool) -> Choice:
    """What a choice becomes when `word` names its kind and `inner` its parameters, either of which may be missing."""
    kind = current.kind if word is None else str(showable(word))
    if word is None and not fits(type(current), inner):
        kind = kind_with(parameter, inner)
    elif kind not in parameter.options and not inner and is_number(kind) and (shorthand := shorthands(parameter)):
        kind, inner = shorthand[0], {shorthand[1]: kind if word is None else word}
    if kind not in parameter.options:
        raise InvalidParameter(parameter.name, word, parameter.domain)
    option = parameter.options[kind]
    try:
        if option is not type(current):
            start = carried_over(current, option) if carry else default(option)
        else:
            start = default(option) if word is not None and not carry else current
        return start._changed(inner, carry)
    except InvalidParameter as error:
        raise error.under(parameter.name) from None


def names_of(option: type[Choice]) -> set[str]:
    return {parameter.name for parameter in option.parameters_declared()}


def fits(option: type[Choice], inner: Mapping[str, Word]) -> bool:
    return {path.partition(".")[0] for path in inner} <= names_of(option)


def kind_with(parameter: Parameter, inner: Mapping[str, Word]) -> str:
    """`scale.gain=1.1` says which scale is meant without naming it, if only one kind has such parameters."""
    kinds = [kind for kind, option in parameter.options.items() if fits(option, inner)]
    if len(kinds) == 1:
        return kinds[0]
    known = sorted(set().union(*map(names_of, parameter.options.values())))
    wrong = {path: word for path, word in inner.items() if path.partition(".")[0] not in known} or inner
    path, word = next(iter(wrong.items()))
    raise InvalidParameter(f"{parameter.name}.{path}", word, Known(tuple(known)))


def carried_over(current: Choice, option: type[Choice]) -> Choice:
    """An `option` with the parameters that it shares with `current`, as far as they lie in its own domain."""
    carried = default(option)
    for name in names_of(type(current)) & names_of(option):
        with contextlib.suppress(InvalidParameter):
            carried = carried.model_copy(update={name: getattr(current, name)})
    return carried


def is_number(word: str) -> bool:
    """NaN too: where a number may stand, it is refused as a number and not as a misspelt kind."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def shorthands(parameter: Parameter) -> tuple[str, str] | None:
    """`forget_bias=2` for `forget_bias.value=2`: a bare number goes to the kind whose only parameter is `value`."""
    for kind, option in parameter.options.items():
        if names_of(option) == {"value"}:
            return kind, "value"
    return None


def refusal(cls: type[Choice], error: ValidationError) -> InvalidParameter:
    """Pydantic's first complaint, said with path, domain and value."""
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    path = ".".join(str(part) for part in first["loc"][:1])
    if isinstance(cause, InvalidParameter):
        return cause.under(path) if path else cause
    declared = {parameter.name: parameter for parameter in cls.parameters_declared()}
    if path not in declared:
        return InvalidParameter(path, first["input"], Known(tuple(declared)))
    return InvalidParameter(path, first["input"], declared[path].domain)
