"""Runs a live torch.nn.Module (or any callable) so that it can be recorded.

Operators are seen in C++; what is added here is where modules begin and end, and
that the user's module, and the switches of the process, are left as they were.
"""

import contextlib
import functools
import importlib
import inspect
import itertools
import random
import sys
import types

import torch
from torch.nn.modules import module as torch_module

from flextorchir import _memory
from flextorchir import _structure
from flextorchir import _threads


def class_name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def _plain_copy(value):
    """A copy, one level deep, of a container that forward may change in place."""
    if type(value) in (list, dict, set) or type(value).__name__ == "OrderedDict":
        return value.copy()
    return None


class _Snapshot:
    """What hangs on the modules and may be changed by a forward: attributes."""

    def __init__(self, modules):
        self._saved = []
        for module in modules:
            attributes = dict(vars(module))
            copies = {
                name: copy for name, value in attributes.items()
                if (copy := _plain_copy(value)) is not None
            }
            self._saved.append((module, attributes, copies))

    def restore(self):
        for module, attributes, copies in self._saved:
            own = vars(module)
            for name in [name for name in own if name not in attributes]:
                del own[name]
            for name, value in attributes.items():
                if own.get(name, self) is not value:
                    own[name] = value
                copy = copies.get(name)
                if copy is not None and _differs(value, copy):
                    _refill(value, copy)


def _refill(container, content):
    container.clear()
    if isinstance(container, list):
        container.extend(content)
    else:
        container.update(content)


# Containers of tensors compare element by element, which fails or is slow.
def _differs(value, copy):
    if len(value) != len(copy):
        return True
    if isinstance(value, list):
        return any(a is not b for a, b in zip(value, copy))
    if isinstance(value, dict):
        return any(
            a is not b or value[a] is not copy[b] for a, b in zip(value, copy))
    return value != copy


@contextlib.contextmanager
def _random_state(events):
    """Puts the state of every random number generator back.

    What is drawn by others than torch is part of the graph, and is told.
    """
    torch_state = torch.get_rng_state()
    python_state = random.getstate()
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy else None
    try:
        yield
        drawn = []
        if random.getstate() != python_state:
            drawn.append("`random`")
        if numpy_state is not None and str(
                numpy.random.get_state()) != str(numpy_state):
            drawn.append("`numpy.random`")
        if drawn:
            events.note(
                "baked-random",
                f"the model draws numbers from Python's {' and '.join(drawn)}: "
                f"what it does with them is part of the graph as it was in this "
                f"run")
    finally:
        torch.set_rng_state(torch_state)
        random.setstate(python_state)
        if numpy_state is not None:
            numpy.random.set_state(numpy_state)


class _Unloaded(types.ModuleType):
    """Stands for torch._inductor until somebody wants it.

    torch looks there for compiled code when it tells where an operator was called,
    and would load the whole compiler for that, which takes seconds.
    """

    def __getattr__(self, name):
        if name == "codecache" or name.startswith("__"):
            raise AttributeError(name)
        # Puts itself in the place of this.
        return getattr(importlib.import_module("torch._inductor"), name)


def _put_off_compiler():
    unloaded = _Unloaded("torch._inductor")
    if "torch._inductor" not in sys.modules:
        torch._inductor = unloaded
    return unloaded


@contextlib.contextmanager
def compiler_unloaded():
    """Keeps what is done from loading torch's compiler without need."""
    unloaded = _put_off_compiler()
    try:
        yield
    finally:
        if vars(torch).get("_inductor") is unloaded:
            del torch._inductor


@contextlib.contextmanager
def _nothing_compiled():
    """Compiled modules run their plain operators."""
    if "torch._dynamo" in sys.modules:
        with torch.compiler.set_stance("force_eager"):
            yield
        return
    # Nothing is compiled yet, and the compiler takes seconds to load: only if the
    # model itself asks for it.
    original = torch.compile
    with contextlib.ExitStack() as stack:

        @functools.wraps(original)
        def load_and_compile(*args, **kwargs):
            torch.compile = original
            stack.enter_context(torch.compiler.set_stance("force_eager"))
            return original(*args, **kwargs)

        torch.compile = load_and_compile
        try:
            yield
        finally:
            torch.compile = original


@contextlib.contextmanager
def _plain_operators():
    """No fused fast paths, no compiled kernels: the operators people wrote."""
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with _nothing_compiled():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)


