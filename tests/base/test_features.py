"""Features: the texts and mappings users write, refused loudly where they would have no effect."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.features import (
    KNOWN_FEATURES,
    TIMEOUT_TCP_CONNECT_ATTEMPT,
    FeatureList,
    FeatureOverride,
    parse_duration,
)

NAME = "TimeoutTcpConnectAttempt"
MULTIPLIER = f"{NAME}RTTMultiplier"
MIN = f"{NAME}Min"
MAX = f"{NAME}Max"
ON = FeatureList((FeatureOverride(TIMEOUT_TCP_CONNECT_ATTEMPT, True),))
OFF = FeatureList((FeatureOverride(TIMEOUT_TCP_CONNECT_ATTEMPT, False),))


def _values(features: FeatureList) -> tuple[bool, float, float, float]:
    feature = TIMEOUT_TCP_CONNECT_ATTEMPT
    return (
        features.is_enabled(feature),
        features.number(feature, MULTIPLIER),
        features.seconds(feature, MIN),
        features.seconds(feature, MAX),
    )


def test_nothing_said_means_defaults() -> None:
    """Chromium's: off, five round trips, 8 to 30 s."""
    assert _values(FeatureList()) == (False, 5.0, 8.0, 30.0)
    assert dict(KNOWN_FEATURES) == {NAME: TIMEOUT_TCP_CONNECT_ATTEMPT}
    assert repr(TIMEOUT_TCP_CONNECT_ATTEMPT) == f"<Feature {NAME}>"


@pytest.mark.parametrize(
    "text, values",
    [
        ("", (False, 5.0, 8.0, 30.0)),
        (" , ,", (False, 5.0, 8.0, 30.0)),
        (NAME, (True, 5.0, 8.0, 30.0)),
        (f" {NAME} ,", (True, 5.0, 8.0, 30.0)),
        (f"{NAME}:{MIN}/3s", (True, 5.0, 3.0, 30.0)),
        (f"{NAME}:{MULTIPLIER}/2.0/{MIN}/3s/{MAX}/5s", (True, 2.0, 3.0, 5.0)),
        (f"{NAME}:{MAX}/5s/{MULTIPLIER}/2/{MIN}/500ms", (True, 2.0, 0.5, 5.0)),
        (f"{NAME}:{MIN}/1%2E5s", (True, 5.0, 1.5, 30.0)),
    ],
)
def test_text_enables_and_tunes(text: str, values: tuple[bool, float, float, float]) -> None:
    """Chromium's syntax; a parameter that is not named keeps its default, the order does not matter."""
    assert _values(FeatureList.from_text(text)) == values


def test_text_disables() -> None:
    """The second list takes names only."""
    assert FeatureList.from_text("", f" {NAME},") == OFF


