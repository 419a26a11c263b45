// The short way of elementwise operations: a callable that does in C++ what `unary_function` and `binary_function` of
// tinygrad_i2dl/ops/_define.py do in Python, for the common case alone: aligned, contiguous float32 or float64 arrays
// of one shape (or a number, an array without dimensions, or a row for the second), no view, nobody watching. NumPy's
// own inner loop computes; what is saved is left to NumPy's and Python's call machinery. Everything else, and every
// error, goes to the Python function, which defines what the operation does.
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include "binding.h"

// Below pybind11, which comes with Python.h.
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>
#include <structmember.h>

namespace i2dl {
namespace {

constexpr npy_intp RELEASE_LOCK_FROM = 1 << 15;  // elements from which other threads may run meanwhile

// Where the fields of the Python classes are: they have __slots__, so each is a pointer at a fixed distance.
struct Fields {
    PyTypeObject* tensor = nullptr;
    Py_ssize_t array, node, grad, version, view;
    PyTypeObject* graph_node = nullptr;
    Py_ssize_t number, parents, shape, dtype, hooks, trace, op, saved, guards;
    Py_ssize_t small;  // of a KernelTable: below how many elements the reference kernel runs
    PyObject* state = nullptr;
    PyObject* counter = nullptr;
    PyObject* nothing_saved = nullptr;  // what a node holds whose formulas need nothing
    PyObject* recording = nullptr;      // the word
    PyObject* picks = nullptr;          // the word
    bool watched = false;
};
Fields fields;

PyObject*& field(PyObject* object, Py_ssize_t offset) {
    return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
}

Py_ssize_t offset_of(PyObject* type, const char* name) {
    PyObject* descriptor = PyObject_GetAttrString(type, name);
    if (descriptor == nullptr) throw py::error_already_set();
    if (Py_TYPE(descriptor) != &PyMemberDescr_Type) {
        Py_DECREF(descriptor);
        throw py::type_error(std::string("expected a slot, but this is none: ") + name);
    }
    Py_ssize_t offset = reinterpret_cast<PyMemberDescrObject*>(descriptor)->d_member->offset;
    Py_DECREF(descriptor);
    return offset;
}

// What a formula saves; the numbers are those of Formula.pick.
enum Pick : long { NOTHING = -1, INPUT = 0, SECOND = 1, BOTH = -2 };  // SECOND: `other` of two operands, `out` of one

struct Loop {
    PyUFuncGenericFunction function = nullptr;
    void* data = nullptr;
    int result = NPY_NOTYPE;
};

struct Elementwise {
    PyObject_HEAD PyObject* dict;
    vectorcallfunc call;
    PyObject* definition;  // the Python function
    PyObject* op;
    PyObject* table;
    Loop single, twice;  // of float32 and of float64
    int operands;        // of NumPy's loop: an operation of one may run a loop of two, with `constant` for the second
    double constant;
    bool first_number, second_number, swapped;
    bool known;  // whether the picks were read
    bool recordable;
    bool simple[2];  // whether a pick tells all that a formula saves
    long pick[2];
};

// ------------------------------------------------------------------------------------------------- operands

struct Operand {
    PyObject* tensor = nullptr;  // null for a number
    PyArrayObject* array = nullptr;
    PyObject* node = nullptr;
    double number = 0;
};

bool is_number(PyObject* value) { return PyFloat_CheckExact(value) || PyLong_CheckExact(value); }

// Reads a Tensor that the short way serves.
bool read_tensor(PyObject* value, Operand& operand) {
    if (Py_TYPE(value) != fields.tensor && !PyType_IsSubtype(Py_TYPE(value), fields.tensor)) return false;
    PyObject* array = field(value, fields.array);
    if (array == nullptr || Py_TYPE(array) != &PyArray_Type || field(value, fields.view) != Py_None) return false;
    auto* data = reinterpret_cast<PyArrayObject*>(array);
    constexpr int wanted = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;
    if ((PyArray_FLAGS(data) & wanted) != wanted) return false;
    operand.tensor = value;
    operand.array = data;
    operand.node = field(value, fields.node);
    return operand.node != nullptr;
}

bool read_number(PyObject* value, Operand& operand) {
    operand.number = PyFloat_CheckExact(value) ? PyFloat_AS_DOUBLE(value) : PyLong_AsDouble(value);
    if (operand.number == -1.0 && PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    return true;
}

int type_of(PyArrayObject* array) {
    int type = PyArray_DESCR(array)->type_num;
    if (type != NPY_FLOAT && type != NPY_DOUBLE) return NPY_NOTYPE;
    return PyArray_ISNBO(PyArray_DESCR(array)->byteorder) ? type : NPY_NOTYPE;
}

// How the elements of two arrays meet.
enum class Meeting { EQUAL, FIRST_ALONE, SECOND_ALONE, FIRST_ROW, SECOND_ROW, NONE };

Meeting meeting_of(PyArrayObject* a, PyArrayObject* b) {
    int m = PyArray_NDIM(a), n = PyArray_NDIM(b);
    const npy_intp *p = PyArray_DIMS(a), *q = PyArray_DIMS(b);
    if (m == n) {
        for (int i = 0; i < m; ++i)
            if (p[i] != q[i]) return Meeting::NONE;
        return Meeting::EQUAL;
    }
    if (n == 0) return Meeting::SECOND_ALONE;
    if (m == 0) return Meeting::FIRST_ALONE;
    if (n == 1 && q[0] == p[m - 1] && q[0] > 7) return Meeting::SECOND_ROW;
    if (m == 1 && p[0] == q[n - 1] && p[0] > 7) return Meeting::FIRST_ROW;
    return Meeting::NONE;
}

// ------------------------------------------------------------------------------------------------- results

// A new reference to what `number` is saved as: a formula computes faster with an array than with a Python float.
PyObject* constant_array(double number, int type) {
    PyObject* array = PyArray_SimpleNew(0, nullptr, type);
    if (array == nullptr) return nullptr;
    void* data = PyArray_DATA(reinterpret_cast<PyArrayObject*>(array));
    if (type == NPY_FLOAT)
        *static_cast<float*>(data) = static_cast<float>(number);
    else
        *static_cast<double*>(data) = number;
    return array;
}

// Takes over `array`; `node` may be null.
PyObject* new_tensor(PyObject* array, PyObject* node) {
    PyObject* tensor = fields.tensor->tp_alloc(fields.tensor, 0);
    if (tensor == nullptr) {
        Py_DECREF(array);
        return nullptr;
    }
    field(tensor, fields.array) = array;
    field(tensor, fields.node) = Py_NewRef(node == nullptr ? Py_None : node);
    field(tensor, fields.grad) = Py_NewRef(Py_None);
    field(tensor, fields.version) = Py_NewRef(Py_None);
    field(tensor, fields.view) = Py_NewRef(Py_None);
    return tensor;
}

// The change counter of a tensor, made where there is none: a borrowed reference.
PyObject* version_of(PyObject* tensor) {
    PyObject*& version = field(tensor, fields.version);
    if (version == Py_None || version == nullptr) {
        PyObject* zero = PyLong_FromLong(0);
        PyObject* made = PyList_New(2);
        if (made == nullptr) return nullptr;
        PyList_SET_ITEM(made, 0, Py_NewRef(zero));
        PyList_SET_ITEM(made, 1, zero);
        Py_XSETREF(version, made);
    }
    return version;
}

// A guard that notices changes of `tensor`, as a new reference: (its counter, the changes so far).
PyObject* guard_of(PyObject* tensor) {
    PyObject* version = version_of(tensor);
    if (version == nullptr || !PyList_CheckExact(version) || PyList_GET_SIZE(version) != 2) return nullptr;
    return PyTuple_Pack(2, version, PyList_GET_ITEM(version, 0));
}

PyObject* shape_of(PyArrayObject* array) {
    int n = PyArray_NDIM(array);
    PyObject* shape = PyTuple_New(n);
    for (int i = 0; shape != nullptr && i < n; ++i) {
        PyObject* size = PyLong_FromSsize_t(PyArray_DIM(array, i));
        if (size == nullptr)
            Py_CLEAR(shape);
        else
            PyTuple_SET_ITEM(shape, i, size);
    }
    return shape;
}

// Takes over `saved`, `guards` and `parents`, and releases them where it fails.
PyObject* new_node(Elementwise* self, PyArrayObject* result, PyObject* parents, PyObject* saved, PyObject* guards) {
    PyObject* node = fields.graph_node->tp_alloc(fields.graph_node, 0);
    PyObject* number = Py_TYPE(fields.counter)->tp_iternext(fields.counter);
    PyObject* shape = shape_of(result);
    if (node == nullptr || number == nullptr || shape == nullptr) {
        for (PyObject* each : {node, number, shape, parents, saved, guards}) Py_XDECREF(each);
        return nullptr;
    }
    field(node, fields.number) = number;
    field(node, fields.parents) = parents;
    field(node, fields.shape) = shape;
    field(node, fields.dtype) = Py_NewRef(reinterpret_cast<PyObject*>(PyArray_DESCR(result)));
    field(node, fields.hooks) = Py_NewRef(Py_None);
    field(node, fields.trace) = Py_NewRef(Py_None);
    field(node, fields.op) = Py_NewRef(self->op);
    field(node, fields.saved) = saved;
    field(node, fields.guards) = guards;
    return node;
}

// -1 with an exception, else whether operations are recorded in this thread.
int is_recording() {
    PyObject* value = PyObject_GetAttr(fields.state, fields.recording);
    if (value == nullptr) return -1;
    int answer = PyObject_IsTrue(value);
    Py_DECREF(value);
    return answer;
}

// Reads once what the formulas save: `op.picks()` is a tuple of Formula.pick.
bool read_picks(Elementwise* self) {
    PyObject* picks = PyObject_CallMethodNoArgs(self->op, fields.picks);
    if (picks == nullptr) return false;
    self->recordable = PyTuple_GET_SIZE(picks) > 0;
    for (Py_ssize_t i = 0; i < 2 && i < PyTuple_GET_SIZE(picks); ++i) {
        PyObject* pick = PyTuple_GET_ITEM(picks, i);
        self->pick[i] = pick == Py_None ? NPY_MAX_LONG : PyLong_AsLong(pick);
        self->simple[i] =
            self->pick[i] == NOTHING || self->pick[i] == INPUT || self->pick[i] == SECOND || self->pick[i] == BOTH;
    }
    Py_DECREF(picks);
    if (PyErr_Occurred()) return false;
    return self->known = true;
}

// ------------------------------------------------------------------------------------------------- computing

// Runs the loop into a new array; null with an exception where there is no memory.
PyObject* compute(const Loop& loop, int type, const Operand& a, const Operand& b, Meeting meeting, int operands) {
    PyArrayObject* like = a.array;
    if (a.array == nullptr || meeting == Meeting::FIRST_ALONE || meeting == Meeting::FIRST_ROW) like = b.array;
    PyObject* result = PyArray_SimpleNew(PyArray_NDIM(like), PyArray_DIMS(like), loop.result);
    if (result == nullptr) return nullptr;
    npy_intp count = PyArray_SIZE(like);
    if (count == 0) return result;

    double wide[2] = {a.number, b.number};
    float narrow[2] = {static_cast<float>(a.number), static_cast<float>(b.number)};
    npy_intp size = type == NPY_FLOAT ? 4 : 8;
    auto* out = static_cast<char*>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(result)));
    npy_intp out_size = loop.result == NPY_BOOL ? 1 : PyArray_ITEMSIZE(reinterpret_cast<PyArrayObject*>(result));
    char* data[3];
    npy_intp steps[3] = {size, size, out_size};
    const Operand* both[2] = {&a, &b};
    for (int i = 0; i < operands; ++i) {
        bool number = both[i]->array == nullptr;
        data[i] = !number             ? static_cast<char*>(PyArray_DATA(both[i]->array))
                  : type == NPY_FLOAT ? reinterpret_cast<char*>(&narrow[i])
                                      : reinterpret_cast<char*>(&wide[i]);
        if (number) steps[i] = 0;
    }
    if (meeting == Meeting::FIRST_ALONE) steps[0] = 0;
    if (meeting == Meeting::SECOND_ALONE) steps[1] = 0;
    data[operands] = out;
    steps[operands] = out_size;

