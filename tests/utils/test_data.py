"""Datasets, samplers and loaders: the same batches as PyTorch for the same seed, whatever the number of threads."""

import collections
import threading

import numpy
import pytest
import torch as reference

import tinygrad_i2dl as torch

LIBRARIES = [torch, reference]


def plain(value):
    if isinstance(value, (torch.Tensor, reference.Tensor)):
        return (str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value


def both(program):
    ours, theirs = (plain(program(lib)) for lib in LIBRARIES)
    assert ours == theirs
    return ours


def dataset(lib, size=10):
    return lib.utils.data.TensorDataset(lib.arange(float(size)).view(size, 1), lib.arange(size))


@pytest.mark.parametrize(
    "options", [{}, {"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": 4, "shuffle": True}]
)
def test_batches_equal_pytorch(options):
    def program(lib):
        lib.manual_seed(7)
        loader = lib.utils.data.DataLoader(dataset(lib), **options)
        return [list(loader), list(loader), len(loader), lib.rand(1)]

    both(program)


def test_generator_and_random_split():
    def program(lib):
        generator = lib.Generator().manual_seed(5)
        data = lib.utils.data
        train, test = data.random_split(dataset(lib), [0.75, 0.25], generator=generator)
        loader = data.DataLoader(train, batch_size=2, shuffle=True, generator=generator)
        return [list(loader), len(test), [test[i] for i in range(len(test))]]

    both(program)


def test_passes_with_one_generator():
    """The order of a later pass, and the generator afterwards, depend on all that the passes before drew."""

    def program(lib):
        generator = lib.Generator().manual_seed(7)
        loader = lib.utils.data.DataLoader(list(range(6)), batch_size=3, shuffle=True, generator=generator)
        return [[list(loader), lib.rand(1, generator=generator)] for _ in range(4)]

    both(program)


@pytest.mark.parametrize("own", [False, True])
def test_passes_with_persistent_workers(own):
    """They are seeded once, which leaves the generator to the order."""

    def program(lib):
        lib.manual_seed(3)
        options = {"generator": lib.Generator().manual_seed(7)} if own else {}
        loader = lib.utils.data.DataLoader(
            list(range(6)), batch_size=3, shuffle=True, num_workers=1, persistent_workers=True, **options
        )
        return [[list(loader) for _ in range(3)], lib.rand(1)]

    both(program)


@pytest.mark.parametrize(
    "sampler",
    [
        lambda data: data.RandomSampler(range(50), replacement=True, num_samples=70),
        lambda data: data.RandomSampler(range(5), num_samples=12),
        lambda data: data.WeightedRandomSampler([0.1, 0.2, 5.0], 20),
        lambda data: data.WeightedRandomSampler([0.1, 0.2, 5.0], 2, replacement=False),
        lambda data: data.SubsetRandomSampler([4, 8, 15, 16, 23, 42]),
        lambda data: data.BatchSampler(data.SequentialSampler(range(7)), 3, False),
    ],
)
def test_samplers(sampler):
    def program(lib):
        lib.manual_seed(11)
        return list(sampler(lib.utils.data)), len(sampler(lib.utils.data))

    both(program)


Point = collections.namedtuple("Point", ["x", "y"])


def test_collation_of_nested_samples():
    def program(lib):
        samples = [
            {
                "t": lib.ones(2) * i,
                "n": numpy.array([i, 1.5], numpy.float32),
                "i": i,
                "f": i / 2,
                "b": i > 0,
                "s": f"text{i}",
                "p": Point(i, (i, 2.0)),
            }
            for i in range(3)
        ]
        return lib.utils.data.default_collate(samples)

    both(program)


def test_containers_of_batches_are_those_of_pytorch():
    def containers(value):
        if isinstance(value, dict):
            return type(value), [containers(each) for each in value.values()]
        if isinstance(value, (tuple, list)):
            return type(value), [containers(each) for each in value]
        return value if isinstance(value, str) else type(value).__name__

    ordered, default = collections.OrderedDict, collections.defaultdict
    for sample in (
        ("a", 1),
        ["a", 1],
        Point("a", 1),
        {"a": "b"},
        "a",
        ordered(a=1),
        default(int, a=1),
        {"a": ("b", 1)},
    ):
        ours, theirs = (containers(lib.utils.data.default_collate([sample, sample])) for lib in LIBRARIES)
        assert ours == theirs, sample


def test_collation_explains():
    with pytest.raises(TypeError, match="collate_fn"):
        torch.utils.data.default_collate([object()])
    with pytest.raises(RuntimeError, match="equal size"):
        torch.utils.data.default_collate([[1, 2], [3]])


class Slow(torch.utils.data.Dataset):
    def __init__(self, fail_at=None):
        self.fail_at = fail_at
        self.threads = set()

    def __len__(self):
        return 23

    def __getitem__(self, index):
        self.threads.add(threading.current_thread().name)
        if index == self.fail_at:
            raise FileNotFoundError(f"image {index}")
        return torch.tensor(index), str(index)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads_keep_the_order(workers):
    expected = list(torch.utils.data.DataLoader(Slow(), batch_size=4))
    data = Slow()
    loader = torch.utils.data.DataLoader(data, batch_size=4, num_workers=workers, prefetch_factor=3)
    assert plain(list(loader)) == plain(expected) and plain(list(loader)) == plain(expected)
    assert all(name.startswith("loader-") for name in data.threads)


def test_error_in_a_thread_reaches_the_user():
    loader = torch.utils.data.DataLoader(Slow(fail_at=9), batch_size=4, num_workers=2)
    with pytest.raises(FileNotFoundError, match="image 9") as caught:
        list(loader)
    assert any("worker thread" in note for note in caught.value.__notes__)


def test_worker_info_and_init():
    started = []

    class Told(torch.utils.data.Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            return torch.utils.data.get_worker_info().num_workers

    loader = torch.utils.data.DataLoader(Told(), num_workers=2, worker_init_fn=started.append)
    assert [batch.item() for batch in loader] == [2] * 8
    assert sorted(started) == [0, 1] and torch.utils.data.get_worker_info() is None


def test_abandoned_loader_leaves_no_threads():
    loader = torch.utils.data.DataLoader(Slow(), batch_size=2, num_workers=2)
    iterator = iter(loader)
    next(iterator)
    iterator.close()
    for thread in threading.enumerate():
        if thread.name.startswith("loader-"):
            thread.join(timeout=5)
            assert not thread.is_alive()


def test_iterable_dataset():
    def program(lib):
        class Stream(lib.utils.data.IterableDataset):
            def __iter__(self):
                return iter(range(7))

        data = lib.utils.data
        return [
            list(data.DataLoader(Stream(), batch_size=3)),
            list(data.DataLoader(Stream(), batch_size=3, drop_last=True)),
            list(data.DataLoader(Stream() + Stream(), batch_size=None)),
        ]

    both(program)

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(7))

    assert plain(list(torch.utils.data.DataLoader(Stream(), batch_size=3, num_workers=2))) == plain(
        list(torch.utils.data.DataLoader(Stream(), batch_size=3))
    )


def test_concat_subset_stack():
    def program(lib):
        data = lib.utils.data
        joined = dataset(lib, 3) + dataset(lib, 4)
        part = data.Subset(joined, [6, 0, 3])
        stacked = data.StackDataset(a=part, b=data.Subset(joined, [1, 2, 3]))
        return [len(joined), joined[-1], list(data.DataLoader(part, batch_size=2)), stacked[1], len(stacked)]

    both(program)


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ({"num_workers": -1}, "non-negative"),
        ({"shuffle": True, "sampler": range(3)}, "exclusive"),
        ({"batch_size": 0}, "positive"),
        ({"batch_size": None, "drop_last": True}, "exclusive"),
        ({"prefetch_factor": 2}, "num_workers > 0"),
    ],
)
def test_contradictory_options_are_refused(options, pattern):
    with pytest.raises(ValueError, match=pattern):
        torch.utils.data.DataLoader(dataset(torch), **options)


def test_split_that_does_not_add_up():
    with pytest.raises(ValueError, match=r"\[3, 3\] for 10 samples"):
        torch.utils.data.random_split(dataset(torch), [3, 3])


@pytest.mark.parametrize("name", ["batch_size", "dataset", "drop_last", "sampler"])
def test_what_a_loader_was_made_of_cannot_be_changed(name):
    for lib in (torch, reference):
        loader = lib.utils.data.DataLoader(range(4), batch_size=2)
        with pytest.raises(ValueError, match=name):
            setattr(loader, name, 3)
        loader.collate_fn = sum
        assert list(loader) == [1, 5]


def test_nothing_cannot_be_shuffled():
    for lib in (torch, reference):
        assert list(lib.utils.data.DataLoader([])) == []
        with pytest.raises(ValueError, match="num_samples should be a positive integer"):
            lib.utils.data.DataLoader([], shuffle=True)
