"""Stack traces of our own making: the shapes that must be read without the shared samples."""

import asyncio
import json
import time
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.stacktrace import culprit, mark_in_app, parse
from bot.models import ExceptionInfo, Frame


def _names(chain: tuple[ExceptionInfo, ...]) -> list[str]:
    return [info.type for info in chain]


def _lines(info: ExceptionInfo) -> list[tuple[str, int | None, str]]:
    return [(frame.file, frame.line, frame.function) for frame in info.frames]


PYTHON = """Traceback (most recent call last):
  File "/srv/shop/cart.py", line 7, in total
    return prices[item]
           ~~~~~~^^^^^^
KeyError: 'pear'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/web.py", line 30, in checkout
    cart.total()
  File "/srv/shop/cart.py", line 9, in total
    raise PriceMissing("pear") from error
shop.errors.PriceMissing: pear
"""
PYTHON_CHAIN = parse(PYTHON)


def test_a_python_chain_starts_with_the_root_cause_and_ends_with_what_surfaced() -> None:
    root, surfaced = PYTHON_CHAIN
    assert root == ExceptionInfo(
        "KeyError",
        "'pear'",
        (Frame("/srv/shop/cart.py", 7, "total", code="return prices[item]"),),
    )
    assert (surfaced.module, surfaced.type, surfaced.message) == (
        "shop.errors",
        "PriceMissing",
        "pear",
    )
    assert [frame.function for frame in surfaced.frames] == ["checkout", "total"]


def test_what_this_interpreter_prints_is_what_we_read() -> None:
    def fail(depth: int) -> None:
        if depth == 0:
            raise ValueError("first line\n\tsecond line")
        fail(depth - 1)

    def wrap() -> None:
        try:
            fail(2)
        except ValueError as error:
            raise RuntimeError("outer") from error

    with pytest.raises(RuntimeError) as caught:
        wrap()
    cause, surfaced = parse("".join(traceback.format_exception(caught.value)))
    assert (cause.type, cause.message) == ("ValueError", "first line\n\tsecond line")
    expected = traceback.extract_tb(caught.value.__cause__.__traceback__)  # type: ignore[union-attr]
    assert _lines(cause) == [(f.filename, f.lineno, f.name) for f in expected]
    assert (surfaced.type, surfaced.message) == ("RuntimeError", "outer")


def test_the_members_of_a_real_exception_group_come_before_the_group() -> None:
    async def fail(message: str) -> None:
        raise OSError(message)

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("left"))
            group.create_task(fail("right"))

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(both())
    chain = parse("".join(traceback.format_exception(caught.value)))
    assert _names(chain) == ["OSError", "OSError", "ExceptionGroup"]
    assert [info.message for info in chain[:2]] == ["left", "right"]
    assert all(info.frames[-1].function == "fail" for info in chain[:2])


def test_a_group_inside_a_group_is_flattened() -> None:
    def fail(error: Exception) -> None:
        raise error

    def caught(error: Exception) -> Exception:
        try:
            fail(error)
        except (ValueError, TypeError, KeyError, ExceptionGroup) as raised:
            return raised
        raise AssertionError

    inner = caught(ExceptionGroup("inner", [caught(ValueError("a")), caught(TypeError("b"))]))
    outer = caught(ExceptionGroup("outer", [inner, caught(KeyError("c"))]))
    chain = parse("".join(traceback.format_exception(outer)))
    assert _names(chain) == [
        "ValueError",
        "TypeError",
        "KeyError",
        "ExceptionGroup",
        "ExceptionGroup",
    ]
    assert chain[-1].message == "outer (2 sub-exceptions)"


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: text.replace("  ", "\u00a0\u00a0"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "[ERROR] PriceMissing: pear\n" + text + "\nEND RequestId: 1",
        lambda text: (
            "2026-11-21 02:00:00,000 ERROR [shop] failed\n"
            + text
            + "2026-11-21 02:00:01,000 INFO [shop] next\n"
        ),
        lambda text: "".join(
            f"2026-11-21T02:00:0{n % 10}.123456789Z stderr F {line}\n"
            for n, line in enumerate(text.splitlines())
        ),
        lambda text: "".join(f"web-1  | {line}\n" for line in text.splitlines()),
        lambda text: "".join(f"pid 4{n % 10} > {x}\n" for n, x in enumerate(text.splitlines())),
        lambda text: json.dumps({"message": text}),
        lambda text: text.replace('"/srv', '"\x1b[35m/srv').replace('py"', 'py\x1b[0m"'),
        lambda text: "".join("      " + line + "\n" for line in text.splitlines()),
    ],
    ids=["nbsp", "crlf", "lambda", "logged", "cri", "compose", "odd prefix", "json", "ansi", "in"],
)
def test_a_disguised_python_trace_is_the_same_trace(disguise) -> None:  # type: ignore[no-untyped-def]
    found = parse(disguise(PYTHON))
    assert _names(found) == _names(PYTHON_CHAIN)
    assert [_lines(info) for info in found] == [_lines(info) for info in PYTHON_CHAIN]


