"""Features: behaviour that is switched on, off and tuned by name, in Chromium's spelling.

A text is what `--enable-features` takes: `Name,Other:Param/value/Param2/value2`. Durations carry their unit
(`500ms`, `1.5s`, `1h30m`); a value that holds `,` `:` or `/` is percent-encoded (base/feature_list.h,
base/time/time_delta_from_string.h). Chromium skips what it does not know; here a name or value that would have
no effect is refused, since whoever wrote it counts on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias
from urllib.parse import unquote

ParamValue: TypeAlias = float | timedelta


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One thing that can be switched; exists once, is compared by identity."""

    name: str
    is_enabled_by_default: bool
    params: Mapping[str, ParamValue]
    """The parameters and their defaults; a timedelta says that the parameter is a duration."""

    def __repr__(self) -> str:
        return f"<Feature {self.name}>"


TIMEOUT_TCP_CONNECT_ATTEMPT: Final = Feature(
    "TimeoutTcpConnectAttempt",
    is_enabled_by_default=False,
    params={
        "TimeoutTcpConnectAttemptRTTMultiplier": 5.0,
        "TimeoutTcpConnectAttemptMin": timedelta(seconds=8),
        "TimeoutTcpConnectAttemptMax": timedelta(seconds=30),
    },
)
"""Give up on one address after some multiple of the round trip time (net/base/features.cc)."""

KNOWN_FEATURES: Final[Mapping[str, Feature]] = {feature.name: feature for feature in (TIMEOUT_TCP_CONNECT_ATTEMPT,)}

ENABLE_VARIABLE: Final = "NETSTACK_ENABLE_FEATURES"
DISABLE_VARIABLE: Final = "NETSTACK_DISABLE_FEATURES"


