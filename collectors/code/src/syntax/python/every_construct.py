#!/usr/bin/env python3
"""Every construct of the language once."""
from __future__ import annotations

import os, sys as system
import package.module.part
import package.other as other
from . import sibling
from .. import (above as over, beside)
from ...far.away import thing as renamed, another
from \
    package.deep import name
from package import *

VALUE: int = 3
empty: Optional[list[str]]
quoted: "Forward | None" = None
first = second = make(1)
a, b = make(2), make(3)
(c, d), [e, *f] = pair
self_made.member = make(4)
table["key"] = make(5)
table[key, other] = make(6)
table[1:2, ::3] = make(7)
count += 1
total = total or make(8)
type Alias[T] = list[T]
x = 1, 2.5, 3j, 0xFF, True, False, None, ...
text = "plain" 'joined' f"{value}" f"{value!r} and {value:>{width}} {{kept}} {call(1)}"
text = b"bytes" rb"\d"
text = r"raw\n" + """three
lines""" + f"{base}{path}" + f'{a["key"]}/{b}' + u"old"
number = -1 + ~2 - +3 * 4 @ 5 // 6 % 7 ** 8 << 9 >> 10 & 11 | 12 ^ 13
truth = not a and b or c and (d or e)
order = a < b <= c != d is not e not in f
same = tool.name == asked
either = a if b else c if d else e
filled = {"a": 1, key: 2, **rest, "f": lambda: make(9), 3: [4]}
several = {1, *more, 2}
rows = [*more, (1,), (), [], {}]
listed = [f(x) for x in xs if x for y in x if y if z]
unique = {f(x) for x in xs}
mapped = {tool.name: tool for tool, _ in tools}
lazy = (f(x) for x in xs)
joined = "".join(f(x) for x in xs)
spread = call(1, *args, name="value", **kwargs, last=make(10))
chained = a.b(c).d[e]("f").g
environment = os.environ["KEY"] or os.environ.get("KEY")
if (found := search(query)) is not None:
    use(found)
elif other == "texts" and kind in ("one", "two"):
    use("other")
else:
    use("none")
lambdas = [lambda x, y=make(11), *a, k, **kw: x(y), lambda: None, lambda *, k: k, lambda p, /, q: p]
del first, table["key"]
assert found, "message"
global_value = globals()[name]()


@decorator
@other.decorator("x", key=1)
# between
class Tool(Base, module.Base[int], metaclass=Meta):
    """Described."""

    name: str = "tool"
    field = Field(default_factory=list)
    run, stop = make(12), make(13)

    def __init__(self, one, /, two: int, three=make(14), *args: str, four: list[int] = [1], **kwargs: Any) -> None:
        self.one = one
        self.client: Client = Client(two)
        super().__init__(three)

    @property
    def value(self) -> "Value":
        return self.one, *others

    @staticmethod
    async def wait(*, seconds: float | None = None):
        async with session() as held, other() as left:
            await held.run(left)
        async for part in stream():
            yield part
        yield
        yield 1, 2
        got = yield part
        result = await asyncio.gather(*[run(x) async for x in xs])
        return result

    def delegated(self):
        yield from self.wait()
        return (yield)


def generic[T: Base, *Ts, **P](value: T, *rest, **options):
    global counter
    counter = 1

    def inner():
        nonlocal value
        value = 2
        return inner

    return inner


def loops():
    for i in range(3):
        work(i)
    else:
        work("done")
    for a, (b, *c) in pairs():
        if a:
            continue
        break
    while True:
        if done():
            return
        step()
    while steps < limit:
        try:
            once()
            break
        except ValueError:
            pass
        except (KeyError, other.Error) as error:
            raise Failed(error) from error
        except Group:
            raise
        else:
            fine()
        finally:
            close()


def failing():
    try:
        raise Refused
    except:
        raise module.Refused
    with open("file") as handle:
        handle.read()
    with (open("a") as one, open("b")):
        one.read()
    with lock:
        pass


def choose(command, kind):
    match command:
        case "text" | "other":
            return run("text")
        case 1 | -2 | None | True:
            return run("number")
        case Color.RED:
            return run("red")
        case Point(x=0, y=captured) if captured > 1:
            return run(captured)
        case [first, *others]:
            return run(first)
        case (1, 2):
            return run("pair")
        case "a", second:
            return run(second)
        case {"key": value, **rest}:
            return run(value)
        case str() as named:
            return run(named)
        case _:
            return run("rest")


if __name__ == "__main__":
    system.exit(loops())
