"""The rule of "the same problem", version 1.

1. The sender's own grouping key (`fingerprint_hint`) wins, within its source.
2. An event with exceptions: for each exception of the chain its type and its in-app frames,
   each frame as function + the last two parts of its file, without line numbers; plus the source
   line of the newest in-app frame, which tells two raise sites of one function apart. Not the
   message. Repeated frames count once (recursion depth), equal members of an exception group
   once and in any order.
   - no in-app frame in the whole chain: all frames are taken instead;
   - the newest frame names no function and no source line (minified or anonymous code): the
     normalised message is added;
   - no frames: the types and the normalised message.
3. Otherwise: the normalised title and message.

What is normalised away: deployment directories, drive letters, hashes in bundle names, numbers
that compilers give to lambdas and closures; in messages ids, numbers, uuids, hex, dates, times,
addresses, quoted values, paths, URLs and what redaction removed.

Pure, and versioned: a change of anything here that changes a key must raise `VERSION`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial

from bot.models import Event, ExceptionInfo, Fingerprint, Frame
from bot.stack import once

VERSION = 1

_LONGEST_MESSAGE = 1_000
_LONGEST_CODE = 200


def fingerprint(event: Event) -> Fingerprint:
    """Return the key of the problem this event is an occurrence of."""
    return Fingerprint(VERSION, _digest(_parts(event)))


def _parts(event: Event) -> list[str]:
    if event.fingerprint_hint:
        return ["hint", event.source, event.fingerprint_hint]
    if event.exceptions:
        return ["exceptions", *_chain(event.exceptions)]
    return ["message", normalise(event.title), normalise(event.message)]


def _digest(parts: Iterable[str]) -> str:
    text = "\x00".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def _chain(exceptions: Sequence[ExceptionInfo]) -> list[str]:
    own = any(once(info.frames, "has own", partial(_has_own, info.frames)) for info in exceptions)
    links = sorted({_link(info, own) for info in exceptions})
    return [_name(exceptions[-1].type), *links]


def _link(info: ExceptionInfo, own: bool) -> str:
    """One exception: type, frames (in-app only if `own`), and what tells its raise site."""
    places, tells = once(info.frames, ("places", own), lambda: _places(info.frames, own))
    parts = (_name(info.type), *places)
    return "\x01".join(parts if tells else (*parts, normalise(info.message)))


def _places(all_frames: tuple[Frame, ...], own: bool) -> tuple[list[str], bool]:
    """What the frames say of a raise site, and whether that is enough without the message."""
    frames = [frame for frame in all_frames if frame.in_app or not own]
    places = list(dict.fromkeys(_place(frame) for frame in frames))
    if not frames:
        return places, bool(all_frames)
    newest = frames[-1]
    code = newest.code.strip()
    if code and own and len(code) <= _LONGEST_CODE and not _is_recursion(frames):
        return [*places, code], True
    return places, bool(_function(newest.function, newest.file))


def _has_own(frames: tuple[Frame, ...]) -> bool:
    return any(frame.in_app for frame in frames)


def _is_recursion(frames: Sequence[Frame]) -> bool:
    """Whether the newest frame's function is on the stack again, close below."""
    newest = frames[-1]
    return any(
        frame.function == newest.function
        and frame.file == newest.file
        and frame.line == newest.line
        for frame in frames[-8:-1]
    )


@lru_cache(maxsize=512)
def _name(type_: str) -> str:
    """A type without its module, however the language joins them."""
    return re.split(r"[.:\\/]+", type_.strip())[-1]


def _place(frame: Frame) -> str:
    return f"{_function(frame.function, frame.file)}@{_file(frame.file) or frame.module}"


# --- files -------------------------------------------------------------------------------------

# Where deployments put the code; what follows is the project's own path.
_DEPLOYED = re.compile(
    r"/(?:usr/src/[^/]+|usr/local/(?:app|src)|app|code|workspace|github/workspace|build|src"
    r"|var/task|var/www/html|var/www/[^/]+|srv/[^/]+|opt/[^/]+(?:/app)?|home/[^/]+/[^/]+"
    r"|Users/[^/]+/[^/]+|root/[^/]+|tmp/[^/]+|inetpub/wwwroot(?:/[^/]+)?|proc/self/cwd)/"
)
_RELEASE = re.compile(r"/(?:releases/[^/]+|current|shared|versions/[^/]+)/")
_LIBRARY = re.compile(r".*/(?:site-packages|dist-packages|node_modules|gems|vendor)/")
_SCHEME = re.compile(r"[a-z][a-z+.-]{1,20}://[^/]*/|(?:webpack|webpack-internal|blob|file|app):/*")
_BUNDLE_HASH = re.compile(
    r"[.\-_](?=[^./]*\d)[0-9a-f]{6,64}(?=\.|$)|[.\-](?=[^./-]*\d)[A-Za-z0-9_]{8,24}(?=\.[cm]?js$)"
)
_VERSIONED = re.compile(r"(?<=[\w])[-@]\d+(?:\.\d+)+(?:[-.\w]*)?(?=/)")


