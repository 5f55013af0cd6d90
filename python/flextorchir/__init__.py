"""FlexTorchIR: runs a PyTorch model once and hands you a clean graph of its layers.

    import flextorchir

    conv = flextorchir.convert(model, args=(x,))
    print(conv.text)
    conv.save("model", format="flatbuffers")   # model.ftfb, model.safetensors
    y = conv.run(x)                            # by the reference evaluator

    loaded = flextorchir.load("model.ftfb")
    y = loaded.run(x)

Tensors are taken and given back as they are: any dtype and shape, on the CPU.
Nothing here is thread-safe.
"""

import json
import os

from flextorchir import _structure
# torch goes first: the extension needs its libraries.
import torch  # pylint: disable=unused-import

from flextorchir import _flextorchir
from flextorchir import _live

__all__ = ["Conversion", "Error", "LoadedModel", "convert", "load"]

Error = _flextorchir.Error

_EXTENSIONS = {"protobuf": ".ftpb", "flatbuffers": ".ftfb", "text": ".fttxt"}


class LoadedModel:
    """A model of the IR: what `load` returns."""

    def __init__(self, model, input_spec=None, output_spec=None):
        self._model = model
        # The classes of the original, where it was converted in this process.
        self._output_spec = output_spec or _structure.Spec(
            model.output_structure)
        self._input_structure = model.input_structure

    @property
    def text(self):
        """The model in the text form (docs/text-form.md), without weights."""
        return self._model.text()

    def save(self, path, format="flatbuffers", weights="external"):
        """Writes the model, whole or not at all.

        Args:
          path: of the files without their extension; one that is the format's own
            (`model.ftfb`) is taken off.
          format: "flatbuffers", "protobuf" or "text", or a list of them.
          weights: "external", NAME.safetensors beside the graph, or "inline".

        Returns:
          The paths of the files.

        Raises:
          Error: the file cannot be written, or the format cannot hold the model.
        """
        formats = [format] if isinstance(format, str) else list(format)
        path = os.fspath(path)
        for name in formats:
            path = path.removesuffix(_EXTENSIONS.get(name, "\0"))
        return self._model.save(path, formats, weights)

    def run(self, *args, **kwargs):
        """Runs the graph with the reference evaluator.

        Takes the arguments of the model and returns its result, in the structure
        of the original's.

        Raises:
          Error: other arguments than those the model was converted with, in number,
            structure, dtype or size, or an operator that fails.
        """
        leaves = self._leaves(args, kwargs)
        results = self._model.run(leaves)
        return self._output_spec.unflatten(results)

    def optimize(self, *passes):
        """Rewrites the model in place (docs/passes.md).

        Args:
          *passes: names of passes, in the order in which they run:
            "drop_no_ops", "merge_reshapes", "fold_constants", "fold_batch_norm",
            "warp_affine". None: all of them.

        Returns:
          A list of (pass, number of rewrites).

        Raises:
          Error: there is no such pass. The model is then as it was.
        """
        return self._model.optimize(list(passes))

    def _leaves(self, args, kwargs):
        value = args if not kwargs else dict(enumerate(args)) | kwargs
        leaves, spec, opaque = _structure.flatten(value, "arguments")
        if opaque:
            raise Error(f"`{opaque[0][0]}` is a {opaque[0][1]}")
        wanted = _shape_of(self._input_structure)
        if _shape_of(spec.structure) != wanted:
            raise Error(
                f"the arguments are {_describe(spec.structure)}; the model was "
                f"converted with {_describe(self._input_structure)}")
        return leaves


class Conversion(LoadedModel):
    """What `convert` returns: the model, and what there is to say about it."""

    @property
    def report(self):
        """The report, a dict: the JSON of `convert --report` (docs/report.md)."""
        return json.loads(self._model.report_json())

    @property
    def summary(self):
        """The report as a table, for people."""
        return self._model.summary()

    @property
    def activations(self):
        """The content of every value in the run, by name: a dict of tensors.

        Inputs and outputs are among them; `safetensors.torch.save_file` makes of it
        what `verify --reference` takes.

        Raises:
          Error: they were not kept (`convert(..., keep_activations=True)`), or
            `optimize` has changed what the values are.
        """
        activations = self._model.activations()
        if not activations:
            raise Error("there are no activations: keep them with "
                        "convert(..., keep_activations=True), and take them before "
                        "optimize()")
        return activations


