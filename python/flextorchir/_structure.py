"""Arguments and results of a model, taken apart into tensors and put together.

Tensors are leaves, in the order in which Python visits them. Numbers, strings and
None are constants. Tuples, lists, dicts, named tuples and dataclasses nest freely.

A structure is a tuple, which the extension turns into the IR's `Structure`:

    ("leaf", number)
    ("constant", value)
    ("tuple" | "list", [structure, ...])
    ("dict", [(key, structure), ...])
    ("named", "module.Class", [(field, structure), ...])
"""

import collections.abc
import dataclasses
import importlib
import types

import torch

_MAX_DEPTH = 64
_CONSTANTS = (bool, int, float, complex, str)


def _class_name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def _is_named_tuple(value):
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _field_names(value):
    """The fields of a named tuple, a struct sequence or a dataclass, else None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [field.name for field in dataclasses.fields(value)]
    if _is_named_tuple(value):
        return list(value._fields)
    if isinstance(value, tuple) and hasattr(value, "n_fields"):
        # What torch.return_types are: torch.max(x, 0) and its like.
        return [
            name for name in dir(type(value))
            if isinstance(getattr(type(value), name), types.MemberDescriptorType)
        ]
    return None


class Spec:
    """How a value was taken apart: its structure, and the classes it was made of."""

    def __init__(self, structure, classes):
        self.structure = structure
        self._classes = classes

    def unflatten(self, leaves):
        """The value with these leaves in the places of its own."""
        return build(self.structure, leaves, self._classes)


class _Flattener:

    def __init__(self):
        self.leaves = []
        self.classes = {}
        # Objects that are no constants and hold no tensors we can see.
        self.opaque = []

    def flatten(self, value, path, depth=0):
        if depth > _MAX_DEPTH:
            raise ValueError(
                f"{path} is nested deeper than {_MAX_DEPTH} levels, or holds itself")
        if isinstance(value, torch.Tensor):
            self.leaves.append(value)
            return ("leaf", len(self.leaves) - 1)
        if value is None or type(value) in _CONSTANTS:
            return ("constant", value)
        # A dataclass or named tuple may be a dict besides (transformers' results).
        fields = _field_names(value)
        if fields is not None:
            name = _class_name(type(value))
            self.classes[name] = type(value)
            if (dataclasses.is_dataclass(value)
                    and isinstance(value, collections.abc.Mapping)):
                # Fields that are None are no part of such a result.
                fields = [field for field in fields if field in value]
            return ("named", name, [
                (field, self.flatten(getattr(value, field), f"{path}.{field}",
                                     depth + 1))
                for field in fields
            ])
        if isinstance(value, tuple) or isinstance(value, list):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return (kind, [
                self.flatten(item, f"{path}[{i}]", depth + 1)
                for i, item in enumerate(value)
            ])
        if isinstance(value, collections.abc.Mapping):
            if all(type(key) in (str, int) for key in value):
                return ("dict", [
                    (key, self.flatten(item, f"{path}[{key!r}]", depth + 1))
                    for key, item in value.items()
                ])
        if isinstance(value, _CONSTANTS):  # an enum that is an int, a numpy float
            return ("constant", _plain(value))
        self.opaque.append((path, _class_name(type(value))))
        return ("constant", None)


def _plain(value):
    for constant in _CONSTANTS:
        if isinstance(value, constant):
            return constant(value)
    raise TypeError(value)


def flatten(value, path):
    """Takes `value` apart.

    Returns:
      Its tensors, its `Spec`, and a list of (path, class name) of the objects in
      it that cannot be told by tensors and constants.
    """
    flattener = _Flattener()
    structure = flattener.flatten(value, path)
    return flattener.leaves, Spec(structure, flattener.classes), flattener.opaque


def _make_named(name, fields, classes):
    cls = classes.get(name)
    if cls is None and "." in name:
        module, _, qualname = name.rpartition(".")
        try:
            cls = getattr(importlib.import_module(module), qualname)
        except (ImportError, AttributeError, ValueError):
            cls = None
    if cls is not None:
        try:
            if issubclass(cls, tuple) and not hasattr(cls, "_fields"):
                return cls(fields.values())
            return cls(**fields)
        except TypeError:
            pass
    return types.SimpleNamespace(**fields)


def build(structure, leaves, classes=None):
    """The value of this structure: a class that is not there is a namespace."""
    kind = structure[0]
    if kind == "leaf":
        return leaves[structure[1]]
    if kind == "constant":
        return structure[1]
    if kind == "named":
        fields = {
            name: build(child, leaves, classes) for name, child in structure[2]
        }
        return _make_named(structure[1], fields, classes or {})
    if kind == "dict":
        return {key: build(child, leaves, classes) for key, child in structure[1]}
    items = [build(child, leaves, classes) for child in structure[1]]
    return tuple(items) if kind == "tuple" else items
