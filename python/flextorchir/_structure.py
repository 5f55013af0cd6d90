"""Arguments and results of a model, taken apart into tensors and put together.

Tensors are leaves, in the order in which Python visits them; so are numpy arrays,
which share their memory with a tensor. Numbers, strings and None are constants.
Tuples, lists, dicts, named tuples and dataclasses nest freely. Of an object of any
other class (a cache of keys and values), the attributes that hold tensors are taken
apart; one without any is a constant of its own.

A structure is a tuple, which the extension turns into the IR's `Structure`:

    ("leaf", number)
    ("constant", value)
    ("tuple" | "list", [structure, ...])
    ("dict", [(key, structure), ...])
    ("named", "module.Class", [(field, structure), ...])
"""

import collections.abc
import copy
import dataclasses
import sys
import types

import torch

_MAX_DEPTH = 64
_CONSTANTS = (bool, int, float, complex, str)
# Objects of these are what they are: neither copied nor looked into.
_WHOLE = (type, types.FunctionType, types.MethodType, types.ModuleType,
          torch.nn.Module)


def _class_name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def _is_named_tuple(cls):
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def _is_struct_sequence(cls):
    """What torch.return_types are: the classes of torch.max(x, 0) and its like."""
    return issubclass(cls, tuple) and hasattr(cls, "n_fields")


def _field_names(value):
    """The fields of a named tuple, a struct sequence or a dataclass, else None."""
    cls = type(value)
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(value)]
    if _is_named_tuple(cls):
        return list(value._fields)
    if _is_struct_sequence(cls):
        return list(cls.__match_args__)  # dir() would sort them
    return None


def _attributes(value):
    """What hangs on an object, by name."""
    attributes = {}
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                attributes[name] = getattr(value, name)
    attributes.update(getattr(value, "__dict__", {}))
    return attributes


def _set_attribute(value, name, attribute):
    """Past whatever the class does when an attribute is set."""
    if name in getattr(value, "__dict__", ()):
        value.__dict__[name] = attribute
    else:
        object.__setattr__(value, name, attribute)


def _shell(value, without=()):
    """A copy of an object that can be filled, and keeps none of its tensors.

    Containers that hang on it are copied too. What cannot be copied is itself.
    """
    attributes = {} if isinstance(value, _WHOLE) else _attributes(value)
    if not attributes:
        return value
    try:
        shell = copy.copy(value)
        for name, attribute in attributes.items():
            if name in without:
                _set_attribute(shell, name, None)
            elif type(attribute) in (list, dict, set):
                _set_attribute(shell, name, attribute.copy())
    except Exception:  # pylint: disable=broad-except
        # Whatever a class of the user's own does when it is copied.
        return value
    return shell


def _make_object(shell):
    """How to make an object anew: of its shell and its fields."""

    def make(fields):
        value = _shell(shell)
        for name, field in fields.items():
            _set_attribute(value, name, field)
        return value

    return make


def _make_mapping(value):
    """How to make a dict of another class, or with other keys than text, anew."""
    keys = list(value)
    shell = None
    if isinstance(value, collections.abc.MutableMapping):
        try:
            shell = copy.copy(value)
            shell.clear()
        except Exception:  # pylint: disable=broad-except
            shell = None

    def make(items):
        filled = {} if shell is None else copy.copy(shell)
        for key, item in zip(keys, items.values()):
            filled[key] = item
        return filled

    return make


class Spec:
    """How a value was taken apart: its structure, and how to make it again.

    Attributes:
      structure: see above.
      makers: by path in the structure: a function of what is inside (a dict, or a
        list; a tensor for a leaf) that makes the value. In a tuple, list or dict
        of Python's own, and where a value came from a file, there is none.
      copies: whether it has objects in it that `unflatten` copies, and that a
        model may therefore change.
    """

    def __init__(self, structure, makers=None, copies=False):
        self.structure = structure
        self.makers = makers or {}
        self.copies = copies

    def unflatten(self, leaves):
        """The value with these leaves in the places of its own."""
        return self._build(self.structure, leaves, "")

    def _build(self, structure, leaves, path):
        kind = structure[0]
        maker = self.makers.get(path)
        if kind == "leaf":
            leaf = leaves[structure[1]]
            return maker(leaf) if maker else leaf
        if kind == "constant":
            return structure[1]
        if kind in ("named", "dict"):
            inside = {
                key: self._build(child, leaves, _step(path, kind, key))
                for key, child in structure[-1]
            }
            if maker is None and kind == "named":
                return _make_named(structure[1], inside)
        else:
            inside = [
                self._build(child, leaves, _step(path, kind, i))
                for i, child in enumerate(structure[1])
            ]
            if maker is None and kind == "tuple":
                return tuple(inside)
        return maker(inside) if maker else inside


def _step(path, kind, key):
    return f"{path}.{key}" if kind == "named" else f"{path}[{key!r}]"


