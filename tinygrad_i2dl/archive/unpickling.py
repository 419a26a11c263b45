"""A pickle interpreter that builds data and can do nothing else.

Python's own unpickler is not used, because restricting the names it may import is not enough: its C code allocates what
a nine-byte file claims (a memo index of 2^29 asks for gigabytes), sets attributes of whatever functions it was given,
and hashes nested keys by unbounded recursion. This one knows the opcodes that describe data, looks every name up in a
table it was given (never in a module), and calls nothing that is not in that table.
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["PICKLE_LIMIT", "AllowedCall", "unpickle"]

# What a byte of a pickle can cost in memory is bounded by these; a checkpoint of ten thousand tensors stays far below.
PICKLE_LIMIT = 64 << 20  # bytes, checked by whoever reads them; tensors' elements lie outside the pickle
CONTAINER_LIMIT = 2_000_000
MEMO_LIMIT = 4_000_000
DEPTH_LIMIT = 10_000
KEY_BITS = 64  # hashing a huge integer takes long
HIGHEST_PROTOCOL = 5

PLAIN_KEYS = (str, int, float, bool, bytes, type(None))
DICTS = (dict, OrderedDict, defaultdict, Counter)


class AllowedCall:
    """A function under the name a pickle calls it by; only the interpreter calls it.

    Attributes:
        build: for functions whose result is completed by a state: takes (result, state) and returns the completed
            value.
    """

    __slots__ = ("build", "function", "name")

    def __init__(self, name: str, function: Callable[..., Any], build: Callable[[Any, Any], Any] | None = None) -> None:
        self.name = name
        self.function = function
        self.build = build

    def __repr__(self) -> str:
        return f"<the function {self.name} of a pickle>"


class _Incomplete:
    """What an `AllowedCall` with `build` made, until its state arrives; the memo entries that must follow it."""

    __slots__ = ("call", "memo_numbers", "value")

    def __init__(self, call: AllowedCall, value: Any) -> None:
        self.call = call
        self.value = value
        self.memo_numbers: list[int] = []


def unpickle(
    data: bytes,
    find: Callable[[str, str], Any],
    load_storage: Callable[[Any], Any],
    start: int = 0,
) -> tuple[Any, int]:
    """Interpret a pickle; return its value and where it ends.

    Args:
        data: the bytes, of which the pickle may be a part.
        find: returns the value or `AllowedCall` for (module, name), or raises UnpicklingError.
        load_storage: returns the value for a persistent id.
        start: where the pickle starts.

    Raises:
        UnpicklingError: the pickle is damaged, or asks for what is not allowed.

    >>> unpickle(pickle.dumps({"a": [1, 2.5, (None, True)]}), find=None, load_storage=None)[0]
    {'a': [1, 2.5, (None, True)]}
    """
    return _Interpreter(data, find, load_storage, start).run()


class _Interpreter:
    def __init__(
        self, data: bytes, find: Callable[[str, str], Any], load_storage: Callable[[Any], Any], start: int
    ) -> None:
        self.data = data
        self.find = find
        self.load_storage = load_storage
        self.position = start
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.containers = 0

    def run(self) -> tuple[Any, int]:
        data, opcodes = self.data, OPCODES
        begin = self.position
        try:
            while True:
                begin = self.position
                code = data[begin]
                self.position = begin + 1
                if code == STOP:
                    break
                opcode = opcodes.get(code)
                if opcode is None:
                    raise _Refused(
                        f"opcode {bytes([code])!r} is not allowed: it is no part of the data "
                        "that PyTorch's checkpoints (pickle protocols 2 to 5) consist of"
                    )
                opcode(self)
            if len(self.stack) != 1 or self.marks:
                raise _Refused(f"the pickle stops with {len(self.stack)} values, expected 1")
            return self.finished(self.stack[0]), self.position
        except (IndexError, struct.error):
            raise pickle.UnpicklingError(
                f"byte {begin}: the pickle ends too early or uses what it never defined; it was cut short or changed"
            ) from None
        except _Refused as refusal:
            raise pickle.UnpicklingError(f"byte {begin}: {refusal}") from refusal.__cause__

    # Reading

    def take(self, count: int) -> bytes:
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise _Refused(f"it claims {count:,} more bytes, but {len(self.data) - self.position:,} are left")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self, format: struct.Struct) -> Any:
        return format.unpack(self.take(format.size))[0]

    def line(self) -> str:
        end = self.data.find(b"\n", self.position, self.position + 1000)
        if end < 0:
            raise _Refused("a name without an end")
        return self.text(self.take(end + 1 - self.position)[:-1])

    def text(self, encoded: bytes) -> str:
        try:
            return encoded.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise _Refused(f"text that is not UTF-8 ({error.reason})") from None

    # Stack

    def items(self) -> list[Any]:
        """Pop everything above the topmost mark."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return self.all_finished(items)

    def pop(self) -> Any:
        return self.finished(self.pop_any())

    def pop_any(self) -> Any:
        if self.marks and self.marks[-1] == len(self.stack):
            raise _Refused("a mark where a value is needed")
        return self.stack.pop()

    def finished(self, value: Any) -> Any:
        if type(value) is _Incomplete:
            raise _Refused(f"the result of {value.call.name} is used before it is complete")
        return value

    def all_finished(self, values: list[Any]) -> list[Any]:
        if _Incomplete in map(type, values):
            for value in values:
                self.finished(value)
        return values

    def push_container(self, container: Any) -> None:
        self.containers += 1
        if self.containers > CONTAINER_LIMIT:
            raise _Refused(f"more than {CONTAINER_LIMIT:,} containers and calls")
        self.stack.append(container)

    def top(self, kinds: tuple[type, ...], doing: str) -> Any:
        value = self.stack[-1]
        if type(value) not in kinds:
            raise _Refused(f"{doing} a value of type {type(value).__name__}")
        return value

    # Opcodes

    def protocol(self) -> None:
        version = self.take(1)[0]
        if version > HIGHEST_PROTOCOL:
            raise _Refused(f"pickle protocol {version}; expected 2 to {HIGHEST_PROTOCOL}")

    def frame(self) -> None:
        self.take(8)

    def mark(self) -> None:
        if len(self.marks) >= DEPTH_LIMIT:
            raise _Refused(f"more than {DEPTH_LIMIT:,} unfinished containers inside each other")
        self.marks.append(len(self.stack))

    def drop(self) -> None:
        self.pop_any()

    def drop_to_mark(self) -> None:
        del self.stack[self.marks.pop() :]

    def long(self, count: int) -> None:
        self.stack.append(int.from_bytes(self.take(count), "little", signed=True))

    def tuple_of(self, count: int) -> None:
        if self.marks and len(self.stack) - count < self.marks[-1]:
            raise _Refused("a mark where a value is needed")
        if len(self.stack) < count:
            raise IndexError
        items = tuple(self.all_finished(self.stack[-count:]))
        del self.stack[-count:]
        self.push_container(items)

    def append(self) -> None:
        value = self.pop()
        self.top((list,), "appending to").append(value)

    def appends(self) -> None:
        items = self.items()
        self.top((list,), "appending to").extend(items)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.top(DICTS, "setting an item of")[checked_key(key)] = value

    def set_items(self) -> None:
        items = self.items()
        target = self.top(DICTS, "setting items of")
        if len(items) % 2:
            raise _Refused("a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value

    def add_items(self) -> None:
        items = self.items()
        self.top((set,), "adding to").update(map(checked_key, items))

    def put(self, number: int) -> None:
        value = self.stack[-1]
        if type(value) is _Incomplete:
            value.memo_numbers.append(number)
        if len(self.memo) >= MEMO_LIMIT:
            raise _Refused(f"more than {MEMO_LIMIT:,} values to be referred to later")
        self.memo[number] = value  # a dict: a number costs nothing but its own entry

    def get(self, number: int) -> None:
        if number not in self.memo:
            raise _Refused(f"it refers to value number {number}, which it never defined")
        self.stack.append(self.memo[number])

    def named(self, module: str, name: str) -> None:
        self.stack.append(self.find(module, name))

    def named_by_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise _Refused("a name that is no text")
        self.named(module, name)

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if type(function) is not AllowedCall:
            raise _Refused(f"it calls {_described(function)}, which is no function")
        if type(arguments) is not tuple:
            raise _Refused(
                f"it calls {function.name} with a {type(arguments).__name__} in place of a tuple of arguments"
            )
        try:
            result = function.function(*arguments)
        except pickle.UnpicklingError:
            raise
        except (TypeError, ValueError, OverflowError, LookupError) as error:
            raise _Refused(f"it calls {function.name} with arguments that do not fit: {error}") from error
        self.push_container(result if function.build is None else _Incomplete(function, result))

    def build(self) -> None:
        state = self.pop()
        target = self.pop_any()
        if type(target) is _Incomplete and target.call.build is not None:
            try:
                value = target.call.build(target.value, state)
            except (TypeError, ValueError, OverflowError) as error:
                raise _Refused(f"it completes {target.call.name} with a state that does not fit: {error}") from error
            for number in target.memo_numbers:
                if self.memo.get(number) is target:
                    self.memo[number] = value
            self.stack.append(value)
            return
        if type(target) is not OrderedDict or type(state) is not dict:
            raise _Refused(f"it sets the state of {_described(target)}; only an OrderedDict may have one")
        for name in state:
            # Attributes of a dict are data to us; one that hides a method would change what later code does.
            if type(name) is not str or not name.isidentifier() or hasattr(OrderedDict, name) or name.startswith("__"):
                raise _Refused(f"it sets the attribute {name!r:.80} of an OrderedDict")
        vars(target).update(state)
        self.stack.append(target)

    def persistent(self) -> None:
        self.stack.append(self.load_storage(self.pop()))


class _Refused(Exception):
    """A refusal on its way to `run`, which adds where it happened."""


def _described(value: Any) -> str:
    return repr(value) if isinstance(value, AllowedCall) else f"a value of type {type(value).__name__}"


def checked_key(key: Any) -> Any:
    """Return a dict key or set element if it is cheap and safe to hash."""
    kind = type(key)
    if kind is tuple:
        if len(key) > 100 or any(type(item) not in PLAIN_KEYS for item in key):
            raise _Refused("a key that is a tuple of other things than plain values")
        for item in key:
            checked_key(item)
    elif kind is int and key.bit_length() > KEY_BITS:
        raise _Refused(f"a key that is an integer of {key.bit_length():,} bits")
    elif kind in (AllowedCall, complex):  # complex numbers with equal hashes are easily made, by the million
        raise _Refused(f"a key of type {kind.__name__}")
    elif kind not in PLAIN_KEYS:
        try:
            hash(key)
        except TypeError:
            raise _Refused(f"a key of type {kind.__name__}, which cannot be a key") from None
    return key


STOP = ord(".")
U1, U2, U4, U8 = (struct.Struct("<" + letter) for letter in "BHIQ")
I4, F8 = struct.Struct("<i"), struct.Struct(">d")

Opcode = Callable[[_Interpreter], None]


def _number(format: struct.Struct) -> Opcode:
    return lambda self: self.stack.append(self.number(format))


def _constant(value: Any) -> Opcode:
    return lambda self: self.stack.append(value)


def _text(length: struct.Struct) -> Opcode:
    return lambda self: self.stack.append(self.text(self.take(self.number(length))))


def _bytes(length: struct.Struct, kind: type = bytes) -> Opcode:
    return lambda self: self.stack.append(kind(self.take(self.number(length))))


def _empty(kind: type) -> Opcode:
    return lambda self: self.push_container(kind())


def _tuple(count: int) -> Opcode:
    return lambda self: self.tuple_of(count)


_BY_LETTER: Mapping[bytes, Opcode] = {
    b"\x80": _Interpreter.protocol,
    b"\x95": _Interpreter.frame,
    b"(": _Interpreter.mark,
    b"0": _Interpreter.drop,
    b"1": _Interpreter.drop_to_mark,
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"K": _number(U1),
    b"M": _number(U2),
    b"J": _number(I4),
    b"G": _number(F8),
    b"\x8a": lambda self: self.long(self.number(U1)),
    b"\x8b": lambda self: self.long(self.number(I4)),
    b"X": _text(U4),
    b"\x8c": _text(U1),
    b"\x8d": _text(U8),
    b"T": _text(I4),  # Python 2's byte strings: names, in old files
    b"U": _text(U1),
    b"B": _bytes(U4),
    b"C": _bytes(U1),
    b"\x8e": _bytes(U8),
    b"\x96": _bytes(U8, bytearray),
    b"]": _empty(list),
    b"}": _empty(dict),
    b"\x8f": _empty(set),
    b")": _constant(()),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"t": lambda self: self.push_container(tuple(self.items())),
    b"a": _Interpreter.append,
    b"e": _Interpreter.appends,
    b"s": _Interpreter.set_item,
    b"u": _Interpreter.set_items,
    b"\x90": _Interpreter.add_items,
    b"q": lambda self: self.put(self.number(U1)),
    b"r": lambda self: self.put(self.number(U4)),
    b"\x94": lambda self: self.put(len(self.memo)),
    b"h": lambda self: self.get(self.number(U1)),
    b"j": lambda self: self.get(self.number(U4)),
    b"c": lambda self: self.named(self.line(), self.line()),
    b"\x93": _Interpreter.named_by_stack,
    b"R": _Interpreter.call,
    b"b": _Interpreter.build,
    b"Q": _Interpreter.persistent,
}
OPCODES = {letter[0]: opcode for letter, opcode in _BY_LETTER.items()}