    npy_intp rows = 1, length = count;
    npy_intp advance[2] = {0, 0};
    if (meeting == Meeting::SECOND_ROW || meeting == Meeting::FIRST_ROW) {
        length = PyArray_DIM(like, PyArray_NDIM(like) - 1);
        rows = count / length;
        advance[meeting == Meeting::SECOND_ROW ? 0 : 1] = length * size;
    }
    PyThreadState* released = count >= RELEASE_LOCK_FROM ? PyEval_SaveThread() : nullptr;
    for (npy_intp row = 0; row < rows; ++row) {
        char* now[3] = {data[0], data[1], data[2]};
        loop.function(now, &length, steps, loop.data);
        data[0] += advance[0];
        data[1] += advance[1];
        data[operands] += length * out_size;
    }
    if (released != nullptr) PyEval_RestoreThread(released);
    return result;
}

// Below how many elements no backend is asked; -1 before the kernel was looked up.
npy_intp small_of(Elementwise* self) {
    PyObject* small = field(self->table, fields.small);
    return small == nullptr || !PyLong_CheckExact(small) ? -1 : PyLong_AsSsize_t(small);
}

PyObject* define(Elementwise* self, PyObject* const* args, size_t count, PyObject* names) {
    return PyObject_Vectorcall(self->definition, args, count, names);
}

PyObject* append(PyObject* guards, PyObject* guard) {
    if (guard == nullptr || PyList_Append(guards, guard) < 0) Py_CLEAR(guards);
    Py_XDECREF(guard);
    return guards;
}

PyObject* call_unary(PyObject* callable, PyObject* const* args, size_t count, PyObject* names) {
    auto* self = reinterpret_cast<Elementwise*>(callable);
    Operand input, other;
    other.number = self->constant;
    if (PyVectorcall_NARGS(count) != 1 || names != nullptr || fields.watched || !read_tensor(args[0], input))
        return define(self, args, count, names);
    int type = type_of(input.array);
    if (type == NPY_NOTYPE || PyArray_SIZE(input.array) >= small_of(self)) return define(self, args, count, names);
    const Loop& loop = type == NPY_FLOAT ? self->single : self->twice;
    if (loop.function == nullptr || (!self->known && !read_picks(self))) return define(self, args, count, names);
    int recorded = input.node != Py_None && self->recordable ? is_recording() : 0;
    if (recorded < 0) return nullptr;
    if (recorded && !self->simple[0]) return define(self, args, count, names);

    Py_INCREF(input.array);  // another thread may give the tensor another one
    Py_INCREF(input.node);
    PyObject* result = compute(loop, type, input, other, Meeting::EQUAL, self->operands);
    PyObject* tensor = result == nullptr ? nullptr : new_tensor(result, nullptr);
    if (tensor != nullptr && recorded) {
        PyObject *saved = nullptr, *guards = nullptr, *parents = PyTuple_Pack(1, input.node);
        if (self->pick[0] == NOTHING) {
            saved = Py_NewRef(fields.nothing_saved);
            guards = PyTuple_New(0);
        } else {
            PyObject* kept = self->pick[0] == INPUT ? reinterpret_cast<PyObject*>(input.array) : result;
            PyObject* arguments = PyTuple_Pack(1, kept);
            saved = arguments == nullptr ? nullptr : PyTuple_Pack(1, arguments);
            Py_XDECREF(arguments);
            PyObject* guard = guard_of(self->pick[0] == INPUT ? input.tensor : tensor);
            guards = guard == nullptr ? nullptr : PyTuple_Pack(1, guard);
            Py_XDECREF(guard);
        }
        PyObject* node = nullptr;
        if (saved != nullptr && guards != nullptr && parents != nullptr)
            node = new_node(self, reinterpret_cast<PyArrayObject*>(result), parents, saved, guards);
        else
            for (PyObject* each : {saved, guards, parents}) Py_XDECREF(each);
        if (node == nullptr)
            Py_CLEAR(tensor);
        else
            Py_SETREF(field(tensor, fields.node), node);
    }
    Py_DECREF(input.array);
    Py_DECREF(input.node);
    return tensor;
}

// The arguments that one formula saves, as a new reference; adds the guards of the operands concerned.
PyObject* saved_of(long pick, const Operand& a, const Operand& b, PyObject* kept_a, PyObject* kept_b,
                   PyObject*& guards) {
    bool with_a = pick == INPUT || pick == BOTH, with_b = pick == SECOND || pick == BOTH;
    if (guards != nullptr && with_a && a.tensor != nullptr) guards = append(guards, guard_of(a.tensor));
    if (guards != nullptr && with_b && b.tensor != nullptr) guards = append(guards, guard_of(b.tensor));
    if (guards == nullptr) return nullptr;
    if (with_a && with_b) return PyTuple_Pack(2, kept_a, kept_b);
    if (with_a || with_b) return PyTuple_Pack(1, with_a ? kept_a : kept_b);
    return PyTuple_New(0);
}

// A node for two formulas; null with an exception where there is no memory.
PyObject* record(Elementwise* self, PyObject* result, int type, const Operand& a, const Operand& b) {
    bool left = a.tensor != nullptr && a.node != Py_None, right = b.tensor != nullptr && b.node != Py_None;
    PyObject* parents = PyTuple_Pack(2, left ? a.node : Py_None, right ? b.node : Py_None);
    bool saves = (left && self->pick[0] != NOTHING) || (right && self->pick[1] != NOTHING);
    PyObject *saved = nullptr, *guards = nullptr;
    if (saves) {
        PyObject* kept_a = a.array ? Py_NewRef(reinterpret_cast<PyObject*>(a.array)) : constant_array(a.number, type);
        PyObject* kept_b = b.array ? Py_NewRef(reinterpret_cast<PyObject*>(b.array)) : constant_array(b.number, type);
        guards = kept_a == nullptr || kept_b == nullptr ? nullptr : PyList_New(0);
        PyObject *first = nullptr, *second = nullptr;
        if (guards != nullptr)
            first = left ? saved_of(self->pick[0], a, b, kept_a, kept_b, guards) : Py_NewRef(Py_None);
        if (guards != nullptr)
            second = right ? saved_of(self->pick[1], a, b, kept_a, kept_b, guards) : Py_NewRef(Py_None);
        saved = first == nullptr || second == nullptr ? nullptr : PyTuple_Pack(2, first, second);
        for (PyObject* each : {kept_a, kept_b, first, second}) Py_XDECREF(each);
    } else {
        saved = Py_NewRef(fields.nothing_saved);
        guards = PyTuple_New(0);
    }
    if (parents == nullptr || saved == nullptr || guards == nullptr) {
        for (PyObject* each : {parents, saved, guards}) Py_XDECREF(each);
        return nullptr;
    }
    return new_node(self, reinterpret_cast<PyArrayObject*>(result), parents, saved, guards);
}

PyObject* call_binary(PyObject* callable, PyObject* const* args, size_t count, PyObject* names) {
    auto* self = reinterpret_cast<Elementwise*>(callable);
    if (PyVectorcall_NARGS(count) != 2 || names != nullptr || fields.watched) return define(self, args, count, names);
    PyObject *first = args[self->swapped], *second = args[!self->swapped];
    Operand a, b;
    bool served;
    if (is_number(second))
        served = self->second_number && read_tensor(first, a) && read_number(second, b);
    else if (is_number(first))
        served = self->first_number && read_tensor(second, b) && read_number(first, a);
    else
        served = read_tensor(first, a) && read_tensor(second, b);
    if (!served) return define(self, args, count, names);
    int type = type_of(a.array != nullptr ? a.array : b.array);
    auto meeting = Meeting::EQUAL;
    if (a.array != nullptr && b.array != nullptr) {
        meeting = meeting_of(a.array, b.array);
        if (meeting == Meeting::NONE || type_of(b.array) != type) return define(self, args, count, names);
    }
    npy_intp small = small_of(self);
    if (type == NPY_NOTYPE || (a.array != nullptr && PyArray_SIZE(a.array) >= small) ||
        (b.array != nullptr && PyArray_SIZE(b.array) >= small))
        return define(self, args, count, names);
    const Loop& loop = type == NPY_FLOAT ? self->single : self->twice;
    if (loop.function == nullptr || (!self->known && !read_picks(self))) return define(self, args, count, names);
    bool left = a.tensor != nullptr && a.node != Py_None, right = b.tensor != nullptr && b.node != Py_None;
    int recorded = (left || right) && self->recordable ? is_recording() : 0;
    if (recorded < 0) return nullptr;
    if (recorded && ((left && !self->simple[0]) || (right && !self->simple[1])))
        return define(self, args, count, names);

    for (const Operand* each : {&a, &b}) {
        Py_XINCREF(each->array);  // another thread may give the tensor another one
        Py_XINCREF(each->node);
    }
    PyObject* result = compute(loop, type, a, b, meeting, 2);
    PyObject* node = recorded && result != nullptr ? record(self, result, type, a, b) : nullptr;
    PyObject* tensor = nullptr;
    if (result != nullptr && (!recorded || node != nullptr)) {
        tensor = new_tensor(result, node);
    } else {
        Py_XDECREF(result);
    }
    Py_XDECREF(node);
    for (const Operand* each : {&a, &b}) {
        Py_XDECREF(each->array);
        Py_XDECREF(each->node);
    }
    return tensor;
}

// ------------------------------------------------------------------------------------------------- the type

int traverse(PyObject* object, visitproc visit, void* arg) {
    auto* self = reinterpret_cast<Elementwise*>(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->dict);
    Py_VISIT(self->definition);
    Py_VISIT(self->op);
    Py_VISIT(self->table);
    return 0;
}

int clear(PyObject* object) {
    auto* self = reinterpret_cast<Elementwise*>(object);
    Py_CLEAR(self->dict);
    Py_CLEAR(self->definition);
    Py_CLEAR(self->op);
    Py_CLEAR(self->table);
    return 0;
}

void deallocate(PyObject* object) {
    PyObject_GC_UnTrack(object);
    clear(object);
    PyTypeObject* type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

PyObject* bind_to(PyObject* self, PyObject* object, PyObject*) {
    return object == nullptr || object == Py_None ? Py_NewRef(self) : PyMethod_New(self, object);
}

PyObject* represent(PyObject* self) {
    PyObject* name = PyObject_GetAttrString(self, "__name__");
    PyObject* text = name == nullptr ? nullptr : PyUnicode_FromFormat("<function %U at %p>", name, self);
    Py_XDECREF(name);
    return text;
}

PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyMethodDef methods[] = {
    {"__reduce__", reduce, METH_NOARGS, "Pickled by name, as functions are."},
    {nullptr, nullptr, 0, nullptr},
};

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(Elementwise, dict), READONLY, nullptr},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Elementwise, call), READONLY, nullptr},
    {"definition", T_OBJECT, offsetof(Elementwise, definition), READONLY, "The Python function for all other cases."},
    {nullptr, 0, 0, 0, nullptr},
};