@lru_cache(maxsize=8_192)
def _file(file: str) -> str:
    """The last two parts of a file's path as the project spells it."""
    path = file.replace("\\", "/")
    if "?" in path:
        path = path.partition("?")[0]
    if path[1:3] == ":/":
        path = path[2:]
    path = _SCHEME.sub("/", path, count=1)
    library = _LIBRARY.match(path)
    if library is not None:
        path = path[library.end() :]
    elif (deployed := _DEPLOYED.match(path)) is not None:
        path = path[deployed.end() - 1 :]
        released = _RELEASE.match(path)
        path = path[released.end() :] if released else path[1:]
    parts = [part for part in _VERSIONED.sub("", path).split("/") if part not in ("", ".", "..")]
    return _BUNDLE_HASH.sub("", "/".join(parts[-2:]))


# --- functions ---------------------------------------------------------------------------------

_NUMBERED = re.compile(
    r"(?<=lambda)(?P<java>\$\w+?)\$\d+"  # Java: lambda$total$0
    r"|\$\$Lambda[$/\w.]*"  # Java: $$Lambda$14/0x0000000800c03000
    r"|(?<=func)\d+(?:\.\d+)*"  # Go: main.main.func2.1
    r"|::h[0-9a-f]{16}$"  # Rust: symbol hash
    r"|(?<=>)[a-z]__\d+(?:_\d+)*"  # C#: <Main>m__1, <Run>b__5_0, <Run>d__3
    r"|(?<=DisplayClass)\d+_\d+"  # C#: <>c__DisplayClass5_0
    r"|(?<=\{closure):[^}]*"  # PHP 8.4: {closure:App\X::run():12}
    r"|(?<=block) \(\d+ levels\)"  # Ruby: block (2 levels) in total
    r"|(?<=\$)\d+(?=$|[.$])"  # Java: anonymous classes
    r"|\(.*\)$|\[.*\]$"
)
_ANONYMOUS = re.compile(
    r"(?:async |new |Object\.|global\.|window\.)*(?:\(?(?:<anonymous>|anonymous|anonymous function"
    r"|null)\)?|\?|)(?: function)?"
)
_MINIFIED = re.compile(r"(?:\.min\.|bundle|chunk|[.\-_][0-9a-f]{6,}\.)")


@lru_cache(maxsize=8_192)
def _function(function: str, file: str) -> str:
    """A function's name without what compilers number; "" if it has none worth comparing."""
    name = _NUMBERED.sub(lambda match: match["java"] or "", function[:500]).strip()
    if name.startswith(("async ", "new ")):
        name = name.partition(" ")[2]
    if _ANONYMOUS.fullmatch(name):
        return ""
    if len(name.rpartition(".")[2]) <= 2 and _MINIFIED.search(file[-200:]):
        return ""
    return name


# --- messages ----------------------------------------------------------------------------------

_VALUE = re.compile(
    r"\[removed: [^\]\n]{1,60}\]"
    r"|[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s\"'<>]+"  # URLs
    r"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"  # mail addresses
    r"|(?<![\w])(?:'[^'\n]{0,300}'|\"[^\"\n]{0,300}\"|`[^`\n]{0,300}`)(?!\w)"  # quoted values
    r"|(?<![\w])(?:[A-Za-z]:\\|\.{0,2}/)[\w.+@~-]+(?:[\\/][\w.+@~-]+)*[\\/]?"  # paths
    r"|(?<![\w.-])[+-]?[\w-]*\d[\w.:+-]*(?:%|\b)"  # ids, numbers, hex, uuids, dates, IPs
    r"|[0-9a-f]{16,}"
)
_REPEATED = re.compile(r"<\*>(?:[\s,;]*<\*>)+")
_SPACES = re.compile(r"\s+")


def normalise(message: str) -> str:
    """Replace the parts of a message that vary between occurrences by `<*>`.

    >>> normalise("order o-17 of ada@example.com: 3 items, [removed: token]")
    'order <*> of <*>: <*> items, <*>'
    """
    return _normalised(message[:_LONGEST_MESSAGE])


@lru_cache(maxsize=2_048)
def _normalised(message: str) -> str:
    text = _VALUE.sub("<*>", message)
    return _SPACES.sub(" ", _REPEATED.sub("<*>", text)).strip()