def test_a_syntax_error_of_the_main_script_has_no_header_and_is_found() -> None:
    text = (
        '  File "/srv/shop/web.py", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax\n'
    )
    (info,) = parse(text)
    assert (info.type, info.message) == ("SyntaxError", "invalid syntax")
    assert info.frames == (Frame("/srv/shop/web.py", 3, code="def f(:"),)


def test_a_message_of_several_lines_ends_at_the_next_log_record() -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n'
    (info,) = parse(text + "ValueError: one\ntwo\n2026-01-01 00:00:00 INFO three\n")
    assert info.message == "one\ntwo"


OTHERS = {
    "node": (
        "Error: no stock\n    at reserve (/srv/web/stock.js:4:9)\n"
        "    at async checkout (/srv/web/app.js:20:3) {\n"
        "  [cause]: TypeError: x is null\n      at read (/srv/web/db.js:2:1)\n}\n",
        ["TypeError", "Error"],
        ("/srv/web/stock.js", 4, "reserve"),
    ),
    "firefox": (
        "pay@https://shop.example/app.js:3:5\n@https://shop.example/app.js:9:1\n",
        ["Error"],
        ("https://shop.example/app.js", 3, "pay"),
    ),
    "java": (
        'Exception in thread "main" com.shop.PayError: no\n\tat app//com.shop.Pay.run(Pay.java:5)\n'
        "\tat java.base@17/java.lang.Thread.run(Thread.java:833)\n"
        "\tSuppressed: java.io.IOException: close\n\t\tat com.shop.Pay.close(Pay.java:9)\n"
        "Caused by: java.sql.SQLException: gone\n\tat com.shop.Db.q(Db.java:2)\n\t... 1 more\n",
        ["SQLException", "PayError"],
        ("Pay.java", 5, "run"),
    ),
    "java, root cause first": (
        "java.sql.SQLException: gone\n\tat com.shop.Db.q(Db.java:2)\n"
        "Wrapped by: com.shop.PayError: no\n\tat com.shop.Pay.run(Pay.java:5)\n",
        ["SQLException", "PayError"],
        ("Pay.java", 5, "run"),
    ),
    "go": (
        "panic: first [recovered]\n\tpanic: second\n\ngoroutine 7 [running]:\n"
        "main.pay(0x1)\n\t/srv/pay/main.go:5 +0x1d\ncreated by main.start in goroutine 1\n"
        "\t/srv/pay/main.go:2 +0x1d\n",
        ["panic", "panic"],
        ("/srv/pay/main.go", 5, "pay"),
    ),
    "rust before 1.73": (
        "thread 'main' panicked at 'no stock', src/main.rs:2:5\n",
        ["panic"],
        ("src/main.rs", 2, ""),
    ),
    "ruby, oldest first": (
        "Traceback (most recent call last):\n\t1: from app.rb:9:in `<main>'\n"
        "app.rb:2:in `pay': no stock (Shop::StockError)\n",
        ["StockError"],
        ("app.rb", 2, "pay"),
    ),
    "ruby 3.4": (
        "app.rb:2:in 'Shop#pay': no stock (RuntimeError)\n\tfrom app.rb:9:in '<main>'\n",
        ["RuntimeError"],
        ("app.rb", 2, "Shop#pay"),
    ),
    "php": (
        "PHP Fatal error:  Uncaught RuntimeException: root in /srv/a.php:3\nStack trace:\n"
        "#0 /srv/b.php(8): Shop\\Cart->total(Array)\n#1 {main}\n\n"
        "Next Shop\\PayError: no in /srv/b.php:9\nStack trace:\n#0 {main}\n",
        ["RuntimeException", "PayError"],
        ("/srv/b.php", 9, "{main}"),
    ),
    ".NET": (
        "Unhandled exception. Shop.PayException: no\n"
        " ---> System.IO.IOException: disk\n   at Shop.Disk.Write() in /src/Disk.cs:line 7\n"
        "   --- End of inner exception stack trace ---\n"
        "   at Shop.Pay.Run() in /src/Pay.cs:line 5\n"
        "--- End of stack trace from previous location ---\n"
        "   at Shop.Program.Main(String[] args) in /src/Program.cs:line 2\n",
        ["IOException", "PayException"],
        ("/src/Pay.cs", 5, "Run"),
    ),
    ".NET in German": (
        "System.Exception: nein\n   bei Shop.Pay.Run() in C:\\src\\Pay.cs:Zeile 5\n",
        ["Exception"],
        ("C:\\src\\Pay.cs", 5, "Run"),
    ),
    "dart": (
        "Unhandled exception:\nFormatException: no\n#0      pay (package:shop/pay.dart:5:3)\n",
        ["FormatException"],
        ("package:shop/pay.dart", 5, "pay"),
    ),
}


@pytest.mark.parametrize("language", OTHERS)
def test_other_languages_are_recognised_by_themselves(language: str) -> None:
    text, names, newest = OTHERS[language]
    chain = parse("some log line before\n\n" + text)
    assert _names(chain) == names
    assert _lines(chain[-1])[-1] == newest