@pytest.mark.parametrize(
    "enable, disable, complaint",
    [
        ("Nonsense", "", f"no feature is named 'Nonsense'; there are: {NAME}"),
        ("", "Nonsense", f"no feature is named 'Nonsense'; there are: {NAME}"),
        ("", f"{NAME}:{MIN}/3s", "no feature is named"),
        (f"{NAME}:Speed/3", "", f"{NAME} has no parameter 'Speed'; there are: {MULTIPLIER}, {MIN}, {MAX}"),
        (f"{NAME}:", "", "parameters are written Name:Param/value"),
        (f"{NAME}:{MIN}", "", "parameters are written Name:Param/value"),
        (f"{NAME}:{MIN}/3s/{MAX}", "", "parameters are written Name:Param/value"),
        (f"{NAME}:{MIN}/3s/{MIN}/4s", "", f"{NAME}: {MIN} is given twice"),
        (f"{NAME}:{MIN}/3", "", f"{MIN}: '3' is no duration; give it a unit, such as 3s"),
        (f"{NAME}:{MIN}/-3s", "", f"{MIN}: '-3s' is no duration"),
        (f"{NAME}:{MULTIPLIER}/fast", "", f"{MULTIPLIER}: 'fast' is no number"),
        (f"{NAME}:{MULTIPLIER}/nan", "", f"{MULTIPLIER}: 'nan' is no number"),
        (f"{NAME}:{MULTIPLIER}/inf", "", f"{MULTIPLIER}: 'inf' is no number"),
        (f"{NAME},{NAME}", "", f"feature {NAME} is named twice"),
        ("", f"{NAME},{NAME}", f"feature {NAME} is named twice"),
    ],
)
def test_a_text_without_effect_is_refused(enable: str, disable: str, complaint: str) -> None:
    """The message names what is wrong and what there is."""
    with pytest.raises(ValueError) as caught:
        FeatureList.from_text(enable, disable)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("3s", 3.0),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("1.s", 1.0),
        ("1m", 60.0),
        ("2h", 7200.0),
        ("1h30m", 5400.0),
        ("250us", 0.00025),
        ("2000ns", 0.000002),
    ],
)
def test_durations_carry_their_unit(text: str, seconds: float) -> None:
    """As base::TimeDeltaFromString reads them."""
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "3", "s", "3 s", "3S", "3d", "1e3s", "+3s", "3s4", "x3s", ".s", "٣s", "9" * 30 + "h"]
)
def test_no_duration(text: str) -> None:
    """A bare number would leave the unit to guesswork."""
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@given(st.integers(0, 10**9))
def test_every_number_of_milliseconds_is_read_exactly(milliseconds: int) -> None:
    """Nothing is lost between text and seconds."""
    assert parse_duration(f"{milliseconds}ms") == timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize(
    "value, values",
    [
        (None, (False, 5.0, 8.0, 30.0)),
        (NAME, (True, 5.0, 8.0, 30.0)),
        (ON, (True, 5.0, 8.0, 30.0)),
        ({}, (False, 5.0, 8.0, 30.0)),
        ({NAME: True}, (True, 5.0, 8.0, 30.0)),
        ({NAME: False}, (False, 5.0, 8.0, 30.0)),
        ({NAME: {}}, (True, 5.0, 8.0, 30.0)),
        ({NAME: {MIN: 3, MAX: 4.5, MULTIPLIER: 2}}, (True, 2.0, 3.0, 4.5)),
        ({NAME: {MIN: "3s", MAX: timedelta(minutes=1), MULTIPLIER: "2"}}, (True, 2.0, 3.0, 60.0)),
    ],
)
def test_what_a_user_may_write(
    value: FeatureList | str | dict[str, object] | None, values: tuple[bool, float, float, float]
) -> None:
    """A text, a mapping, a list made before, or nothing; in a mapping a number is seconds."""
    assert _values(FeatureList.from_value(value)) == values


