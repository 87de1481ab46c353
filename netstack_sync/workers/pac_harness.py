"""The JavaScript around a PAC script: the restart trick, what is collected, and one string as the answer.

Python is never called back, for then quickjs could not limit the time. A name that is not known yet is noted where the
script neither sees nor changes it, and ends the run with an exception; whatever the script makes of that, the run is
void and begins anew once the name is known (services/proxy_resolver/proxy_resolver_v8_tracing.cc).

The answer is JSON made of primitive strings only. To turn an exception or an object of the script into text, Python
would call the script's own functions while it holds the interpreter's lock, with no limit of time. The one exception
that the harness cannot catch is the engine's own for the end of the time, so nothing of that can be changed.
"""

from __future__ import annotations

from typing import Final

from netstack_sync.workers.pac_library import PAC_LIBRARY

_BEFORE: Final = r"""(function (global) {
"use strict";
// ---- what the script cannot replace

const { String, RegExp, Error, Date } = global;
const uncurried = Function.prototype.bind.bind(Function.prototype.call);
const exec = uncurried(RegExp.prototype.exec);
const slice = uncurried(String.prototype.slice);
const indexOf = uncurried(String.prototype.indexOf);
const lowerCase = uncurried(String.prototype.toLowerCase);
const hasOwn = uncurried(Object.prototype.hasOwnProperty);
const sort = uncurried(Array.prototype.sort);
const utc = { __proto__: null };
for (const name of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds"])
    utc[name] = uncurried(Date.prototype["getUTC" + name]);
const defineProperty = Object.defineProperty;
const toInt = parseInt, quoted = JSON.stringify, parsed = JSON.parse, evaluate = eval;

for (const [owner, name, value] of [
    [InternalError.prototype, "toString", Error.prototype.toString],
    [InternalError.prototype, Symbol.toPrimitive, undefined],
    [InternalError.prototype, "stack", ""],
    [Error, "prepareStackTrace", undefined],
    [Error, "stackTraceLimit", 10],
]) defineProperty(owner, name, { value, writable: false, configurable: false });
Object.freeze(InternalError.prototype);

function define(name, value) {
    defineProperty(global, name, { __proto__: null, value, writable: true, configurable: true });
}

// An assignment would find setters that the script may have given to all arrays.
function append(list, value) {
    defineProperty(list, list.length, {
        __proto__: null, value, writable: true, enumerable: true, configurable: true,
    });
}

function join(list, separator) {
    let joined = "";
    for (let i = 0; i < list.length; i++) joined += (i ? separator : "") + list[i];
    return joined;
}

function split(text, separator) {
    const parts = [];
    let begin = 0;
    for (let at = indexOf(text, separator); at >= 0; at = indexOf(text, separator, begin)) {
        append(parts, slice(text, begin, at));
        begin = at + separator.length;
    }
    append(parts, slice(text, begin));
    return parts;
}

// Every match of a pattern with the flag g by a plain text.
function replace(text, pattern, by) {
    let replaced = "", begin = 0;
    pattern.lastIndex = 0;
    for (let match = exec(pattern, text); match !== null; match = exec(pattern, text)) {
        replaced += slice(text, begin, match.index) + by;
        begin = match.index + match[0].length;
    }
    return replaced + slice(text, begin);
}

// ---- one run

const MAX_ALERTS = 2048;  // characters, as in Chromium's tracing resolver
const MAX_NAME = 255;
const NO_NAME = /[\0-\x20\x7f]|\p{Cs}/u;

let known, own, need, nowMs, offsetMs, alerts, room, cut;

function begin(known_, own_, nowMs_, offsetMs_) {
    known = parsed(known_);
    own = own_ === null ? null : parsed(own_);
    nowMs = nowMs_;
    offsetMs = offsetMs_;
    need = null;
    alerts = "";
    room = MAX_ALERTS;
    cut = 0;
}

// A run that asked for something unknown is void, and asks for nothing more.
function askFor(name) {
    if (need === null) need = name;
    throw new Error("this run is void: it begins anew when the name is known");
}

function lookUp(host) {
    if (need !== null) askFor(need);
    if (bytesOfAddress(host) !== null) return [host];
    if (host === "" || host.length > MAX_NAME || exec(NO_NAME, host) !== null) return [];
    const name = lowerCase(host);
    if (!hasOwn(known, name)) askFor(name);
    return known[name] || [];
}

// The name "" stands for this machine.
function ownAddresses() {
    if (need !== null || own === null) askFor("");
    return own;
}

function clock(isGmt) {
    const date = new Date(nowMs + (isGmt ? 0 : offsetMs));
    return {
        year: utc.FullYear(date), month: utc.Month(date), day: utc.Date(date), weekday: utc.Day(date),
        hour: utc.Hours(date), minute: utc.Minutes(date), second: utc.Seconds(date),
    };
}

define("alert", function alert(message) {
    const text = String(message);
    if (text.length > room) cut += text.length - room;
    if (room > 0) alerts += (alerts === "" ? "" : ",") + quoted(slice(text, 0, room));
    room = room > text.length ? room - text.length : 0;
});
"""

_AFTER: Final = r"""
// ---- answers

function answer(kind, text, stack) {
    // What slice() gives is in one piece; the binding knows no strings that are still a concatenation.
    return slice(' {"kind":' + quoted(kind) + ',"text":' + quoted(text) + ',"stack":' + quoted(stack) + ',"cut":' + cut
        + ',"needs":' + (need === null ? "null" : quoted(need)) + ',"alerts":[' + alerts + "]}", 1);
}

function failure(error) {
    if (error === null) return answer("null", "", "");
    let text = "an exception without a text", stack = "";
    try {
        text = slice(String(error), 0, 1024);
        const found = error.stack;
        if (typeof found === "string") stack = slice(found, 0, 4096);
    } catch (_) {}
    return answer("error", text, stack);
}

function load(text) {
    try {
        evaluate(text);
        return answer(typeof global.FindProxyForURL === "function" ? "loaded" : "missing", "", "");
    } catch (error) {
        return failure(error);
    }
}

function call(url, host, limit) {
    try {
        const result = global.FindProxyForURL(url, host);
        if (typeof result !== "string") return answer("type", result === null ? "null" : typeof result, "");
        if (result.length > limit) return answer("size", "" + result.length, "");
        return answer("result", result, "");
    } catch (error) {
        return failure(error);
    }
}

return function (kind, one, other, limit, known, own, nowMs, offsetMs) {
    if (kind === "needs") return answer(kind, "", "");
    begin(known, own, nowMs, offsetMs);
    return kind === "load" ? load(one) : call(one, other, limit);
};
})(globalThis)"""

PAC_HARNESS: Final = _BEFORE + PAC_LIBRARY + _AFTER
"""An expression: a function of (what to do, ...) that answers with JSON."""

# Lines of the script are told from those of the harness by their numbers, which is all that the engine says.
LINES_BEFORE_SCRIPT: Final = PAC_HARNESS.count("\n") + 1
SCRIPT_PREFIX: Final = ";" + "\n" * LINES_BEFORE_SCRIPT
"""Stands before a script: after it "use strict" is no directive, which would hide the functions of the script."""
