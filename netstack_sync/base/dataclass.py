"""dataclass(), field() and replace() as in the standard library, made at a tenth of its price.

The standard decorator compiles half a dozen functions for each class, some 0.5 ms. A first request needs dozens of such
classes, so that was most of its time; importing `dataclasses` itself, with `inspect`, takes another 10 ms. Here only
__init__ is compiled, the other methods are closures.

Classes always have slots. `dataclasses.fields()`, `replace()` and `asdict()` take them as their own: what these look at
is made when it is first asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "field", "replace"]

T = TypeVar("T")
_set = object.__setattr__


class _Missing:
    def __repr__(self) -> str:
        return "<factory>"  # what signatures show


_MISSING: Any = _Missing()


class _Field:
    """What is known of a field; the arguments of `dataclasses.field`."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr")

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        kw_only: bool = False,
    ) -> None:
        self.name = ""
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.kw_only = kw_only


def _dataclass(
    *, frozen: bool = False, slots: bool, eq: bool = True, repr: bool = True, kw_only: bool = False
) -> Callable[[type[T]], type[T]]:
    """See `dataclasses.dataclass`."""
    assert slots, "all have slots"

    def decorate(plain: type[T]) -> type[T]:
        fields = _fields_of(plain, kw_only)
        made: Any = _with_slots(plain, fields)
        methods: dict[str, Any] = {"__init__": _make_init(made, fields, frozen), "__replace__": _replace}
        if repr:
            methods["__repr__"] = _make_repr(fields)
        if eq:
            methods.update(_make_comparison(made, fields, frozen))
        if frozen:
            methods.update(_make_frozen(made, fields))
        for name, method in methods.items():
            if name not in made.__dict__:  # the class may have its own
                setattr(made, name, method)
        return made  # type: ignore[no-any-return]

    return decorate


def _fields_of(plain: type, kw_only: bool) -> list[_Field]:
    fields: list[_Field] = []
    for name in _types_of(plain):
        value = plain.__dict__.get(name, _MISSING)
        field = value if isinstance(value, _Field) else _Field(default=value)
        field.name = name
        field.kw_only = field.kw_only or kw_only
        fields.append(field)
    return fields


def _types_of(made: type) -> dict[str, Any]:
    """Its own alone; as they are written."""
    types: dict[str, Any] = made.__dict__.get("__annotations__", {})  # noqa: RUF063  # importing inspect is slow
    return types


def _with_slots(plain: type[T], fields: list[_Field]) -> Any:
    """The same class with slots, which have to be there when a class is made."""
    names = tuple([field.name for field in fields])
    left_out = {*names, "__dict__", "__weakref__"}
    content = {name: value for name, value in plain.__dict__.items() if name not in left_out}
    content["__slots__"] = names
    content.setdefault("__match_args__", tuple([field.name for field in fields if field.init and not field.kw_only]))
    content["__dataclass_fields__"] = _StandardFields(fields)
    content["__init_names__"] = tuple([field.name for field in fields if field.init])
    metaclass: Any = type(plain)
    made = metaclass(plain.__name__, plain.__bases__, content)
    made.__qualname__ = plain.__qualname__
    return made


def _make_init(made: type, fields: list[_Field], frozen: bool) -> Callable[..., None]:
    """Compiled, because each object that is made goes through it, and so that its signature can be looked at."""
    known: dict[str, Any] = {"_set": _set, "_MISSING": _MISSING}
    positional: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    for field in fields:
        name, value, default = field.name, field.name, ""
        if field.default_factory is not _MISSING:
            known[f"_make_{name}"] = field.default_factory
            default = "=_MISSING"
            value = f"_make_{name}() if {name} is _MISSING else {name}" if field.init else f"_make_{name}()"
        elif field.default is not _MISSING:
            known[f"_default_{name}"] = field.default
            default = f"=_default_{name}"
            value = name if field.init else f"_default_{name}"
        elif not field.init:
            continue  # __post_init__ sets it
        if field.init:
            (by_name if field.kw_only else positional).append(name + default)
        body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(["self", *positional, *(["*", *by_name] if by_name else [])])
    lines = "\n  ".join(body or ["pass"])
    source = f"def make({', '.join(known)}):\n def __init__({parameters}):\n  {lines}\n return __init__"
    local: dict[str, Any] = {}
    exec(source, sys.modules[made.__module__].__dict__, local)
    init: Callable[..., None] = local["make"](**known)
    init.__qualname__ = f"{made.__qualname__}.__init__"
    types = _types_of(made)
    init.__annotations__ = {**{field.name: types[field.name] for field in fields if field.init}, "return": None}
    return init


