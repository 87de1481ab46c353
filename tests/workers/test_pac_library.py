"""The functions that a PAC script may call: one table of expressions and what they are worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netstack_sync.workers.evaluate_pac import PacEvaluator
from netstack_sync.workers.pac_values import PacLimits
from tests.support.pac_runs import moment, request_of, run_once

KNOWN: dict[str, tuple[str, ...] | None] = {
    "www": ("192.168.1.7",),
    "both.example": ("2001:db8::7", "10.1.2.3", "10.1.2.4"),
    "six.example": ("2001:db8::6",),
    "none.example": None,
    "empty.example": (),
    "bücher.example": ("10.0.0.9",),
    "__proto__": ("10.0.0.10",),
}

NAMES = [
    ('isPlainHostName("www")', "true"),
    ('isPlainHostName("www.example.com")', "false"),
    ('isPlainHostName("")', "true"),
    ('isPlainHostName("127.0.0.1")', "false"),
    ('isPlainHostName("::1")', "false"),
    ('isPlainHostName("www.")', "false"),
    ('dnsDomainIs("www.example.com", ".example.com")', "true"),
    ('dnsDomainIs("www", ".example.com")', "false"),
    ('dnsDomainIs("wwwexample.com", "example.com")', "true"),
    ('dnsDomainIs("example.com", "www.example.com")', "false"),
    ('dnsDomainIs("example.com", "example.com")', "true"),
    ('dnsDomainIs("www.Example.com", ".example.com")', "false"),
    ('dnsDomainIs("a.b", "")', "true"),
    ('localHostOrDomainIs("www.example.com", "www.example.com")', "true"),
    ('localHostOrDomainIs("www", "www.example.com")', "true"),
    ('localHostOrDomainIs("www.other.com", "www.example.com")', "false"),
    ('localHostOrDomainIs("home.example.com", "www.example.com")', "false"),
    ('localHostOrDomainIs("ww", "www.example.com")', "false"),
    ('localHostOrDomainIs("www.example", "www.example.com")', "true"),
    ('dnsDomainLevels("www")', "0"),
    ('dnsDomainLevels("www.example")', "1"),
    ('dnsDomainLevels("a.b.c.d")', "3"),
    ('dnsDomainLevels("")', "0"),
    ("FindProxyForURL.length", "2"),
    ("typeof getClientVersion", '"undefined"'),
    ("typeof FindProxyForURLEx", '"undefined"'),
]

LOOKUPS = [
    ('dnsResolve("www")', '"192.168.1.7"'),
    ('dnsResolve("WWW")', '"192.168.1.7"'),
    ('dnsResolve("both.example")', '"10.1.2.3"'),
    ('dnsResolve("six.example")', "null"),
    ('dnsResolve("none.example")', "null"),
    ('dnsResolve("empty.example")', "null"),
    ('dnsResolve("1.2.3.4")', '"1.2.3.4"'),
    ('dnsResolve("::1")', "null"),
    ('dnsResolve("bücher.example")', '"10.0.0.9"'),
    ('dnsResolve("__proto__")', '"10.0.0.10"'),
    ('dnsResolve("")', "null"),
    ('dnsResolve("a b")', "null"),
    ('dnsResolve("a\\u0000b")', "null"),
    ('dnsResolve("\\ud800")', "null"),
    ('dnsResolve("x".repeat(256))', "null"),
    ("dnsResolve()", "null"),
    ("dnsResolve(5)", "null"),
    ("dnsResolve({})", "null"),
    ('isResolvable("www")', "true"),
    ('isResolvable("six.example")', "false"),
    ('isResolvable("none.example")', "false"),
    ("isResolvable()", "false"),
    ('isResolvableEx("www")', "true"),
    ('isResolvableEx("six.example")', "true"),
    ('isResolvableEx("none.example")', "false"),
    ("isResolvableEx()", "false"),
    ('dnsResolveEx("both.example")', '"2001:db8::7;10.1.2.3;10.1.2.4"'),
    ('dnsResolveEx("six.example")', '"2001:db8::6"'),
    ('dnsResolveEx("none.example")', '""'),
    ('dnsResolveEx("::1")', '"::1"'),
    ("dnsResolveEx()", '""'),
    ("myIpAddress()", '"10.9.8.7"'),
    ("myIpAddressEx()", '"fd00::5;10.9.8.7"'),
]

ADDRESSES = [
    ('isInNet("192.168.1.7", "192.168.0.0", "255.255.0.0")', "true"),
    ('isInNet("192.169.1.7", "192.168.0.0", "255.255.0.0")', "false"),
    ('isInNet("www", "192.168.1.0", "255.255.255.0")', "true"),
    ('isInNet("both.example", "10.1.2.3", "255.255.255.255")', "true"),
    ('isInNet("six.example", "0.0.0.0", "0.0.0.0")', "false"),
    ('isInNet("none.example", "0.0.0.0", "0.0.0.0")', "false"),
    ('isInNet(dnsResolve("none.example"), "0.0.0.0", "0.0.0.0")', "false"),
    ('isInNet(undefined, "0.0.0.0", "0.0.0.0")', "false"),
    ('isInNet("1.2.3.4", "0.0.0.0", "0.0.0.0")', "true"),
    ('isInNet("1.2.3.256", "0.0.0.0", "0.0.0.0")', "false"),
    ('isInNet("1.2.3.4", "1.2.3", "255.255.255.0")', "false"),
    ('isInNet("1.2.3.4", "1.2.3.0", "24")', "false"),
    ('isInNet("1.2.3.4", "1.2.3.0", "255.255.255.256")', "false"),
    ('isInNet("1.2.3.4", "1.2.3.0")', "false"),
    ('isInNet("200.1.2.3", "200.0.0.0", "255.0.0.0")', "true"),
    ('isInNet("::1", "0.0.0.0", "0.0.0.0")', "false"),
    ('isInNetEx("192.168.1.7", "192.168.0.0/16")', "true"),
    ('isInNetEx("192.169.1.7", "192.168.0.0/16")', "false"),
    ('isInNetEx("192.168.1.7", "192.168.1.7/32")', "true"),
    ('isInNetEx("192.168.1.6", "192.168.1.7/32")', "false"),
    ('isInNetEx("192.168.1.6", "192.168.1.7/31")', "true"),
    ('isInNetEx("1.2.3.4", "99.99.99.99/0")', "true"),
    ('isInNetEx("1.2.3.4", "1.2.3.0/33")', "false"),
    ('isInNetEx("1.2.3.4", "1.2.3.0")', "false"),
    ('isInNetEx("1.2.3.4", "1.2.3.0/")', "false"),
    ('isInNetEx("1.2.3.4", "1.2.3.0/24/8")', "false"),
    ('isInNetEx("www", "192.168.0.0/16")', "false"),
    ('isInNetEx("2001:db8::5", "2001:db8::/32")', "true"),
    ('isInNetEx("2001:db9::5", "2001:db8::/32")', "false"),
    ('isInNetEx("2001:db8::5", "2001:DB8::/32")', "true"),
    ('isInNetEx("3ffe:8311:ffff::5", "3ffe:8311:fffc::/46")', "true"),
    ('isInNetEx("3ffe:8311:fff8::5", "3ffe:8311:fffc::/46")', "false"),
    ('isInNetEx("::ffff:10.1.2.3", "::ffff:10.0.0.0/104")', "true"),
    ('isInNetEx("10.1.2.3", "::ffff:10.0.0.0/104")', "false"),
    ('isInNetEx("::1", "::1/129")', "false"),
    ('isInNetEx("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8/128")', "true"),
    ('isInNetEx("1:2:3:4:5:6:7", "::/0")', "false"),
    ('isInNetEx("1:2:3:4:5:6:7:8:9", "::/0")', "false"),
    ('isInNetEx("1::2::3", "::/0")', "false"),
    ('isInNetEx("1:2:3:4:5:6:7::", "::/0")', "true"),
    ('isInNetEx("::2:3:4:5:6:7:8", "::/0")', "true"),
    ('isInNetEx("1:2:3:4::5:6:7:8", "::/0")', "false"),
    ('isInNetEx("12345::", "::/0")', "false"),
    ('isInNetEx(":1::", "::/0")', "false"),
    ('isInNetEx("1.2.3.4::", "::/0")', "false"),
    ('isInNetEx("::1.2.3.4:5", "::/0")', "false"),
    ('isInNetEx("::", "::/128")', "true"),
    ('isInNetEx("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304/128")', "true"),
    ("isInNetEx()", "false"),
    ('convert_addr("1.2.3.4")', "16909060"),
    ('convert_addr("255.255.255.255")', "-1"),
    ('convert_addr("0.0.1.0")', "256"),
    ('sortIpAddressList("10.2.3.9;2001:4898::6;::1;10.1.2.3")', '"::1;2001:4898::6;10.1.2.3;10.2.3.9"'),
    ('sortIpAddressList("10.2.3.9")', '"10.2.3.9"'),
    ('sortIpAddressList(" 10.2.3.9 ;\\t::1 ")', '"::1;10.2.3.9"'),
    ('sortIpAddressList("9.0.0.0;10.0.0.0")', '"9.0.0.0;10.0.0.0"'),
    ('sortIpAddressList("")', "false"),
    ('sortIpAddressList("10.2.3.9;")', "false"),
    ('sortIpAddressList("10.2.3.9;nonsense")', "false"),
    ("sortIpAddressList()", "null"),
    ("sortIpAddressList(5)", "null"),
]

PATTERNS = [
    ('shExpMatch("www.example.com", "*.example.com")', "true"),
    ('shExpMatch("www.example.com", "*.EXAMPLE.com")', "false"),
    ('shExpMatch("example.com", "*.example.com")', "false"),
    ('shExpMatch("www.example.com", "www.example.com")', "true"),
    ('shExpMatch("wwwxexample.com", "www.example.com")', "false"),
    ('shExpMatch("www.example.com", "www.example.co?")', "true"),
    ('shExpMatch("www.example.com", "www.example.?")', "false"),
    ('shExpMatch("www.example.com", "*")', "true"),
    ('shExpMatch("", "*")', "true"),
    ('shExpMatch("", "?")', "false"),
    ('shExpMatch("a/b/c", "*/b/*")', "true"),
    ('shExpMatch("ab", "a")', "false"),
    ('shExpMatch("abc", "a[bx]c")', "true"),
    ('shExpMatch("ac", "(a|b)c")', "true"),
    ('shExpMatch("xa|b", "a|bc")', "false"),
    ('shExpMatch("a", "a|b")', "true"),
    ('shExpMatch("http://a.b/?x=1", "http://a.b/*")', "true"),
    ('shExpMatch("a\\nb", "a*b")', "false"),
    ("shExpMatch(5, 5)", "true"),
]

# At 12:30:15 on Saturday, 21 November 2026, UTC; the machine's time zone is 13 hours to the east: Sunday, 01:30:15.
TIMES = [
    ('weekdayRange("SUN")', "true"),
    ('weekdayRange("SAT")', "false"),
    ('weekdayRange("SAT", "GMT")', "true"),
    ('weekdayRange("SUN", "GMT")', "false"),
    ('weekdayRange("MON", "FRI")', "false"),
    ('weekdayRange("SAT", "MON")', "true"),
    ('weekdayRange("FRI", "MON", "GMT")', "true"),
    ('weekdayRange("SUN", "FRI", "GMT")', "false"),
    ('weekdayRange("SAT", "SAT", "GMT")', "true"),
    ('weekdayRange("MON", "SUN")', "true"),
    ('weekdayRange("sun")', "false"),
    ('weekdayRange("XXX", "SUN")', "false"),
    ('weekdayRange("SUN", "XXX")', "false"),
    ('weekdayRange("SUN", "MON", "TUE")', "false"),
    ('weekdayRange("GMT")', "false"),
    ("weekdayRange()", "false"),
    ('weekdayRange("__proto__")', "false"),
    ("dateRange(22)", "true"),
    ("dateRange(21)", "false"),
    ('dateRange(21, "GMT")', "true"),
    ('dateRange("22")', "true"),
    ('dateRange("NOV")', "true"),
    ('dateRange("nov")', "false"),
    ('dateRange("DEC", "GMT")', "false"),
    ("dateRange(2026)", "true"),
    ("dateRange(2025)", "false"),
    ("dateRange(20, 25)", "true"),
    ("dateRange(23, 25)", "false"),
    ("dateRange(28, 24)", "true"),
    ("dateRange(28, 3)", "false"),
    ('dateRange("JAN", "MAR")', "false"),
    ('dateRange("OCT", "DEC")', "true"),
    ('dateRange("NOV", "FEB")', "true"),
    ('dateRange("DEC", "OCT")', "false"),
    ("dateRange(2020, 2026)", "true"),
    ("dateRange(2027, 2030)", "false"),
    ('dateRange(1, "JUN", 15, "AUG")', "false"),
    ('dateRange(1, "JUN", 22, "NOV")', "true"),
    ('dateRange(1, "JUN", 21, "NOV")', "false"),
    ('dateRange(1, "JUN", 21, "NOV", "GMT")', "true"),
    ('dateRange(24, "DEC", 22, "NOV")', "true"),
    ('dateRange(24, "DEC", 21, "NOV")', "false"),
    ('dateRange("OCT", 2026, "MAR", 2027)', "true"),
    ('dateRange("DEC", 2026, "MAR", 2027)', "false"),
    ('dateRange(22, "NOV", 2026, 22, "NOV", 2026)', "true"),
    ('dateRange(21, "NOV", 2026, 21, "NOV", 2026)', "false"),
    ('dateRange(21, "NOV", 2026, 21, "NOV", 2026, "GMT")', "true"),
    ('dateRange(1, "JAN", 2020, 31, "DEC", 2025)', "false"),
    ('dateRange("NOV", 22)', "false"),
    ('dateRange(1, "JUN", 15)', "false"),
    ('dateRange("XXX")', "false"),
    ('dateRange(1, "XXX", 2, "NOV")', "false"),
    ('dateRange(1, "NOV", 30, "XXX")', "false"),
    ("dateRange(0)", "false"),
    ('dateRange("GMT")', "false"),
    ("dateRange()", "false"),
    ("timeRange(1)", "true"),
    ("timeRange(12)", "false"),
    ('timeRange(12, "GMT")', "true"),
    ("timeRange(0, 1)", "true"),
    ("timeRange(2, 5)", "false"),
    ("timeRange(22, 2)", "true"),
    ("timeRange(22, 0)", "false"),
    ('timeRange(9, 17, "GMT")', "true"),
    ("timeRange(1, 0, 1, 30)", "true"),
    ("timeRange(1, 0, 1, 29)", "false"),
    ("timeRange(1, 31, 1, 29)", "false"),
    ("timeRange(23, 30, 1, 30)", "true"),
    ("timeRange(1, 30, 15, 1, 30, 15)", "true"),
    ("timeRange(1, 30, 16, 2, 0, 0)", "false"),
    ("timeRange(1, 30, 0, 1, 30, 14)", "false"),
    ('timeRange(12, 30, 0, 12, 30, 59, "GMT")', "true"),
    ("timeRange(1, 30, 16, 1, 30, 15)", "true"),
    ('timeRange("1", "2")', "true"),
    ("timeRange(1, 2, 3)", "false"),
    ("timeRange()", "false"),
    ('timeRange("GMT")', "false"),
]

CASES = NAMES + LOOKUPS + ADDRESSES + PATTERNS + TIMES


@pytest.fixture(scope="module")
def evaluator() -> PacEvaluator:
    return PacEvaluator(PacLimits(max_names=30))


@pytest.mark.parametrize("expression, value", CASES)
def test_each_function_answers_as_it_does_in_a_browser(expression: str, value: str) -> None:
    """Row 225: JavascriptLibrary, V8Bindings, DNSResolutionFailure, DNSResolutionOfInternationDomainName."""
    now = moment("2026-11-21 12:30:15", offset_h=13, own=("fd00::5", "10.9.8.7"))
    outcome = run_once(f"return '' + JSON.stringify({expression})", KNOWN, now)
    assert (outcome.error, outcome.needs, outcome.result) == (None, None, value)


def test_there_are_enough_cases() -> None:
    """No case is there twice."""
    assert len(CASES) == len({expression for expression, _ in CASES}) >= 150


@pytest.mark.parametrize("function", ["myIpAddress", "myIpAddressEx"])
def test_a_machine_without_addresses_is_its_own_host(function: str) -> None:
    """myIpAddress() is 127.0.0.1, and the list of all is empty."""
    assert run_once(f"return {function}()").result == ("127.0.0.1" if function == "myIpAddress" else "")


@pytest.mark.parametrize("at, expected", [("2026-12-31 23:59:59", "true"), ("2027-01-01 00:00:00", "false")])
def test_a_range_ends_with_its_last_second(at: str, expected: str) -> None:
    """The year is that of the time zone that counts."""
    assert run_once('return "" + dateRange(2026, "GMT")', at=moment(at, offset_h=1)).result == expected
    assert run_once('return "" + dateRange(2026)', at=moment(at, offset_h=1)).result == "false"


def test_a_pattern_that_is_no_regular_expression_is_an_error_of_the_script() -> None:
    """Its place is where the script calls the function."""
    error = run_once('\n  return shExpMatch(host, "[")').error
    assert error is not None and "SyntaxError" in error.message and (error.line, error.column) == (2, 21)


def test_a_script_may_have_functions_of_its_own_by_these_names() -> None:
    """Then they are called, and the others do not notice."""
    text = 'function dnsResolve() { return "mine" }\nfunction FindProxyForURL(u, h) { return dnsResolve() + %s }'
    assert run_once(text % 'isInNet("www", "192.168.1.0", "255.255.255.0")', KNOWN).result == "minetrue"


def test_what_a_script_does_to_the_engine_does_not_reach_the_functions() -> None:
    """They have fetched what they need before."""
    spoil = """
        RegExp.prototype.exec = String.prototype.slice = function () { return null };
        Array.prototype.sort = Date.prototype.getUTCHours = JSON.parse = null;
        Object.defineProperty(Object.prototype, "0", { set() { throw "seen" }, configurable: true });
        Object.defineProperty(Array.prototype, "1", { set() { throw "seen" }, configurable: true });
        String = Date = RegExp = Error = undefined;
    """
    body = 'return [isInNet("www", "192.168.1.0", "255.255.255.0"), timeRange(12), sortIpAddressList("1.1.1.1;::1")]'
    assert run_once(f"{spoil} {body}.join()", KNOWN).result == "true,true,::1;1.1.1.1"


def test_one_engine_serves_one_call_after_the_other(evaluator: PacEvaluator) -> None:
    """What was known for one call is not known for the next."""
    request = request_of("return dnsResolve('www') + myIpAddress()", KNOWN)
    assert evaluator.evaluate(request, moment(own=("10.0.0.1",))).result == "192.168.1.710.0.0.1"
    assert evaluator.evaluate(request_of(request.script.text), moment()).needs == "www"


def test_patterns_mean_what_a_regular_expression_would() -> None:
    """All short ones, over all short texts: "a*b" is "a.*b", whichever way it is found out."""
    script = r"""
      function words(letters, size) {
        var found = [''], last = [''];
        for (var n = 0; n < size; n++) {
          var next = [];
          for (var i = 0; i < last.length; i++)
            for (var j = 0; j < letters.length; j++) next.push(last[i] + letters.charAt(j));
          found = found.concat(next);
          last = next;
        }
        return found;
      }
      var patterns = words('a.*?', 4), texts = words('ab.', 4), wrong = [];
      for (var i = 0; i < patterns.length; i++) {
        var source = patterns[i].replace(/\./g, '\\.').replace(/\*/g, '.*').replace(/\?/g, '.');
        var expected = new RegExp('^' + source + '$');
        for (var j = 0; j < texts.length; j++)
          if (shExpMatch(texts[j], patterns[i]) !== expected.test(texts[j])) wrong.push(texts[j] + ' ' + patterns[i]);
      }
      return patterns.length * texts.length + ' ' + wrong.join()
    """
    assert run_once(script).result == "41261 "


@pytest.mark.parametrize("pattern", ["*://*.example.com/*", "*a*a*a*b", "*?a*?a*?b", "a*" * 50 + "b"])
def test_a_long_url_cannot_end_a_script(pattern: str) -> None:
    """Whoever redirects chooses it: a pattern takes time in proportion."""
    request = request_of(f"return '' + shExpMatch(url, '{pattern}')")
    long = replace(request, url="http://evil.test/" + "://a" * 50_000)
    assert PacEvaluator(PacLimits()).evaluate(long, moment()).result == "false"
