"""The functions that a PAC script may call, in JavaScript.

A part of the one function that pac_harness.py makes of it: what stands here uses `lookUp`, `ownAddresses` and `clock`
of that, and nothing that the script could have replaced before the call. The meaning of each function is that of
Netscape's "Proxy Auto-Config File Format", of Microsoft's IPv6 extensions (the names in Ex), and where these are
silent that of Chromium (services/proxy_resolver/pac_js_library.h, net/proxy_resolution/pac_library.cc).
"""

from __future__ import annotations

from typing import Final

PAC_LIBRARY: Final = r"""
// ---- addresses

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

// The four bytes of a dotted address, or null.
function bytesOfV4(text) {
    const match = exec(V4, text);
    if (match === null) return null;
    const bytes = [+match[1], +match[2], +match[3], +match[4]];
    return bytes[0] > 255 || bytes[1] > 255 || bytes[2] > 255 || bytes[3] > 255 ? null : bytes;
}

// The groups between colons as bytes, the last of them maybe a dotted address; null if one is none.
function bytesOfGroups(text) {
    const bytes = [];
    if (text === "") return bytes;
    const groups = split(text, ":");
    for (let i = 0; i < groups.length; i++) {
        const v4 = i === groups.length - 1 ? bytesOfV4(groups[i]) : null;
        if (v4 !== null) {
            for (let j = 0; j < 4; j++) append(bytes, v4[j]);
        } else {
            if (exec(/^[0-9a-fA-F]{1,4}$/, groups[i]) === null) return null;
            const value = toInt(groups[i], 16);
            append(bytes, value >> 8);
            append(bytes, value & 255);
        }
    }
    return bytes;
}

// The sixteen bytes of an IPv6 address, or null.
function bytesOfV6(text) {
    const halves = split(text, "::");
    if (halves.length > 2) return null;
    const bytes = bytesOfGroups(halves[0]);
    if (bytes === null || (halves.length === 2 && exec(/\./, halves[0]) !== null)) return null;
    if (halves.length === 2) {
        const after = bytesOfGroups(halves[1]);
        if (after === null || bytes.length + after.length > 14) return null;
        while (bytes.length + after.length < 16) append(bytes, 0);
        for (let i = 0; i < after.length; i++) append(bytes, after[i]);
    }
    return bytes.length === 16 ? bytes : null;
}

function bytesOfAddress(text) {
    return bytesOfV4(text) || (exec(/:/, text) === null ? null : bytesOfV6(text));
}

function numberOfV4(text) {
    const bytes = split(text, ".");
    return ((bytes[0] & 255) << 24) | ((bytes[1] & 255) << 16) | ((bytes[2] & 255) << 8) | (bytes[3] & 255);
}

function firstV4(addresses) {
    for (let i = 0; i < addresses.length; i++) if (bytesOfV4(addresses[i]) !== null) return addresses[i];
    return null;
}

function resolved(host) {
    return typeof host === "string" ? firstV4(lookUp(host)) : null;
}

define("convert_addr", function convert_addr(address) { return numberOfV4(String(address)); });

define("isInNet", function isInNet(host, pattern, mask) {
    let address = String(host);
    if (exec(V4, address) === null) address = resolved(host);  // which asks for no "null" when dnsResolve() said null
    if (address === null || bytesOfV4(address) === null) return false;
    if (bytesOfV4(String(pattern)) === null || bytesOfV4(String(mask)) === null) return false;
    const bits = numberOfV4(String(mask));
    return (numberOfV4(address) & bits) === (numberOfV4(String(pattern)) & bits);
});

define("isInNetEx", function isInNetEx(address, prefix) {
    const bytes = bytesOfAddress(String(address));
    const match = exec(/^([^\/]*)\/(\d{1,3})$/, String(prefix));
    const net = match === null ? null : bytesOfAddress(match[1]);
    if (bytes === null || net === null || bytes.length !== net.length || match[2] > 8 * net.length) return false;
    for (let i = 0, bits = +match[2]; bits > 0; i++, bits -= 8) {
        const mask = bits >= 8 ? 255 : 256 - (1 << (8 - bits));
        if ((bytes[i] & mask) !== (net[i] & mask)) return false;
    }
    return true;
});

// IPv6 comes first, then the smaller address; false for what is no list of addresses.
define("sortIpAddressList", function sortIpAddressList(list) {
    if (typeof list !== "string") return null;
    const texts = split(replace(list, /\s+/g, ""), ";");
    const sorted = [];
    for (let i = 0; i < texts.length; i++) {
        const bytes = bytesOfAddress(texts[i]);
        if (bytes === null) return false;
        append(sorted, { text: texts[i], bytes });
    }
    sort(sorted, (one, other) => {
        let difference = other.bytes.length - one.bytes.length;
        for (let i = 0; difference === 0 && i < one.bytes.length; i++) difference = one.bytes[i] - other.bytes[i];
        return difference;
    });
    let joined = "";
    for (let i = 0; i < sorted.length; i++) joined += (i ? ";" : "") + sorted[i].text;
    return joined;
});

// ---- names

define("dnsResolve", function dnsResolve(host) { return resolved(host); });
define("isResolvable", function isResolvable(host) { return resolved(host) !== null; });
define("dnsResolveEx", function dnsResolveEx(host) {
    return typeof host === "string" ? join(lookUp(host), ";") : "";
});
define("isResolvableEx", function isResolvableEx(host) { return typeof host === "string" && lookUp(host).length > 0; });
define("myIpAddress", function myIpAddress() { return firstV4(ownAddresses()) || "127.0.0.1"; });
define("myIpAddressEx", function myIpAddressEx() { return join(ownAddresses(), ";"); });

define("isPlainHostName", function isPlainHostName(host) { return exec(/[.:]/, String(host)) === null; });

define("dnsDomainIs", function dnsDomainIs(host, domain) {
    host = String(host);
    domain = String(domain);
    return host.length >= domain.length && slice(host, host.length - domain.length) === domain;
});

define("localHostOrDomainIs", function localHostOrDomainIs(host, whole) {
    host = String(host);
    whole = String(whole);
    return host === whole || slice(whole, 0, host.length + 1) === host + ".";
});

define("dnsDomainLevels", function dnsDomainLevels(host) { return split(String(host), ".").length - 1; });

const SPECIAL = /[\\^$+()[\]{}|]/, LINE_END = /[\n\r\u2028\u2029]/;

// `part` may hold "?", and the text is long enough.
function isAt(text, part, at) {
    for (let i = 0; i < part.length; i++) if (part[i] !== "?" && part[i] !== text[at + i]) return false;
    return true;
}

function find(text, part, from) {
    if (indexOf(part, "?") < 0) return indexOf(text, part, from);
    for (let at = from; at + part.length <= text.length; at++) if (isAt(text, part, at)) return at;
    return -1;
}

// In linear time, where a regular expression takes a power of it for each further "*": who chooses a URL must not be
// able to have the script ended.
function matchesParts(text, parts) {
    const first = parts[0], last = parts[parts.length - 1], end = text.length - last.length;
    if (parts.length === 1) return text.length === first.length && isAt(text, first, 0);
    if (end < first.length || !isAt(text, first, 0) || !isAt(text, last, end)) return false;
    let at = first.length;
    for (let i = 1; i < parts.length - 1; i++) {
        at = find(text, parts[i], at);
        if (at < 0 || at + parts[i].length > end) return false;
        at += parts[i].length;
    }
    return true;
}

// Only "." and the two wildcards mean something else than in a regular expression; scripts rely on what slips through.
define("shExpMatch", function shExpMatch(text, pattern) {
    text = String(text);
    pattern = String(pattern);
    if (exec(SPECIAL, pattern) === null && exec(LINE_END, text) === null)
        return matchesParts(text, split(pattern, "*"));
    pattern = replace(replace(replace(pattern, /\./g, "\\."), /\*/g, ".*"), /\?/g, ".");
    return exec(new RegExp("^" + pattern + "$"), text) !== null;
});

// ---- time

const DAYS = { __proto__: null, SUN: 0, MON: 1, TUE: 2, WED: 3, THU: 4, FRI: 5, SAT: 6 };
const MONTHS = {
    __proto__: null, JAN: 0, FEB: 1, MAR: 2, APR: 3, MAY: 4, JUN: 5, JUL: 6, AUG: 7, SEP: 8, OCT: 9, NOV: 10, DEC: 11,
};

// From one end to the other, both included; beyond the end of the week, year or day where they are in that order.
function isBetween(from, now, to) {
    return from <= to ? from <= now && now <= to : from <= now || now <= to;
}

// Splits what a range was called with into its values and the date that counts: local time, or GMT if that is last.
function rangeArguments(given) {
    const isGmt = given.length > 0 && given[given.length - 1] === "GMT";
    const values = [];
    for (let i = 0; i < given.length - (isGmt ? 1 : 0); i++) append(values, given[i]);
    return { values, now: clock(isGmt) };
}

define("weekdayRange", function weekdayRange(...given) {
    const { values, now } = rangeArguments(given);
    if (values.length < 1 || values.length > 2) return false;
    const from = DAYS[values[0]], to = DAYS[values[values.length - 1]];
    return from !== undefined && to !== undefined && isBetween(from, now.weekday, to);
});

// Puts a day (up to 31), a month or a year into `date`; false for anything else.
function putDatePart(date, value) {
    const number = toInt(value, 10);
    if (number !== number) {
        date.month = MONTHS[value];
        return date.month !== undefined;
    }
    if (number < 32) date.day = number;
    else date.year = number;
    return number > 0;
}

// The parts of a date that are in `like`, as one number that can be compared.
function dateNumber(date, like) {
    return (like.year === undefined ? 0 : date.year * 400) + (like.month === undefined ? 0 : date.month * 32)
        + (like.day === undefined ? 0 : date.day);
}

function isSameKind(one, other) {
    return (one.year === undefined) === (other.year === undefined)
        && (one.month === undefined) === (other.month === undefined)
        && (one.day === undefined) === (other.day === undefined);
}

define("dateRange", function dateRange(...given) {
    const { values, now } = rangeArguments(given);
    const half = values.length === 1 ? 1 : values.length / 2;
    if (half !== 1 && half !== 2 && half !== 3) return false;
    const from = { __proto__: null }, to = { __proto__: null };
    for (let i = 0; i < half; i++) {
        if (!putDatePart(from, values[i])) return false;
        if (!putDatePart(to, values[values.length - half + i])) return false;
    }
    return isSameKind(from, to) && isBetween(dateNumber(from, from), dateNumber(now, from), dateNumber(to, from));
});

define("timeRange", function timeRange(...given) {
    const { values, now } = rangeArguments(given);
    const v = [];
    for (let i = 0; i < values.length; i++) append(v, +values[i]);
    switch (v.length) {
    case 1: return now.hour === v[0];
    case 2: return isBetween(v[0], now.hour, v[1]);
    case 4: return isBetween(v[0] * 60 + v[1], now.hour * 60 + now.minute, v[2] * 60 + v[3]);
    case 6: return isBetween(v[0] * 3600 + v[1] * 60 + v[2], now.hour * 3600 + now.minute * 60 + now.second,
                             v[3] * 3600 + v[4] * 60 + v[5]);
    default: return false;
    }
});
"""
