"""The error numbers are Chromium's, one name each, and the predicates draw Chromium's lines."""

from __future__ import annotations

import pytest

from netstack_sync.base import net_errors


def _constants() -> dict[str, int]:
    return {k: v for k, v in vars(net_errors).items() if k == "OK" or k.startswith("ERR_")}


def test_every_number_has_one_name() -> None:
    """Two names for one number would make error_name() a matter of luck."""
    numbers = list(_constants().values())
    assert len(numbers) == len(set(numbers)) == 243


@pytest.mark.parametrize(
    "name, number",
    [
        ("OK", 0),
        ("ERR_IO_PENDING", -1),
        ("ERR_ABORTED", -3),
        ("ERR_CONTEXT_SHUT_DOWN", -26),
        ("ERR_CONNECTION_RESET", -101),
        ("ERR_NAME_NOT_RESOLVED", -105),
        ("ERR_CONNECTION_TIMED_OUT", -118),
        ("ERR_CERT_DATE_INVALID", -201),
        ("ERR_EMPTY_RESPONSE", -324),
        ("ERR_CACHE_MISS", -400),
        ("ERR_DNS_TIMED_OUT", -803),
    ],
)
def test_names_and_numbers_are_those_of_chromium(name: str, number: int) -> None:
    """A sample of every range."""
    assert _constants()[name] == number
    assert net_errors.error_name(number) == name
    assert net_errors.error_to_string(number) == f"net::{name}"


def test_errors_are_negative() -> None:
    """Positive results are byte counts."""
    assert all(number < 0 for name, number in _constants().items() if name != "OK")


@pytest.mark.parametrize("number", [1, 1460, -24, -9999])
def test_a_number_that_is_not_listed_has_no_name(number: int) -> None:
    """Byte counts and retired numbers are not errors."""
    assert net_errors.error_name(number) == "ERR_<unknown>"
    assert net_errors.error_to_string(number) == "net::ERR_<unknown>"


def test_certificate_errors_are_the_two_hundreds_and_the_pin() -> None:
    """From -200 down to the end marker, which is none itself, and -150."""
    found = {name for name, number in _constants().items() if net_errors.is_certificate_error(number)}
    expected = {name for name in _constants() if name.startswith("ERR_CERT")}
    expected -= {"ERR_CERT_END", "ERR_CERT_DATABASE_CHANGED", "ERR_CERT_VERIFIER_CHANGED"}
    assert found == expected | {"ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN"}


def test_client_certificate_errors_are_the_five_about_our_own() -> None:
    """What can be cured by another client certificate."""
    found = {n for n in _constants().values() if net_errors.is_client_certificate_error(n)}
    assert found == {-117, -134, -135, -141, -177}
