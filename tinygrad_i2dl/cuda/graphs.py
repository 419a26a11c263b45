"""CUDA graphs: a sequence of kernels recorded once and launched as one.

A captured training step must do the same work at the same addresses each time: copy new data into the tensors that it
read (``x.copy_(batch)``), and use ``optimizer.zero_grad(set_to_none=False)``. What asks the GPU for a value cannot be
captured (``item()``, a loss that checks its targets, boolean masks), neither can random numbers (dropout), which every
replay would repeat, and optimizers that count their steps on the host: capture forward and backward, and step outside,
or use plain SGD after a first step outside.
"""

from __future__ import annotations

from typing import Any

from .presence import needed
from .streams import Stream
from .streams import stream as stream_context

__all__ = ["CUDAGraph", "graph", "graph_pool_handle", "is_current_stream_capturing"]


class CUDAGraph:
    """A recorded sequence of kernels, with the memory that it works in. Raises `RuntimeError` if there is no GPU."""

    def __init__(self, keep_graph: bool = False) -> None:
        needed("CUDAGraph")
        self._graph: Any = None
        self._stream: Any = None
        self._pool: Any = None
        self._allocator: Any = None

    def capture_begin(self, pool: Any = None, capture_error_mode: str = "global") -> None:
        """Start recording the current stream, which must not be the default one.

        Raises:
            RuntimeError: it is the default stream, or this graph is recording or recorded already.
        """
        if self._stream is not None or self._graph is not None:
            raise RuntimeError("this graph holds a recording already: call reset(), or make a new CUDAGraph")
        cuda = needed("CUDAGraph").cuda
        current = cuda.get_current_stream()
        if current.ptr == 0:
            raise RuntimeError(
                "the default stream cannot be captured: use `with torch.cuda.graph(g):`, or enter a torch.cuda.Stream"
            )
        # Memory of its own: what is freed during the recording must serve nobody else, since a replay writes there.
        self._pool = cuda.MemoryPool() if pool is None else pool
        self._allocator = cuda.using_allocator(self._pool.malloc)
        self._allocator.__enter__()
        try:
            current.begin_capture()
        except BaseException:
            self._allocator.__exit__(None, None, None)
            raise
        self._stream = current

    def capture_end(self) -> None:
        """Stop recording. Raises `RuntimeError` if nothing is being recorded, or something could not be captured."""
        if self._stream is None:
            raise RuntimeError("capture_end() without capture_begin()")
        current, self._stream = self._stream, None
        try:
            self._graph = current.end_capture()
        except Exception as error:
            raise RuntimeError(
                f"the capture failed ({error}): something in it waited for the GPU, such as item(), print(), a boolean "
                "mask, or a loss that checks its targets"
            ) from error
        finally:
            self._allocator.__exit__(None, None, None)

    def replay(self) -> None:
        """Run what was recorded, on the current stream. Raises `RuntimeError` if nothing was."""
        if self._graph is None:
            raise RuntimeError("replay() of a graph that recorded nothing: use `with torch.cuda.graph(g):` first")
        self._graph.launch(needed("CUDAGraph").cuda.get_current_stream())

    def reset(self) -> None:
        """Forget the recording and its memory."""
        self._graph = self._pool = None

    def pool(self) -> Any:
        """The memory pool, for another graph that never runs at the same time."""
        return self._pool


class graph:
    """Context manager that records what is done in it: nothing runs before ``replay()``.

    Run the step a few times outside first, so that every kernel is compiled and every library loaded.
    """

    def __init__(
        self, cuda_graph: CUDAGraph, pool: Any = None, stream: Stream | None = None, capture_error_mode: str = "global"
    ) -> None:
        self._recorded = cuda_graph
        self._pool = pool
        self._chosen = Stream() if stream is None else stream
        self._context = stream_context(self._chosen)

    def __enter__(self) -> None:
        needed("graph").cuda.Device().synchronize()
        self._context.__enter__()
        try:
            self._recorded.capture_begin(self._pool)
        except BaseException:
            self._context.__exit__(None, None, None)
            raise

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            self._recorded.capture_end()
        except RuntimeError:
            if error is None:  # else the first error says more
                raise
        finally:
            self._context.__exit__(kind, error, trace)


def graph_pool_handle() -> Any:
    """A memory pool that several graphs may share. Raises `RuntimeError` if there is no GPU."""
    return needed("graph_pool_handle").cuda.MemoryPool()


def is_current_stream_capturing() -> bool:
    """Whether the current stream is being recorded."""
    xp = needed("is_current_stream_capturing")
    return bool(xp.cuda.get_current_stream().is_capturing())
