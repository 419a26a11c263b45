// The allocator as NumPy's memory handler (NEP 49, "Data allocation strategies in NumPy").
#include "allocator.h"
#include "binding.h"

namespace i2dl {
namespace {

// NumPy's ABI for handlers of version 1, and the places of its functions in the table that NumPy exports, as pybind11
// reads it: so that NumPy's headers need not be there when the extension is built.
struct DataAllocator {
    void* context;
    void* (*allocate)(void* context, size_t size);
    void* (*allocate_zeros)(void* context, size_t count, size_t size);
    void* (*reallocate)(void* context, void* memory, size_t size);
    void (*free)(void* context, void* memory, size_t size);
};
struct DataHandler {
    char name[127];
    uint8_t version;
    DataAllocator allocator;
};
enum Place { kSetHandler = 304, kGetHandler = 305, kDefaultHandler = 306 };
constexpr const char* kCapsule = "mem_handler";

void** numpy_table() {
    static void** const table = [] {
        const py::object capsule = py::module_::import("numpy._core._multiarray_umath").attr("_ARRAY_API");
        void* pointer = PyCapsule_GetPointer(capsule.ptr(), nullptr);
        if (!pointer) throw py::error_already_set();
        return static_cast<void**>(pointer);
    }();
    return table;
}

py::object get_handler() {
    PyObject* handler = reinterpret_cast<PyObject* (*)()>(numpy_table()[kGetHandler])();
    if (!handler) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(handler);
}

// Returns the handler that was in force. The choice is a context variable: it holds for the calling thread's context.
py::object set_handler(const py::object& handler) {
    PyObject* former = reinterpret_cast<PyObject* (*)(PyObject*)>(numpy_table()[kSetHandler])(handler.ptr());
    if (!former) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(former);
}

py::object default_handler() {
    return py::reinterpret_borrow<py::object>(*static_cast<PyObject**>(numpy_table()[kDefaultHandler]));
}

void* allocate(void*, size_t size) { return cached_allocate(size, false); }

void* allocate_zeros(void*, size_t count, size_t size) {
    size_t total;
    return __builtin_mul_overflow(count, size, &total) ? nullptr : cached_allocate(total, true);
}

void* reallocate(void*, void* memory, size_t size) { return cached_reallocate(memory, size); }

// NumPy's size is not used: for an array without elements it is not the one that was asked for.
void release(void*, void* memory, size_t) { cached_free(memory); }

DataHandler handler = {"tinygrad_i2dl", 1, {nullptr, allocate, allocate_zeros, reallocate, release}};

// Lives as long as the process, since every array that it allocated refers to it.
const py::object& caching_handler() {
    static const py::object* const only = [] {
        const py::object numpys = default_handler();
        const auto* theirs = static_cast<DataHandler*>(PyCapsule_GetPointer(numpys.ptr(), kCapsule));
        if (!theirs) throw py::error_already_set();
        const DataAllocator& from = theirs->allocator;
        set_small_memory({from.context, from.allocate, from.allocate_zeros, from.reallocate, from.free});
        PyObject* capsule = PyCapsule_New(&handler, kCapsule, nullptr);
        if (!capsule) throw py::error_already_set();
        return new py::object(py::reinterpret_steal<py::object>(capsule));
    }();
    return *only;
}

py::dict statistics() {
    const AllocatorStatistics found = allocator_statistics();
    py::dict result;
    result["hits"] = found.hits;
    result["misses"] = found.misses;
    result["live_bytes"] = found.live_bytes;
    result["peak_bytes"] = found.peak_bytes;
    result["cached_bytes"] = found.cached_bytes;
    result["limit_bytes"] = found.limit_bytes;
    return result;
}

}  // namespace

void bind_allocator(py::module_& module) {
    module.def("caching_handler", [] { return caching_handler(); });
    module.def("default_handler", &default_handler);
    module.def("get_handler", &get_handler);
    module.def("set_handler", &set_handler, py::arg("handler"));
    module.def("set_cache_limit", &set_cache_limit, py::arg("bytes"));
    module.def("empty_cache", &empty_cache);
    module.def("allocator_statistics", &statistics);
}

}  // namespace i2dl