@pytest.mark.parametrize(
    "value, complaint",
    [
        ({"Nonsense": True}, "no feature is named 'Nonsense'"),
        ({NAME: {"Speed": 1}}, f"{NAME} has no parameter 'Speed'"),
        ({NAME: {MIN: -1}}, f"{MIN}: -1 seconds is no duration"),
        ({NAME: {MIN: timedelta(seconds=-1)}}, f"{MIN}: -1.0 seconds is no duration"),
        ({NAME: {MIN: math.nan}}, f"{MIN}: nan seconds is no duration"),
        ({NAME: {MIN: math.inf}}, f"{MIN}: inf seconds is no duration"),
        ({NAME: {MIN: 10**400}}, "seconds is no duration"),
        ({NAME: {MIN: True}}, f"{MIN}: True is no duration"),
        ({NAME: {MIN: None}}, f"{MIN}: None is no duration"),
        ({NAME: {MULTIPLIER: True}}, f"{MULTIPLIER}: True is no number"),
        ({NAME: {MULTIPLIER: [5]}}, f"{MULTIPLIER}: [5] is no number"),
        ({NAME: {MULTIPLIER: 10**400}}, "is no number"),
    ],
)
def test_a_mapping_without_effect_is_refused(value: dict[str, object], complaint: str) -> None:
    """As strictly as a text."""
    with pytest.raises(ValueError) as caught:
        FeatureList.from_value(value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("value, type_name", [(5, "int"), ([NAME], "list")])
def test_other_values_are_refused(value: object, type_name: str) -> None:
    """The message says what may be given."""
    with pytest.raises(TypeError, match=f"must be a str, a mapping or a FeatureList, not {type_name}"):
        FeatureList.from_value(value)  # type: ignore[arg-type]


def test_a_setting_is_a_bool_or_parameters() -> None:
    """A 1 may mean either."""
    with pytest.raises(TypeError, match=f"feature {NAME} must be True, False or a mapping of parameters, not 1"):
        FeatureList.from_value({NAME: 1})


def test_the_environment_enables_and_disables() -> None:
    """Two variables; others do not matter."""
    assert FeatureList.from_environment({"PATH": "/bin"}) == FeatureList()
    assert FeatureList.from_environment({"NETSTACK_ENABLE_FEATURES": NAME}) == ON
    assert FeatureList.from_environment({"NETSTACK_DISABLE_FEATURES": NAME}) == OFF


@pytest.mark.parametrize(
    "environ, variable",
    [
        ({"NETSTACK_ENABLE_FEATURES": "Nonsense", "NETSTACK_DISABLE_FEATURES": NAME}, "NETSTACK_ENABLE_FEATURES"),
        ({"NETSTACK_ENABLE_FEATURES": NAME, "NETSTACK_DISABLE_FEATURES": "Nonsense"}, "NETSTACK_DISABLE_FEATURES"),
        ({"NETSTACK_DISABLE_FEATURES": f"{NAME},{NAME}"}, "NETSTACK_DISABLE_FEATURES"),
    ],
)
def test_a_bad_variable_is_named(environ: dict[str, str], variable: str) -> None:
    """Whoever reads the message did not write the call."""
    with pytest.raises(ValueError, match=f"environment variable {variable}: "):
        FeatureList.from_environment(environ)


def test_who_is_asked_first_decides_about_a_whole_feature() -> None:
    """Precedence: what the first list names, the second has no say in, not even in its parameters."""
    tuned = FeatureList.from_text(f"{NAME}:{MIN}/3s")
    assert ON.merged_over(tuned) == ON
    assert OFF.merged_over(tuned) == OFF
    assert tuned.merged_over(OFF) == tuned
    assert FeatureList().merged_over(tuned) == tuned
    assert tuned.merged_over(FeatureList()) == tuned


def test_equal_wishes_are_equal_values() -> None:
    """Order and spelling do not matter; a list may be a key."""
    first = FeatureList.from_text(f"{NAME}:{MIN}/3s/{MAX}/1m")
    second = FeatureList.from_value({NAME: {MAX: 60, MIN: timedelta(seconds=3)}})
    assert first == second and hash(first) == hash(second)
    assert first != ON


def test_a_parameter_is_asked_for_by_its_kind() -> None:
    """A duration is no number, and who asks for what is not there made a mistake."""
    with pytest.raises(AssertionError, match="a duration"):
        FeatureList().number(TIMEOUT_TCP_CONNECT_ATTEMPT, MIN)
    with pytest.raises(AssertionError, match="no duration"):
        FeatureList().seconds(TIMEOUT_TCP_CONNECT_ATTEMPT, MULTIPLIER)
    with pytest.raises(KeyError):
        FeatureList().number(TIMEOUT_TCP_CONNECT_ATTEMPT, "Speed")


def test_what_is_switched_on_and_off_is_off() -> None:
    """As in Chromium: an operator can take back what somebody else switched on."""
    features = FeatureList.from_text(f"{NAME}:{MULTIPLIER}/2", NAME)
    assert not features.is_enabled(TIMEOUT_TCP_CONNECT_ATTEMPT)