class _Flattener:

    def __init__(self, root):
        self.root = root
        self.leaves = []
        self.makers = {}
        # Whether there are objects that a run may change, and that are copied.
        self.copies = False
        # What has no place in a structure.
        self.opaque = []
        # The objects that are being taken apart, and those without tensors.
        self._open = set()
        self._barren = {}

    def flatten(self, value, path="", depth=0):
        if depth > _MAX_DEPTH:
            if self._open:  # far from what the model is called with
                return ("constant", None)
            raise ValueError(
                f"{self.root}{path} is nested deeper than {_MAX_DEPTH} levels, or "
                "holds itself")
        if isinstance(value, torch.Tensor):
            self.leaves.append(value)
            return ("leaf", len(self.leaves) - 1)
        if value is None or type(value) in _CONSTANTS:
            return ("constant", value)
        # A dataclass or named tuple may be a dict besides (transformers' results).
        fields = _field_names(value)
        if fields is not None:
            return self._fields(value, fields, path, depth)
        if isinstance(value, (tuple, list)):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return (kind, [
                self.flatten(item, _step(path, kind, i), depth + 1)
                for i, item in enumerate(value)
            ])
        if isinstance(value, collections.abc.Mapping):
            return self._mapping(value, path, depth)
        array = _from_numpy(value)
        if isinstance(array, torch.Tensor):
            self.makers[path] = lambda tensor: tensor.detach().numpy()
        if array is not None:
            return self.flatten(array, path, depth)
        if isinstance(value, _CONSTANTS):  # an enum that is an int
            return ("constant", _plain(value))
        return self._object(value, path, depth)

    def _fields(self, value, fields, path, depth):
        cls = type(value)
        if (dataclasses.is_dataclass(cls)
                and isinstance(value, collections.abc.Mapping)):
            # Fields that are None are no part of such a result.
            fields = [field for field in fields if field in value]
        shell = value
        if dataclasses.is_dataclass(cls) and not isinstance(value, dict):
            shell = _shell(value, fields)
        # Where it can be, without what the class does to make one.
        self.makers[path] = (
            _make_object(shell) if shell is not value
            else lambda inside: _make_record(cls, inside))
        return ("named", _class_name(cls), [
            (field, self.flatten(getattr(value, field),
                                 _step(path, "named", field), depth + 1))
            for field in fields
        ])

    def _mapping(self, value, path, depth):
        names = list(value)
        if not all(type(key) in (str, int) for key in names):
            names = [key if type(key) in (str, int) else repr(key) for key in names]
        if type(value) is not dict or names != list(value):
            self.makers[path] = _make_mapping(value)
        return ("dict", [
            (name, self.flatten(item, _step(path, "dict", name), depth + 1))
            for name, item in zip(names, value.values())
        ])

    def _object(self, value, path, depth):
        name = _class_name(type(value))
        attributes = {} if isinstance(value, _WHOLE) else _attributes(value)
        # It may hold itself, and be found again at each of many places.
        if id(value) in self._open or id(value) in self._barren:
            attributes = {}
        if isinstance(value, collections.abc.Iterator) or (
                isinstance(value, collections.abc.Set)
                and any(isinstance(item, torch.Tensor) for item in value)):
            self.opaque.append((f"{self.root}{path}", name))
        self._open.add(id(value))
        found = []
        for attribute, inside in attributes.items():
            leaves, makers, opaque = map(
                len, (self.leaves, self.makers, self.opaque))
            structure = self.flatten(inside, _step(path, "named", attribute),
                                     depth + 1)
            if len(self.leaves) > leaves:
                found.append((attribute, structure))
            else:
                while len(self.makers) > makers:
                    self.makers.popitem()
                del self.opaque[opaque:]
        self._open.discard(id(value))
        if not found:
            self._barren[id(value)] = value
        shell = _shell(value, [attribute for attribute, _ in found])
        if found and shell is value:
            # Its tensors would stay in it.
            self.opaque.append((f"{self.root}{path}", name))
        self.makers[path] = _make_object(shell)
        self.copies |= shell is not value
        return ("named", name, found)


def _from_numpy(value):
    """The tensor with the memory of a numpy array, a numpy number's own value.

    None: it is neither, or strings, or its steps run backwards.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        try:
            return torch.from_numpy(value)
        except (TypeError, ValueError):
            return None
    if numpy is not None and isinstance(value, numpy.generic):
        number = value.item()
        return number if type(number) in _CONSTANTS else None
    return None


def is_plain(value):
    """Whether it is a constant, or a list of such: of one type but for None."""
    if value is None or type(value) in _CONSTANTS:
        return True
    if not isinstance(value, (list, tuple)) or hasattr(value, "_fields"):
        return False
    return (all(item is None or type(item) in _CONSTANTS for item in value)
            and len({type(item) for item in value if item is not None}) <= 1)


def _plain(value):
    for constant in _CONSTANTS:
        if isinstance(value, constant):
            return constant(value)
    raise TypeError(value)


def flatten(value, path):
    """Takes `value` apart.

    Args:
      path: what messages call it.

    Returns:
      Its tensors, its `Spec`, and a list of (path, class name) of the objects in
      it that cannot be told by tensors and constants.
    """
    flattener = _Flattener(path)
    structure = flattener.flatten(value)
    spec = Spec(structure, flattener.makers, flattener.copies)
    return flattener.leaves, spec, flattener.opaque


def _make_record(cls, fields):
    try:
        if _is_struct_sequence(cls):
            return cls(fields.values())
        return cls(**fields)
    except TypeError:
        return types.SimpleNamespace(**fields)


def _make_named(name, fields):
    """An object of the class that a file names, or a namespace.

    A file is not trusted: nothing is imported for it, and only classes that do no
    more than keep their fields are made.
    """
    module, _, qualname = name.rpartition(".")
    cls = getattr(sys.modules.get(module), qualname, None)
    if isinstance(cls, type) and (
            dataclasses.is_dataclass(cls) or _is_named_tuple(cls)
            or _is_struct_sequence(cls)):
        return _make_record(cls, fields)
    return types.SimpleNamespace(**fields)