PyGetSetDef computed[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_descr_get, reinterpret_cast<void*>(bind_to)},
    {Py_tp_repr, reinterpret_cast<void*>(represent)},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_getset, computed},
    {0, nullptr},
};

PyType_Spec spec = {
    "tinygrad_i2dl._native.Elementwise",
    sizeof(Elementwise),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
        Py_TPFLAGS_DISALLOW_INSTANTIATION,
    slots,
};

PyTypeObject* elementwise_type = nullptr;

// NumPy's loop for operands of one dtype; none if the ufunc has none that takes it unchanged.
Loop loop_of(PyUFuncObject* ufunc, int type) {
    Loop loop;
    for (int i = 0; i < ufunc->ntypes; ++i) {
        const char* types = ufunc->types + static_cast<ptrdiff_t>(i) * ufunc->nargs;
        bool fits = true;
        for (int j = 0; j < ufunc->nin; ++j) fits = fits && types[j] == type;
        char result = types[ufunc->nin];
        if (!fits || (result != type && result != NPY_BOOL) || ufunc->functions[i] == nullptr) continue;
        loop.function = ufunc->functions[i];
        loop.data = ufunc->data == nullptr ? nullptr : const_cast<void*>(ufunc->data[i]);
        loop.result = result;
        return loop;
    }
    return loop;
}

}  // namespace

