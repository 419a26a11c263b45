"""The stub that tells editors and mypy what operations attach to Tensor says what they attach."""

import pytest

pytest.importorskip("torch")

from tools import generate_stubs


def test_the_stub_is_current() -> None:
    assert generate_stubs.TARGET.read_text() == generate_stubs.stub(), "run: python -m tools.generate_stubs"


def test_the_stub_has_types() -> None:
    text = generate_stubs.stub()
    assert "    def exp(self) -> Tensor:" in text
    assert "    def __setitem__(self, index: Any, value: Any) -> None:" in text
    assert "    def is_floating_point(self) -> builtins.bool:" in text
    assert "    def unbind(self, dim: Any = 0) -> builtins.tuple[Tensor, ...]:" in text