def _make_repr(fields: list[_Field]) -> Callable[[Any], str]:
    names = [field.name for field in fields if field.repr]

    def __repr__(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join([f'{name}={getattr(self, name)!r}' for name in names])})"

    return recursive_repr()(__repr__)


def _make_comparison(made: type, fields: list[_Field], frozen: bool) -> dict[str, Any]:
    compared = [field.name for field in fields if field.compare]
    # At least two, of which it makes a tuple: a value that is not equal to itself is to be equal as a field.
    values = attrgetter(*compared, *["__class__"] * (2 - len(compared)))

    def __eq__(self: object, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(values(self) == values(other))

    def __hash__(self: object) -> int:
        return hash(values(self))

    own_hash = made.__dict__.get("__hash__")
    if own_hash is None:  # none, or the None that comes with an own __eq__
        setattr(made, "__hash__", __hash__ if frozen else None)  # noqa: B010
    return {"__eq__": __eq__}


def _make_frozen(made: Any, fields: list[_Field]) -> dict[str, Any]:
    names = [field.name for field in fields]

    def __setattr__(self: object, name: str, value: object) -> None:
        _refuse(type(self) is made or name in names, f"cannot assign to field {name!r}")
        super(made, self).__setattr__(name, value)

    def __delattr__(self: object, name: str) -> None:
        _refuse(type(self) is made or name in names, f"cannot delete field {name!r}")
        super(made, self).__delattr__(name)

    def __getstate__(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    def __setstate__(self: object, state: list[object]) -> None:
        for name, value in zip(names, state, strict=True):
            _set(self, name, value)

    # object has a __getstate__ from Python 3.11 on, which does not go with slots that cannot be set
    return {
        "__setattr__": __setattr__,
        "__delattr__": __delattr__,
        "__getstate__": __getstate__,
        "__setstate__": __setstate__,
    }


def _refuse(is_refused: bool, why: str) -> None:
    if is_refused:
        from dataclasses import FrozenInstanceError  # late: it is rarely needed, and slow to import

        raise FrozenInstanceError(why)


class _StandardFields:
    """What the standard library looks at, `__dataclass_fields__`, on demand."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[_Field]) -> None:
        self._fields = fields

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        import dataclasses  # late: slow to import, and whoever asks has it

        content: dict[str, Any] = {"__annotations__": dict(owner.__annotations__)}
        for field in self._fields:
            content[field.name] = dataclasses.field(
                default=dataclasses.MISSING if field.default is _MISSING else field.default,
                default_factory=dataclasses.MISSING if field.default_factory is _MISSING else field.default_factory,
                init=field.init,
                repr=field.repr,
                compare=field.compare,
                kw_only=field.kw_only,
            )
        like_it: Any = dataclasses.dataclass(type(owner.__name__, (), content))
        setattr(owner, "__dataclass_fields__", like_it.__dataclass_fields__)  # noqa: B010
        return like_it.__dataclass_fields__  # type: ignore[no-any-return]


def _replace(value: Any, /, **changes: Any) -> Any:
    """See `dataclasses.replace`."""
    return type(value)(
        **{name: getattr(value, name) for name in value.__init_names__ if name not in changes}, **changes
    )


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = _dataclass, _Field, _replace