// See tinygrad_i2dl/ops/_define.py, the only caller.
void bind_elementwise(py::module_& module) {
    if (PyArray_ImportNumPyAPI() < 0 || PyUFunc_ImportUFuncAPI() < 0) throw py::error_already_set();
    elementwise_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (elementwise_type == nullptr) throw py::error_already_set();

    module.def("elementwise_classes", [](py::type tensor, py::type node, py::type table, py::object state,
                                         py::object counter, py::object nothing_saved) {
        PyObject* t = tensor.ptr();
        PyObject* n = node.ptr();
        fields.array = offset_of(t, "_array");
        fields.node = offset_of(t, "_node");
        fields.grad = offset_of(t, "_grad");
        fields.version = offset_of(t, "_version");
        fields.view = offset_of(t, "_view");
        fields.number = offset_of(n, "number");
        fields.parents = offset_of(n, "parents");
        fields.shape = offset_of(n, "shape");
        fields.dtype = offset_of(n, "dtype");
        fields.hooks = offset_of(n, "hooks");
        fields.trace = offset_of(n, "trace");
        fields.op = offset_of(n, "op");
        fields.saved = offset_of(n, "saved");
        fields.guards = offset_of(n, "guards");
        fields.small = offset_of(table.ptr(), "small");
        if (Py_TYPE(counter.ptr())->tp_iternext == nullptr) throw py::type_error("expected a counter");
        fields.tensor = reinterpret_cast<PyTypeObject*>(tensor.release().ptr());
        fields.graph_node = reinterpret_cast<PyTypeObject*>(node.release().ptr());
        fields.state = state.release().ptr();
        fields.counter = counter.release().ptr();
        fields.nothing_saved = nothing_saved.release().ptr();
        fields.recording = PyUnicode_InternFromString("recording");
        fields.picks = PyUnicode_InternFromString("picks");
    });
    module.def("watch_elementwise", [](bool watched) { fields.watched = watched; });
    module.def(
        "elementwise",
        [](py::object definition, py::object op, py::object table, py::object ufunc, int inputs, double constant,
           bool first_number, bool second_number, bool swapped) -> py::object {
            auto* known = reinterpret_cast<PyUFuncObject*>(ufunc.ptr());
            if (!PyObject_TypeCheck(ufunc.ptr(), &PyUFunc_Type) || known->nout != 1 || known->nin > 2 ||
                known->nin < inputs || known->core_enabled)
                throw py::type_error("expected a ufunc of one or two operands and one result");
            if (fields.tensor == nullptr) throw py::type_error("expected the classes to be told first");
            auto* self = PyObject_GC_New(Elementwise, elementwise_type);
            if (self == nullptr) throw py::error_already_set();
            self->dict = nullptr;
            self->call = inputs == 1 ? call_unary : call_binary;
            self->definition = definition.release().ptr();
            self->op = op.release().ptr();
            self->table = table.release().ptr();
            self->single = loop_of(known, NPY_FLOAT);
            self->twice = loop_of(known, NPY_DOUBLE);
            self->operands = known->nin;
            self->constant = constant;
            self->first_number = first_number;
            self->second_number = second_number;
            self->swapped = swapped;
            self->known = self->recordable = false;
            self->simple[0] = self->simple[1] = false;
            self->pick[0] = self->pick[1] = NOTHING;
            PyObject_GC_Track(self);
            return py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(self));
        },
        py::arg("definition"), py::arg("op"), py::arg("table"), py::arg("ufunc"), py::arg("inputs"),
        py::arg("constant"), py::arg("first_number"), py::arg("second_number"), py::arg("swapped"));
}

}  // namespace i2dl
