"""Whose code is a frame: the team's own, or the language's and its libraries'?

Decided by where the languages put what is not ours: directories of packages, standard
libraries, name spaces of the platform and of well-known frameworks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from bot.models import ExceptionInfo, Frame
from bot.stack import Stack

_FOREIGN_STARTS = (
    "<", "[", "node:", "internal/", "native", "dart:", "package:flutter/", "index ", "unknown",
    "chrome-extension:", "moz-extension:", "safari-extension:", "safari-web-extension:",
    "resource://gre", "webpack/bootstrap", "webpack/runtime", "org-dartlang-sdk:", "/rustc/",
)  # fmt: skip
_FOREIGN_PARTS = re.compile(
    r"/(?:site-packages|dist-packages|node_modules|bower_components|~|gems|vendor|third_party)/"
    r"|/lib/(?:python|pypy|ruby)[\d./]|/python\d[\d.]*/lib/|/versions/(?:python|ruby)/|/rubies/"
    r"|/lib64/python|/var/(?:runtime|lang)/|/usr/share/(?:php|perl)"
    r"|/\.cargo/|/cargo/registry/|/rustlib/|/library/(?:core|std|alloc)/src/"
    r"|/pkg/mod/|/go/src/(?:runtime|net|reflect|testing|internal)/|/src/runtime/|/go-?[\d.]+/src/"
    r"|/usr/local/go/src/|/webpack/(?:bootstrap|runtime)|(?:^|/)vendors?[\w~.-]*\.js$",
    re.IGNORECASE,
)
_JVM = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|android|androidx"
    r"|dalvik|reactor|akka|feign|okhttp3|okio|retrofit2|io\.(?:netty|reactivex|ktor|undertow|vertx"
    r"|micrometer|grpc|micronaut|quarkus|opentelemetry)|ch\.qos|net\.bytebuddy"
    r"|org\.(?:springframework|apache|hibernate|eclipse|jetbrains|mortbay|junit|gradle|postgresql"
    r"|slf4j|jboss|codehaus|mockito|aspectj|glassfish|redisson|elasticsearch|mongodb|h2)"
    r"|com\.(?:google|fasterxml|zaxxer|mysql|netflix|amazonaws|android|squareup|oracle|microsoft)"
    r"|software\.amazon)\."
)
_DOTNET = re.compile(
    r"(?:System|Microsoft|MS|Mono|Newtonsoft|Npgsql|Serilog|NLog|Xunit|NUnit|MassTransit|MediatR"
    r"|AutoMapper|Dapper|Castle|Grpc|RestSharp|Polly|StackExchange|Azure|Amazon|FluentValidation"
    r"|Hangfire|Quartz|MySql|Oracle|MongoDB|Swashbuckle|interop)(?:\.|$)"
)
_RUST = re.compile(
    r"<?&?(?:mut )?(?:std|core|alloc|__rustc|tokio|futures|hyper|tower|axum|actix_\w+|rayon"
    r"|backtrace|anyhow|tracing|rust_begin_unwind|rust_panic|__libc_start_main|_start)(?:::|$| as )"
)
_GO_STANDARD = frozenset((
    "archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database",
    "debug", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image",
    "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin",
    "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "structs", "sync",
    "syscall", "testing", "text", "time", "unicode", "unsafe", "appengine_internal",
))  # fmt: skip
_JVM_FILES = (".java", ".kt", ".kts", ".scala", ".groovy", ".clj")
_DOTNET_FILES = (".cs", ".fs", ".vb")


def mark_in_app(
    exceptions: Sequence[ExceptionInfo], *, roots: Sequence[str] = ()
) -> tuple[ExceptionInfo, ...]:
    """Decide `Frame.in_app` for every frame that nobody has decided yet.

    `roots` (directories or module prefixes of the team's own code, from the settings) win over
    the conventions of the languages and over what the sender said.
    """
    own = tuple(roots)
    return tuple(
        ExceptionInfo(info.type, info.message, _marked_stack(info.frames, own), info.module)
        for info in exceptions
    )


def culprit(exceptions: Sequence[ExceptionInfo]) -> Frame | None:
    """The frame to look at first: the newest in-app frame nearest to the root cause.

    Without any in-app frame: the newest frame of the first exception that has frames; None if
    no exception has any.
    """
    for info in exceptions:
        for frame in reversed(info.frames):
            if frame.in_app:
                return frame
    return next((info.frames[-1] for info in exceptions if info.frames), None)


def _marked_stack(frames: tuple[Frame, ...], roots: tuple[str, ...]) -> tuple[Frame, ...]:
    if isinstance(frames, Stack):
        return frames.once(("marked", roots), lambda: _mark(frames, roots))
    if sum(map(_length, frames)) > _LONGEST_STACK:
        return _mark(frames, roots)
    return _known_stack(frames, roots)


def _mark(frames: tuple[Frame, ...], roots: tuple[str, ...]) -> Stack:
    return Stack([_marked(frame, roots) for frame in frames])


_known_stack = lru_cache(maxsize=512)(_mark)


def _length(frame: Frame) -> int:
    return len(frame.file) + len(frame.function) + len(frame.module) + len(frame.code)


def _marked(frame: Frame, roots: tuple[str, ...]) -> Frame:
    decide = _decided if _length(frame) <= _LONGEST_REMEMBERED else _decided.__wrapped__
    return decide(
        frame.file,
        frame.line,
        frame.function,
        frame.module,
        frame.in_app,
        frame.code,
        frame.column,
        roots,
    )


# Characters: hostile frames shall not fill the memory.
_LONGEST_REMEMBERED = 1_000
_LONGEST_STACK = 8_192


# Traces repeat. The key is made of plain strings because they hash and compare much faster than
# frames do.
@lru_cache(maxsize=8_192)
def _decided(
    file: str,
    line: int | None,
    function: str,
    module: str,
    in_app: bool | None,
    code: str,
    column: int | None,
    roots: tuple[str, ...],
) -> Frame:
    frame = Frame(file, line, function, module, in_app, code, column)
    if roots and any(_is_under(frame, root) for root in roots):
        return replace(frame, in_app=True)
    return frame if in_app is not None else replace(frame, in_app=not _is_foreign(frame))


def _is_under(frame: Frame, root: str) -> bool:
    plain = root.replace("\\", "/").strip("/")
    path = "/" + frame.file.replace("\\", "/").lstrip("/") + "/"
    module = frame.module
    return bool(plain) and (
        f"/{plain}/" in path or module == root or module.startswith((root + ".", root + "/"))
    )


def _is_foreign(frame: Frame) -> bool:
    path = frame.file.replace("\\", "/").removeprefix("webpack:///").removeprefix("./")
    if path.startswith(_FOREIGN_STARTS) or _FOREIGN_PARTS.search("/" + path):
        return True
    if path.endswith(".go"):
        return frame.module.partition("/")[0].partition(".")[0] in _GO_STANDARD
    return (
        ((not path or path.endswith(_JVM_FILES)) and bool(_JVM.match(frame.module + ".")))
        or ((not path or path.endswith(_DOTNET_FILES)) and bool(_DOTNET.match(frame.module)))
        or ((not path or path.endswith(".rs")) and bool(_RUST.match(frame.function)))
    )