def _module_of(model):
    """The module that a callable is, or is a method of; else None."""
    while isinstance(model, functools.partial):
        model = model.func
    model = getattr(model, "__self__", model)
    return model if isinstance(model, torch.nn.Module) else None


class LiveModel:
    """A module and what it is called with; `run` is called by the extension.

    A method of a module (`net.features`) is called as it is; names, parameters and
    all else are the module's.
    """

    def __init__(self, model, args=(), kwargs=None):
        if not callable(model):
            raise TypeError(
                f"a model is a torch.nn.Module or another callable, not a "
                f"{class_name(type(model))}")
        if isinstance(model, torch.nn.Module):
            for name, tensor in itertools.chain(model.named_parameters(),
                                                model.named_buffers()):
                if torch.nn.parameter.is_lazy(tensor):
                    raise ValueError(
                        f"`{name}` has no shape yet (a lazy module): call the "
                        f"model once, then convert it")
        self.model = model
        self.args = tuple(args)
        self.kwargs = dict(kwargs or {})
        # What the first run raised, or whatever interrupted another.
        self.exception = None
        self._raised = None
        self._failed = (None, "")
        self.result_spec = None  # of the first run
        self.module = _module_of(model)
        self._paths = {}
        if self.module is not None:
            # The first path of a module counts, as it does in named_modules.
            self._paths = {id(m): path for path, m in self.module.named_modules()}

    @property
    def name(self):
        if self.module is not None:
            return type(self.module).__name__
        return getattr(self.model, "__name__", type(self.model).__name__)

    def state(self):
        """(name, is_parameter, tensor) for each name of a parameter or buffer."""
        if self.module is None:
            return []
        named = [
            (name, True, tensor) for name, tensor in
            self.module.named_parameters(remove_duplicate=False)
        ] + [
            (name, False, tensor) for name, tensor in
            self.module.named_buffers(remove_duplicate=False)
        ]
        return [row for row in named if isinstance(row[2], torch.Tensor)]

    def objects(self):
        """(name, object) for each of torch's own objects that modules keep.

        The weights of quantised modules are in such objects.
        """
        if not isinstance(self.model, torch.nn.Module):
            return []
        return [(f"{path}.{name}" if path else name, value)
                for path, module in self.model.named_modules(
                    remove_duplicate=False)
                for name, value in vars(module).items()
                if isinstance(value, torch.ScriptObject)]

    def argument_names(self):
        function = self.model
        if isinstance(function, torch.nn.Module):
            function = function.forward
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return []
        return [
            parameter.name for parameter in parameters
            if parameter.kind in (parameter.POSITIONAL_ONLY,
                                  parameter.POSITIONAL_OR_KEYWORD)
        ]

    def module_attributes(self, path):
        """The numbers, strings, None, and lists of them, that a module holds."""
        if not isinstance(self.model, torch.nn.Module):
            return {}
        try:
            module = self.model.get_submodule(path)
        except AttributeError:  # made while the model ran
            return {}
        return {
            name: value for name, value in vars(module).items()
            if not name.startswith("_") and _structure.is_plain(value)
        }

    def bound_inputs(self):
        """The leaves of the arguments, their structure, and what is neither."""
        leaves, spec, opaque = _flatten_call(self.args, self.kwargs)
        return leaves, spec.structure, opaque

    def own_arguments(self, leaves=None):
        """What it came with, as (args, kwargs), to be run with. Objects in it, which
        the model may change (a cache that grows), are copies that share their
        tensors. Not to be recorded.

        Args:
          leaves: tensors in the places of its own; None: its own.
        """
        own, spec, _ = _structure.flatten((self.args, self.kwargs), "arguments")
        if leaves is None and not spec.copies:
            return self.args, self.kwargs
        return spec.unflatten(own if leaves is None else leaves)

    def example(self, args, kwargs):
        """The leaves of other arguments, and their structure."""
        # Keywords go in the order of the own ones, as leaves do.
        order = {name: i for i, name in enumerate(self.kwargs)}
        kwargs = dict(sorted(kwargs.items(),
                             key=lambda item: order.get(item[0], len(order))))
        leaves, spec, _ = _flatten_call(tuple(args), kwargs)
        return leaves, spec.structure

    @property
    def failed_path(self):
        """The module that the exception came from; empty if it was none."""
        exception, path = self._failed
        return path if exception is self._raised else ""

    def run(self, events, args, kwargs):
        """Runs the model once.

        Args:
          events: has `enter(path, class_name)`, `exit()`, `carry()`
            (_threads.recorded_threads), `share(tensor)` and `note(code, message)`.
          args, kwargs: what it is called with.

        Returns:
          The leaves of the result, its structure, and a list of (path, class
          name) of what the structure cannot tell.
        """
        modules = []
        if self.module is not None:
            modules = list(self.module.modules())
        snapshot = _Snapshot(modules)
        paths = self._paths
        names = {}
        places = _threads.Places()
        places.entered = [""]

        def enter(module, _):
            entered = places.entered
            if entered is None:  # none of the model's threads
                return
            path = paths.get(id(module))
            cls = type(module)
            if path is None:
                # Made while the model ran, or none of its own: where it is called.
                path = entered[-1]
            if cls not in names:
                names[cls] = class_name(cls)
            entered.append(path)
            events.enter(path, names[cls])

        def leave(*_):
            entered = places.entered
            if entered is not None and len(entered) > 1:
                exception = sys.exc_info()[1]
                if exception is not None and self._failed[0] is not exception:
                    # The innermost module that this exception left.
                    self._failed = (exception, entered[-1])
                entered.pop()
                events.exit()

        handles = [
            torch_module.register_module_forward_pre_hook(enter),
            torch_module.register_module_forward_hook(leave, always_call=True),
        ]
        try:
            with _random_state(events), _memory.told(events), \
                    _plain_operators(), _threads.recorded_threads(
                        places, events.carry):
                result = self.model(*args, **kwargs)
        except BaseException as exception:
            self._raised = exception
            if self.result_spec is None or not isinstance(exception, Exception):
                self.exception = exception
            raise
        finally:
            for handle in handles:
                handle.remove()
            while len(places.entered) > 1:
                leave()
            snapshot.restore()
        leaves, spec, opaque = _structure.flatten(result, "result")
        if self.result_spec is None:
            self.result_spec = spec
        return leaves, spec.structure, opaque


