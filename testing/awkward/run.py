"""Converts the awkward models and compares what comes out with the models."""

import dataclasses
import re
import typing

import flextorchir
import torch

from testing.awkward.case import Case


class Row(typing.NamedTuple):
    """A row of the report."""
    code: str
    severity: str
    message: str
    module_path: str
    source: str


@dataclasses.dataclass
class Outcome:
    """What happened to one case."""
    # The conversion's own failure; nothing else is set then.
    error: str = ""
    # Where the graph's result is not the model's: "" where it is.
    differs: str = ""
    differs_on_fresh: str = ""
    rows: typing.List[Row] = dataclasses.field(default_factory=list)
    placeholders: typing.Tuple[str, ...] = ()

    @property
    def codes(self):
        """Of the rows that say that something is wrong, or may be."""
        return tuple(sorted(
            {row.code for row in self.rows if row.severity != "info"}))

    @property
    def has_error(self):
        return any(row.severity == "error" for row in self.rows)


def _difference(expected, actual, path="the result"):
    """Where `actual` is not `expected`, bit for bit; empty if it is."""
    if isinstance(expected, torch.Tensor):
        if not isinstance(actual, torch.Tensor):
            return f"{path} is a {type(actual).__name__}"
        expected, actual = expected.detach(), actual.detach()
        if (expected.dtype, expected.shape) != (actual.dtype, actual.shape):
            return (f"{path} is {actual.dtype} {tuple(actual.shape)}, not "
                    f"{expected.dtype} {tuple(expected.shape)}")
        if expected.layout != torch.strided or actual.layout != torch.strided:
            return f"{path} is {expected.layout}"
        if expected.is_quantized:
            expected, actual = expected.dequantize(), actual.dequantize()

        def bits(tensor):
            tensor = tensor.resolve_conj().resolve_neg().contiguous()
            return tensor.reshape(-1).view(torch.uint8)

        if not torch.equal(bits(expected), bits(actual)):
            return f"{path} has other values"
        return ""
    if isinstance(expected, dict):
        if list(expected) != list(actual):
            return f"{path} has other keys"
        pairs = [(f"{path}[{key!r}]", expected[key], actual[key])
                 for key in expected]
    elif isinstance(expected, (tuple, list)):
        if len(expected) != len(actual):
            return f"{path} has {len(actual)} items, not {len(expected)}"
        pairs = [(f"{path}[{i}]", one, other)
                 for i, (one, other) in enumerate(zip(expected, actual))]
    else:
        same = expected == actual or (expected != expected and actual != actual)
        return "" if same else f"{path} is {actual!r}, not {expected!r}"
    for name, one, other in pairs:
        if difference := _difference(one, other, name):
            return difference
    return ""


def _model_and_inputs(case: Case, inputs, seed):
    """The same at each call: a model may change itself, and its inputs."""
    torch.manual_seed(0)
    model = case.make()
    torch.manual_seed(seed)
    args = inputs()
    torch.manual_seed(7)
    return model, args


def _compare(case: Case, conversion, inputs, seed):
    model, args = _model_and_inputs(case, inputs, seed)
    expected = model(*args)
    _, args = _model_and_inputs(case, inputs, seed)
    try:
        actual = conversion.run(*args)
    except flextorchir.Error as error:
        return f"it does not run: {error}"
    return _difference(expected, actual)


def run(case: Case) -> Outcome:
    """Converts the model and runs the graph, on its own inputs and others."""
    outcome = Outcome()
    with torch.set_grad_enabled(case.grad):
        model, args = _model_and_inputs(case, case.inputs, 0)
        try:
            conversion = flextorchir.convert(model, args, **case.options)
        except Exception as error:  # pylint: disable=broad-except
            outcome.error = f"{type(error).__name__}: {error}"
            return outcome
        outcome.differs = _compare(case, conversion, case.inputs, 0)
        outcome.differs_on_fresh = _compare(
            case, conversion, case.fresh or case.inputs, 1)
    report = conversion.report
    outcome.placeholders = tuple(
        sorted({row["target"] for row in report["placeholders"]}))
    outcome.rows = [Row(*(row[field] for field in Row._fields))
                    for row in report["warnings"]]
    return outcome


def silently_wrong(outcome: Outcome) -> str:
    """What is wrong and nobody was told; empty if there is nothing.

    This holds for every model there is.
    """
    if outcome.error:
        return ""
    if outcome.differs and not outcome.has_error:
        return f"on the inputs of its own run {outcome.differs}"
    if outcome.differs_on_fresh and not outcome.codes:
        return f"on fresh inputs {outcome.differs_on_fresh}"
    return ""


def unexpected(case: Case, outcome: Outcome) -> str:
    """Where the outcome is not what the case says; empty if it is."""
    if case.raises or outcome.error:
        if case.raises and re.search(case.raises, outcome.error):
            return ""
        return f"fails with {outcome.error!r}, not {case.raises!r}"
    if tuple(sorted(case.rows)) != outcome.codes:
        return f"reports {outcome.codes}, not {case.rows}"
    if tuple(sorted(case.placeholders)) != outcome.placeholders:
        return f"has placeholders {outcome.placeholders}"
    if not case.rows and (outcome.differs or outcome.differs_on_fresh):
        return outcome.differs or outcome.differs_on_fresh
    return ""
