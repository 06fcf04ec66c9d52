"""A consistent code base for every service: files, functions, and the frames of an error in them.

A service's modules hold one function per kind of error. The line of a frame is the line of
that very text in the file, moved by the drift of the release; the lines around it are its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from bot.simulation.dataset.faults import FAULTS, Fault
from bot.simulation.dataset.fleet import Deployment

_FRAMEWORK = {
    "python": (
        ("flask/app.py", "flask.app", "full_dispatch_request", 865),
        ("flask/app.py", "flask.app", "dispatch_request", 852),
        ("opentelemetry/trace/__init__.py", "opentelemetry.trace", "use_span", 589),
    ),
    "java": (
        ("ThreadPoolExecutor.java", "java.util.concurrent.ThreadPoolExecutor", "runWorker", 1144),
        ("FrameworkServlet.java", "org.springframework.web.servlet.FrameworkServlet", "doPost",
         914),
        ("InvocableHandlerMethod.java",
         "org.springframework.web.method.support.InvocableHandlerMethod", "doInvoke", 255),
    ),
    "node": (
        ("node:internal/process/task_queues", "internal.process", "processTicksAndRejections", 95),
        ("node_modules/fastify/lib/handleRequest.js", "fastify.lib", "preHandlerCallback", 124),
    ),
    "go": (
        ("net/http/server.go", "net/http", "(*conn).serve", 1995),
        ("github.com/go-chi/chi/v5/mux.go", "github.com/go-chi/chi/v5", "(*Mux).ServeHTTP", 73),
    ),
}  # fmt: skip
_SUFFIX = {"python": "py", "java": "java", "node": "js", "go": "go"}


@dataclass(frozen=True, slots=True)
class Site:
    """Where something is written: `line` is 1-based, `before` and `after` its neighbours."""

    path: str
    module: str
    function: str
    line: int
    code: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def site(service: str, language: str, fault: Fault, drift: int) -> Site:
    """The line on which `fault` is raised."""
    return _find(service, language, fault.module, fault.function, drift)


def entrance(service: str, language: str, fault: Fault, drift: int) -> Site:
    """The line of the request handler that leads to `fault`."""
    return _find(service, language, "routes", f"serve_{fault.module}", drift)


@lru_cache(256)
def source(service: str, language: str, module: str, drift: int) -> tuple[str, ...]:
    """The text of one module, line by line."""
    lines = [f"{_comment(language)} {service}: {module}"]
    lines += [f"{_comment(language)} changed in revision {number + 1}" for number in range(drift)]
    if module == "routes":
        for name in sorted({fault.module for fault in FAULTS.values()}):
            lines += _function(language, f"serve_{name}", f"{name}.handle(request)", len(name))
        return tuple(lines)
    for fault in FAULTS.values():
        if fault.module == module:
            lines += _function(language, fault.function, fault.call, len(fault.kind))
    return tuple(lines)


def _comment(language: str) -> str:
    return "#" if language == "python" else "//"


def _function(language: str, name: str, call: str, extra: int) -> list[str]:
    """A function of some lines, one of which makes the call that can fail."""
    padding = [f"step_{number} = trace.mark({number})" for number in range(extra % 4)]
    if language == "python":
        body = [f"    {line}" for line in padding]
        return ["", "", f"def {name}(request):", '    """Answer or raise."""', *body,
                f"    result = {call}", "    metrics.count(result)",
                "    return result"]  # fmt: skip
    if language == "go":
        body = [f"\t{line.replace(' =', ' :=')}" for line in padding]
        return ["", f"func {_camel(name, True)}(request *Request) (*Result, error) {{", *body,
                f"\tresult, err := {call}", "\tif err != nil {", "\t\treturn nil, err", "\t}",
                "\treturn result, nil", "}"]  # fmt: skip
    if language == "java":
        body = [f"        var {_camel(line)};" for line in padding]
        return ["", f"    public Result {_camel(name)}(Request request) {{", *body,
                f"        var result = {_camel(call)};", "        metrics.count(result);",
                "        return result;", "    }"]  # fmt: skip
    body = [f"  const {_camel(line)};" for line in padding]
    return ["", f"export async function {_camel(name)}(request) {{", *body,
            f"  const result = await {_camel(call)};", "  metrics.count(result);",
            "  return result;", "}"]  # fmt: skip


def _camel(text: str, exported: bool = False) -> str:
    head, *rest = text.split("_")
    return (head.capitalize() if exported else head) + "".join(
        part[:1].upper() + part[1:] for part in rest
    )


@lru_cache(2048)
def _find(service: str, language: str, module: str, function: str, drift: int) -> Site:
    lines = source(service, language, module, drift)
    name = function if language == "python" else _camel(function, language == "go")
    start = next(place for place, line in enumerate(lines) if f" {name}(" in line)
    place = next(
        place
        for place in range(start, len(lines))
        if "result" in lines[place] and "=" in lines[place]
    )
    package = service.replace("-", "_")
    path = {
        "python": f"{package}/{module}.py",
        "java": f"src/main/java/com/shop/{package}/{_camel(module, True)}.java",
        "node": f"src/{module}.js",
        "go": f"internal/{module}/{module}.go",
    }[language]
    dotted = {
        "python": f"{package}.{module}",
        "java": f"com.shop.{package}.{_camel(module, True)}",
        "node": module,
        "go": f"shop/{service}/internal/{module}",
    }[language]
    return Site(path, dotted, name, place + 1, lines[place], lines[max(0, place - 4) : place],
                lines[place + 1 : place + 5])  # fmt: skip


def frames_json(deployment: Deployment, language: str, fault: Fault, request_of: str) -> str:
    """The frames of an error as a Sentry SDK writes them, oldest first, doubled percent signs.

    `request_of` stands in the place of the failing frame's variables and may hold templates.
    """
    frames = [
        {"filename": path, "module": module, "function": function, "lineno": line, "in_app": False}
        for path, module, function, line in _FRAMEWORK[language]
    ]
    service, drift = deployment.service, deployment.drift
    sites = (entrance(service, language, fault, drift), site(service, language, fault, drift))
    own = [
        {
            "filename": one.path,
            "abs_path": f"/srv/{service}/{one.path}",
            "module": one.module,
            "function": one.function,
            "lineno": one.line,
            "in_app": True,
            "pre_context": list(one.before),
            "context_line": one.code,
            "post_context": list(one.after),
        }
        for one in sites
    ]
    text = json.dumps([*frames, *own], separators=(",", ":")).replace("%", "%%")
    return f'{text[:-2]},"vars":{request_of}}}]'