def test_frames_that_java_leaves_out_are_put_back() -> None:
    cause = parse(OTHERS["java"][0])[0]
    assert [frame.function for frame in cause.frames] == ["run", "q"]


def test_php_names_the_function_that_the_line_is_in() -> None:
    root = parse(OTHERS["php"][0])[0]
    assert _lines(root) == [("/srv/b.php", 8, "{main}"), ("/srv/a.php", 3, "total")]


@pytest.mark.parametrize("text", ["", "hello", "at noon we met", "File under: done", "a@b.c:1:2"])
def test_prose_is_no_trace(text: str) -> None:
    assert parse(text) == ()


def test_the_culprit_is_our_newest_frame_nearest_to_the_root_cause() -> None:
    chain = mark_in_app(parse(PYTHON.replace("/srv/shop/cart.py", "/v/site-packages/cart.py")))
    newest = culprit(chain)
    assert newest is not None
    assert newest.function == "checkout"
    assert culprit(()) is None


PIECES = [
    "Traceback (most recent call last):\n", '  File "a.py", line 1, in f\n', "    code\n",
    "KeyError: 1\n", "\nDuring handling of the above exception, another exception occurred:\n\n",
    "  + Exception Group Traceback (most recent call last):\n", "  | ", "  +-+---- 1 ----\n",
    "\tat a.B.c(D.java:1)\n", "Caused by: x.Y: z\n", "\t... 3 more\n", "\tSuppressed: x.Y\n",
    "    at f (a.js:1:2)\n", "  [cause]: Error: x\n", "  [errors]: [\n", "f@http://a/b.js:1\n",
    "panic: x\n", "goroutine 1 [running]:\n", "main.f(0x1)\n", "\t/a.go:1 +0x1\n", "#0 {main}\n",
    "thread 'm' panicked at a.rs:1:2:\n", "stack backtrace:\n", "   0: f\n", "Stack trace:\n",
    "#0 /a.php(1): f()\n", "Uncaught X: y in /a.php:1\n", "Next X: y in /b.php:2\n",
    "a.rb:1:in `f': m (E)\n", "\tfrom a.rb:1:in `g'\n", "\t2: from a.rb:1:in `g'\n", "\n", " ",
    "System.Exception: x ---> ", "   at A.B(C d) in e.cs:line 1\n",
    "   --- End of inner exception stack trace ---\n", "#0   main (file:///a.dart:1:2)\n",
    "\x1b[31m", "\u00a0", "\\n", "2026-01-01T00:00:00Z ", "web | ", "\r", '"', "(", "::", "\x00",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_raise(text: str) -> None:
    chain = mark_in_app(parse(text))
    assert all(frame.in_app is not None for info in chain for frame in info.frames)
    culprit(chain)


TRACEBACK_LINES = (
    '  File "/srv/shop/cart.py", line 3, in total',
    "    return price(item)",
    "           ~~~~~^^^^^^",
    "ValueError: no price",
    "shop.PriceError",
    "",
    " odd",
    "\tat shop.Cart.total(Cart.java:3)",
    "2026-01-02 03:04:05 INFO next",
    "api | up",
    "\x1b[31mred\x1b[0m",
    "a\rb",
    "a\\nb",
    "\u00a0\u00a0é",
    "During handling of the above exception, another exception occurred:",
    "Traceback (most recent call last):",
    "  + Exception Group Traceback (most recent call last):",
)


@given(st.lists(st.sampled_from(TRACEBACK_LINES), max_size=14))
@settings(max_examples=300)
def test_a_traceback_says_the_same_whether_or_not_prose_stands_above_it(lines: list[str]) -> None:
    traceback_ = "\n".join(["Traceback (most recent call last):", *lines])
    assert parse(traceback_) == parse(f"The shop says:\n{traceback_}")


def _cpu(text: str) -> float:
    best = 1e9
    for _ in range(3):
        started = time.process_time()
        parse(text)
        best = min(best, time.process_time() - started)
    return best


HOSTILE = {
    **{f"repeated {piece!r}": piece for piece in PIECES},
    "one long line of frames": '  File "a.py", line 1, in f ',
    "one long line of prose at": "at a.b.c( at ",
    "deep types": "a.B: ",
    "error names": "ErrorError",
    "headers": "Caused by: Exception: at a.b.C.d(E.java:1)\n",
    "blank": " \n",
    "pairs": 'File "\nTraceback (most recent call last):\n',
    "panics": "panic: panic: goroutine 1 [running]:\n",
}


@pytest.mark.parametrize("family", HOSTILE)
def test_time_grows_no_faster_than_the_text(family: str) -> None:
    piece = HOSTILE[family]
    # Hints of every language, so that every reader is asked.
    lead = 'File " at x@ goroutine panicked at :in ` #0 .dart Traceback (most recent call last)\n'
    small, large = (lead + piece * (size // len(piece)) for size in (16_384, 131_072))
    once = _cpu(small)
    # Eight times the text: linear costs 8 times as much, quadratic 64 times.
    assert _cpu(large) < max(0.15, once * 24)
