"""A model that is hard to convert, and what is expected of its conversion."""

import dataclasses
import typing

import torch

# In the order in which the page shows them: (chapter, its cases).
CHAPTERS = []


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    # What happens to it, for people.
    says: str
    make: typing.Callable[[], typing.Callable]
    # Arguments; random ones are drawn anew at each call.
    inputs: typing.Callable[[], tuple]
    # Of another kind than `inputs`, where that is what makes it hard.
    fresh: typing.Optional[typing.Callable[[], tuple]] = None
    # Codes of the rows of severity warning and error. None of either: the graph
    # computes the model's own bits, also on fresh inputs.
    rows: typing.Tuple[str, ...] = ()
    # Or: the conversion fails, with this in the message (a regular expression).
    raises: str = ""
    # No operator says where it is: the rows name no place.
    without_place: bool = False
    # Operators that are placeholders.
    placeholders: typing.Tuple[str, ...] = ()
    # Gradients are on in the run.
    grad: bool = False
    options: typing.Mapping[str, typing.Any] = dataclasses.field(
        default_factory=dict)


def chapter(title):
    CHAPTERS.append((title, []))


def awkward(name, says, inputs, **fields):
    """Makes a case of the class of a model, or of a function that is one."""

    def add(model):
        make = model if isinstance(model, type) else lambda: model
        CHAPTERS[-1][1].append(Case(name, says, make, inputs, **fields))
        return model

    return add


def made_by(name, says, inputs, **fields):
    """Makes a case of a function that returns the model."""

    def add(make):
        CHAPTERS[-1][1].append(Case(name, says, make, inputs, **fields))
        return make

    return add


def rand(*shape, **options):
    """For `inputs`: one random tensor."""
    return lambda: (torch.rand(shape, **options),)


def randn(*shape, **options):
    return lambda: (torch.randn(shape, **options),)