def _flatten_call(args, kwargs):
    value = args if not kwargs else dict(enumerate(args)) | kwargs
    return _structure.flatten(value, "arguments")


def load(spec):
    """The model that `package.module:callable` or `...:callable(a=1)` names.

    The callable is a torch.nn.Module, or something that returns one. Arguments in
    parentheses are Python literals; nothing is evaluated as code.
    """
    import ast

    _put_off_compiler()  # for good: the process is the converter's
    module_name, separator, rest = spec.partition(":")
    if not separator or not module_name or not rest:
        raise ValueError(f"`{spec}` is not of the form package.module:callable")
    call = None
    name = rest
    if "(" in rest:
        try:
            call = ast.parse(rest, mode="eval").body
        except SyntaxError as error:
            raise ValueError(f"`{rest}` is not a call: {error.msg}") from None
        if not isinstance(call, ast.Call):
            raise ValueError(f"`{rest}` is not a call")
        name = ast.unparse(call.func)
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"`{name}` is not a name")
    target = importlib.import_module(module_name)
    for part in name.split("."):
        if not hasattr(target, part):
            near = [other for other in dir(target)
                    if part.lower() in other.lower() and not other.startswith("_")]
            hint = f"; there are {', '.join(near[:8])}" if near else ""
            raise AttributeError(f"{module_name} has no `{name}`{hint}")
        target = getattr(target, part)
    args, kwargs = [], {}
    if call is not None:
        try:
            args = [ast.literal_eval(argument) for argument in call.args]
            kwargs = {
                keyword.arg: ast.literal_eval(keyword.value)
                for keyword in call.keywords
            }
        except ValueError:
            raise ValueError(
                f"arguments of `{rest}` must be literals: numbers, strings, True, "
                f"None, and tuples, lists and dicts of them") from None
    if isinstance(target, torch.nn.Module):
        if call is not None:
            raise TypeError(f"`{name}` is a module, not something that makes one")
        return LiveModel(target)
    if not callable(target):
        raise TypeError(f"`{name}` is a {class_name(type(target))}, not a callable")
    model = target(*args, **kwargs)
    if isinstance(model, torch.nn.Module):
        return LiveModel(model.eval())
    raise TypeError(
        f"`{rest}` returned a {class_name(type(model))}, not a torch.nn.Module")