@_live.compiler_unloaded()
def convert(module, args=(), kwargs=None, *, blackbox=(), dynamic=None,
            example_inputs=None, layers="standard", probe=True,
            keep_activations=False):
    """Runs `module` once and returns the graph of what executed.

    The module, its buffers and the process's switches are left as they were, also
    when it raises. It runs in the caller's gradient mode and in its own training
    mode.

    Args:
      module: a torch.nn.Module, a method of one, or any callable.
      args, kwargs: what it is called with: tensors, numbers, strings, None, and
        tuples, lists, dicts, named tuples and dataclasses of them; numpy arrays;
        and objects (a cache of keys and values), whose tensors are then inputs. An
        object that the model changes is left as it was.
      blackbox: modules to keep as one layer each: paths ("layer1.0"), class names,
        or classes.
      dynamic: sizes of inputs that vary, and what they are called, by the name of
        the argument (or its path, "images[0]") and the dimension:
        {"x": {0: "batch", 2: "height"}}. The same name means equal sizes. The graph
        then runs on other sizes too (docs/dynamic-sizes.md).
      example_inputs: further examples, on which the module is run to see what
        follows the sizes: each a tuple like `args`, a dict like `kwargs`, or
        (args, kwargs). Without them, or where they are few, examples are made of
        the inputs given.
      layers: "standard", or "raw" for one layer an operator.
      probe: run the module a second time, on inputs of the same sizes with other
        numbers, and report what of the graph depends on them (docs/report.md).
      keep_activations: keep the content of every value, for
        `Conversion.activations`. Costs a copy of each.

    Returns:
      A `Conversion`. An operator that no rule understands is a placeholder in it,
      not an error.

    Raises:
      Error: arguments or results that the IR has no type for.
      Exception: whatever the module raises, with a note that says in which module.
    """
    if isinstance(args, (torch.Tensor, dict)):
        raise Error(f"args is a {type(args).__name__}: give a tuple, (x,)")
    names = []
    for item in [blackbox] if isinstance(blackbox, (str, type)) else blackbox:
        names.append(_live.class_name(item) if isinstance(item, type) else item)
    live = _live.LiveModel(module, args, kwargs)
    sizes = _dynamic_sizes(dynamic)
    examples = _example_leaves(live, example_inputs)
    try:
        model = _flextorchir.convert(live, names, layers, True, os.getcwd(),
                                     keep_activations, bool(probe), sizes,
                                     examples)
    except Error:
        if live.exception is None:
            raise
        exception = live.exception
        path = live.failed_path
        if hasattr(exception, "add_note") and path:
            exception.add_note(f"raised in module `{path}` while it was converted")
        raise exception from None
    if live.exception is not None:
        raise live.exception  # Ctrl-C while the model ran again
    return Conversion(model, output_spec=live.result_spec)


def load(path):
    """Reads a file of any of the formats, with its weights.

    Raises:
      Error: no such file, or not a (whole) model.
    """
    return LoadedModel(_flextorchir.load(os.fspath(path)))


def _dynamic_sizes(dynamic):
    """`dynamic` as the extension takes it: {input: {axis: symbol}}."""
    sizes = {}
    for name, axes in (dynamic or {}).items():
        name = str(name) if type(name) is int else name
        if not isinstance(name, str):
            raise Error(f"dynamic: {name!r} is no name of an input")
        if not isinstance(axes, dict):
            raise Error(f"dynamic[{name!r}] is {axes!r}, not a dict of dimensions, "
                        f"like {{0: \"batch\"}}")
        for axis, symbol in axes.items():
            if type(axis) is not int or not isinstance(symbol, str):
                raise Error(f"dynamic[{name!r}] has {axis!r}: {symbol!r}, not the "
                            f"number of a dimension and a name, like 0: \"batch\"")
        sizes[name] = dict(axes)
    return sizes


def _example_leaves(live, example_inputs):
    """The tensors of each further example."""
    if isinstance(example_inputs, (torch.Tensor, dict)):
        raise Error(f"example_inputs is a {type(example_inputs).__name__}: give a "
                    f"list of examples, [(x,), ...]")
    examples = []
    wanted = live.bound_inputs()[1] if example_inputs else None
    for i, example in enumerate(example_inputs or []):
        args, kwargs = example, {}
        if isinstance(example, dict):
            args, kwargs = (), example
        elif not isinstance(example, (tuple, list)):
            raise Error(f"example_inputs[{i}] is a {type(example).__name__}: give a "
                        f"tuple, (x,), a dict of keyword arguments, or both")
        elif (len(example) == 2 and isinstance(example[0], (tuple, list))
              and isinstance(example[1], dict) and example[1].keys() == live.kwargs.keys()
              and len(example[0]) == len(live.args)):
            args, kwargs = example
        leaves, structure = live.example(args, kwargs)
        if _shape_of(structure) != _shape_of(wanted):
            raise Error(
                f"example_inputs[{i}] is {_describe(structure)}; the module is "
                f"converted with {_describe(wanted)}: only sizes of tensors may "
                f"differ")
        examples.append(leaves)
    return examples


def _shape_of(structure):
    """The structure without the values of constants and the names of classes."""
    kind = structure[0]
    if kind == "leaf":
        return "leaf"
    if kind == "constant":
        return structure
    if kind in ("dict", "named"):
        # A namedtuple and the like may come back as another class, or none.
        return ("fields", [(key, _shape_of(child))
                           for key, child in structure[-1]])
    return ("items", [_shape_of(child) for child in structure[1]])


def _describe(structure):
    kind = structure[0]
    if kind == "leaf":
        return "a tensor"
    if kind == "constant":
        return repr(structure[1])
    if kind in ("dict", "named"):
        inner = ", ".join(
            f"{key}: {_describe(child)}" for key, child in structure[-1])
        return f"{{{inner}}}"
    inner = ", ".join(_describe(child) for child in structure[1])
    return f"({inner})" if kind == "tuple" else f"[{inner}]"