@dataclass(frozen=True, slots=True)
class FeatureOverride:
    """What somebody wants of one feature; a parameter that is not named keeps its default."""

    feature: Feature
    is_enabled: bool
    params: tuple[tuple[str, ParamValue], ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureList:
    """Which features are on and how they are tuned; hashable. What is not named has its default."""

    overrides: tuple[FeatureOverride, ...] = ()

    @classmethod
    def from_text(cls, enable: str, disable: str = "") -> FeatureList:
        """Reads two lists in Chromium's syntax; `ValueError` for what is unknown, malformed or named twice in one.

        What is in both is off.
        """
        on = [_parse_enabled(item) for item in _items(enable)]
        off = [FeatureOverride(_known(item), False) for item in _items(disable)]
        unwanted = {override.feature for override in off}
        return cls(_sorted_once([*(override for override in on if override.feature not in unwanted), *off]))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> FeatureList:
        """Reads NETSTACK_ENABLE_FEATURES and NETSTACK_DISABLE_FEATURES; the `ValueError` names the variable."""
        variable = ENABLE_VARIABLE
        try:
            cls.from_text(enable := environ.get(variable, ""))
            variable = DISABLE_VARIABLE
            return cls.from_text(enable, environ.get(variable, ""))
        except ValueError as error:
            raise ValueError(f"environment variable {variable}: {error}") from None

    @classmethod
    def from_value(cls, value: FeatureList | str | Mapping[str, object] | None) -> FeatureList:
        """Takes what a user may write: a list, the text that enables, `{name: True | False | {param: value}}`.

        In a mapping a duration may also be a number of seconds. None names nothing.
        """
        if value is None:
            return cls()
        if isinstance(value, FeatureList):
            return value
        if isinstance(value, str):
            return cls.from_text(value)
        if isinstance(value, Mapping):
            return cls(_sorted_once([_from_setting(name, setting) for name, setting in value.items()]))
        raise TypeError(f"features must be a str, a mapping or a FeatureList, not {type(value).__name__}")

    def merged_over(self, other: FeatureList) -> FeatureList:
        """What is said here, and of the features not named here what `other` says."""
        mine = {override.feature for override in self.overrides}
        return FeatureList(_sorted_once([*self.overrides, *(o for o in other.overrides if o.feature not in mine)]))

    def is_enabled(self, feature: Feature) -> bool:
        """Whether the feature is on."""
        override = self._override(feature)
        return feature.is_enabled_by_default if override is None else override.is_enabled

    def number(self, feature: Feature, name: str) -> float:
        """The value of a parameter that is a number."""
        value = self._value(feature, name)
        assert not isinstance(value, timedelta), f"a duration: {name}"
        return value

    def seconds(self, feature: Feature, name: str) -> float:
        """The value of a parameter that is a duration."""
        value = self._value(feature, name)
        assert isinstance(value, timedelta), f"no duration: {name}"
        return value.total_seconds()

    def _value(self, feature: Feature, name: str) -> ParamValue:
        override = self._override(feature)
        return dict(override.params if override is not None else ()).get(name, feature.params[name])

    def _override(self, feature: Feature) -> FeatureOverride | None:
        return next((override for override in self.overrides if override.feature is feature), None)


_UNIT_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Reads `3s`, `500ms`, `1.5s`, `1h30m`; `ValueError` says what is wrong. Only zero needs no unit."""
    if text == "0":
        return timedelta(0)
    seconds, position = 0.0, 0
    while position < len(text) and (part := _DURATION_PART.match(text, position)):
        seconds += float(part[1]) * _UNIT_SECONDS[part[2]]
        position = part.end()
    if not text or position < len(text):
        raise ValueError(f"{text!r} is no duration; give it a unit, such as 3s, 500ms, 1.5s, 1m or 2h")
    return _duration(seconds)


def _duration(seconds: float) -> timedelta:
    try:
        if seconds >= 0:
            return timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise ValueError(f"{seconds} seconds is no duration")  # negative, not a number, or beyond the calendar


def _items(text: str) -> list[str]:
    return [item for item in map(str.strip, text.split(",")) if item]


def _known(name: str) -> Feature:
    feature = KNOWN_FEATURES.get(name)
    if feature is None:
        raise ValueError(f"no feature is named {name!r}; there are: {', '.join(KNOWN_FEATURES)}")
    return feature


def _parse_enabled(item: str) -> FeatureOverride:
    name, colon, rest = item.partition(":")
    feature = _known(name.strip())
    parts = rest.split("/") if colon else []
    if len(parts) % 2:
        raise ValueError(f"{item!r}: parameters are written Name:Param/value/Param2/value2")
    values = zip(map(unquote, parts[::2]), map(unquote, parts[1::2]), strict=True)
    return _enabled(feature, values)


def _from_setting(name: object, setting: object) -> FeatureOverride:
    feature = _known(str(name))
    if isinstance(setting, bool):
        return FeatureOverride(feature, setting)
    if isinstance(setting, Mapping):
        return _enabled(feature, setting.items())
    raise TypeError(f"feature {name} must be True, False or a mapping of parameters, not {setting!r}")


def _enabled(feature: Feature, values: Iterable[tuple[object, object]]) -> FeatureOverride:
    params: dict[str, ParamValue] = {}
    for name, value in values:
        key = str(name)
        if key not in feature.params:
            raise ValueError(f"{feature.name} has no parameter {key!r}; there are: {', '.join(feature.params)}")
        if key in params:
            raise ValueError(f"{feature.name}: {key} is given twice")
        params[key] = _param_value(key, value, isinstance(feature.params[key], timedelta))
    return FeatureOverride(feature, True, tuple(sorted(params.items(), key=lambda item: item[0])))


def _param_value(name: str, value: object, is_duration: bool) -> ParamValue:
    try:
        return _as_duration(value) if is_duration else _as_number(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _as_duration(value: object) -> timedelta:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, timedelta):
        return _duration(value.total_seconds())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _duration(value)
    raise ValueError(f"{value!r} is no duration; write seconds, a timedelta, or a text such as '3s'")


def _as_number(value: object) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ValueError(f"{value!r} is no number")


def _sorted_once(overrides: list[FeatureOverride]) -> tuple[FeatureOverride, ...]:
    """In one order, so that equal lists are equal; `ValueError` if a feature is named twice."""
    by_name: dict[str, FeatureOverride] = {}
    for override in overrides:
        if override.feature.name in by_name:
            raise ValueError(f"feature {override.feature.name} is named twice")
        by_name[override.feature.name] = override
    return tuple(by_name[name] for name in sorted(by_name))
