// The short way of elementwise operations: a callable that does in C++ what `unary_function` and `binary_function` of
// tinygrad_i2dl/ops/_define.py do in Python, for the common case alone: aligned, contiguous float32 or float64 arrays
// (or one and a number), no view, nobody watching. NumPy's own inner loop computes; what is saved is left to NumPy's
// and Python's call machinery. Everything else, and every error, goes to the Python function, which defines what the
// operation does. Formulas of the backward pass come with arrays in place of Tensors, and get an array.
#include <algorithm>

#include "bind_graph.h"

namespace i2dl {
namespace {

constexpr npy_intp RELEASE_LOCK_FROM = 1 << 15;  // elements from which other threads may run meanwhile

// What a formula saves; the numbers are those of Formula.pick.
enum Pick : long { NOTHING = -1, INPUT = 0, SECOND = 1, BOTH = -2 };  // SECOND: `other` of two operands, `out` of one

struct Loop {
    PyUFuncGenericFunction function = nullptr;
    void* data = nullptr;
    int result = NPY_NOTYPE;
};

struct Elementwise : Callable {
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

// Keeps what was read of a tensor, which other threads may give another array or node.
class Held {
  public:
    explicit Held(const Operand& operand) : array_(operand.array), node_(operand.node) {
        Py_XINCREF(array_);
        Py_XINCREF(node_);
    }
    ~Held() {
        Py_XDECREF(array_);
        Py_XDECREF(node_);
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

  private:
    PyArrayObject* array_;
    PyObject* node_;
};

bool is_number(PyObject* value) { return PyFloat_CheckExact(value) || PyLong_CheckExact(value); }

bool is_array(PyObject* value) { return Py_TYPE(value) == &PyArray_Type; }

// Reads an array that the short way serves: of NumPy's own class, contiguous and aligned.
bool read_array(PyObject* value, Operand& operand) {
    if (!is_array(value)) return false;
    operand.array = reinterpret_cast<PyArrayObject*>(value);
    constexpr int wanted = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;
    return (PyArray_FLAGS(operand.array) & wanted) == wanted;
}

// Reads a Tensor that the short way serves.
bool read_tensor(PyObject* value, Operand& operand) {
    if (Py_TYPE(value) != fields.tensor && !PyType_IsSubtype(Py_TYPE(value), fields.tensor)) return false;
    PyObject* array = field(value, fields.array);
    if (array == nullptr || field(value, fields.view) != Py_None || !read_array(array, operand)) return false;
    operand.tensor = value;
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

// How the elements of two operands meet: an inner loop, and axes around it, all with a step in bytes for each operand
// (0 where it is repeated) and one in elements for the result. Axes along which both go on evenly are one.
struct Walk {
    static constexpr int MOST_AXES = 16;

    static constexpr npy_intp SHORT = 8;  // a loop of so few elements costs more to call than to run

    Walk() {  // the rest is written before it is read
        sizes[0] = steps[2][0] = 1;
        steps[0][0] = steps[1][0] = 0;
    }

    int dimensions = 0;  // of the result
    npy_intp shape[MOST_AXES];
    int axes = 1;
    npy_intp sizes[MOST_AXES], steps[3][MOST_AXES];  // the inner loop's first

    // Adds the next axis outwards.
    void add(npy_intp size, npy_intp first, npy_intp second) {
        if (size == 1) return;
        int last = axes - 1;
        if (steps[0][last] * sizes[last] == first && steps[1][last] * sizes[last] == second) {
            sizes[last] *= size;
            return;
        }
        npy_intp result = steps[2][last] * sizes[last];
        if (sizes[last] != 1) ++last, ++axes;
        sizes[last] = size;
        steps[0][last] = first;
        steps[1][last] = second;
        steps[2][last] = result;
    }

    // Makes the longest axis the inner loop where the last is short.
    void turn() {
        if (axes == 1 || sizes[0] >= SHORT) return;
        auto longest = std::max_element(sizes, sizes + axes) - sizes;
        std::swap(sizes[0], sizes[longest]);
        for (auto& each : steps) std::swap(each[0], each[longest]);
    }
};

// The walk of arrays of one shape, or of an array and a number on the side that is null; false for too many axes.
bool walk_evenly(PyArrayObject* a, PyArrayObject* b, npy_intp item, Walk& walk) {
    PyArrayObject* one = a != nullptr ? a : b;
    walk.dimensions = PyArray_NDIM(one);
    if (walk.dimensions > Walk::MOST_AXES) return false;
    std::copy_n(PyArray_DIMS(one), walk.dimensions, walk.shape);
    walk.sizes[0] = PyArray_SIZE(one);
    walk.steps[0][0] = a != nullptr ? item : 0;
    walk.steps[1][0] = b != nullptr ? item : 0;
    return true;
}

// The walk of two contiguous arrays; false where their shapes do not broadcast, or for too many axes.
bool walk_of(PyArrayObject* a, PyArrayObject* b, npy_intp item, Walk& walk) {
    int m = PyArray_NDIM(a), n = PyArray_NDIM(b);
    const npy_intp *p = PyArray_DIMS(a), *q = PyArray_DIMS(b);
    if (m == n && std::equal(p, p + m, q)) return walk_evenly(a, b, item, walk);
    walk.dimensions = std::max(m, n);
    if (walk.dimensions > Walk::MOST_AXES) return false;
    npy_intp next[2] = {item, item};
    for (int axis = walk.dimensions - 1; axis >= 0; --axis) {
        int i = axis - walk.dimensions + m, j = axis - walk.dimensions + n;
        npy_intp mine = i < 0 ? 1 : p[i], other = j < 0 ? 1 : q[j];
        if (mine != other && mine != 1 && other != 1) return false;
        npy_intp size = mine == 1 ? other : mine;
        walk.shape[axis] = size;
        walk.add(size, mine == 1 ? 0 : next[0], other == 1 ? 0 : next[1]);
        next[0] *= mine;
        next[1] *= other;
    }
    walk.turn();
    return true;
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
PyObject* compute(const Loop& loop, int type, const Operand& a, const Operand& b, const Walk& walk, int operands) {
    PyObject* result = PyArray_SimpleNew(walk.dimensions, walk.shape, loop.result);
    if (result == nullptr) return nullptr;
    npy_intp count = PyArray_SIZE(reinterpret_cast<PyArrayObject*>(result));
    if (count == 0) return result;

    double wide[2] = {a.number, b.number};
    float narrow[2] = {static_cast<float>(a.number), static_cast<float>(b.number)};
    npy_intp out_size = PyArray_ITEMSIZE(reinterpret_cast<PyArrayObject*>(result));
    char* data[3];
    npy_intp steps[3] = {walk.steps[0][0], walk.steps[1][0], 0};
    const Operand* both[2] = {&a, &b};
    for (int i = 0; i < operands; ++i) {
        data[i] = both[i]->array != nullptr ? static_cast<char*>(PyArray_DATA(both[i]->array))
                  : type == NPY_FLOAT       ? reinterpret_cast<char*>(&narrow[i])
                                            : reinterpret_cast<char*>(&wide[i]);
    }
    data[operands] = static_cast<char*>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(result)));
    steps[operands] = walk.steps[2][0] * out_size;

    npy_intp length = walk.sizes[0];
    PyThreadState* released = count >= RELEASE_LOCK_FROM ? PyEval_SaveThread() : nullptr;
    npy_intp at[Walk::MOST_AXES] = {0};
    for (npy_intp left = count; left > 0; left -= length) {
        char* now[3] = {data[0], data[1], data[2]};
        loop.function(now, &length, steps, loop.data);
        for (int axis = 1; axis < walk.axes; ++axis) {  // of one operand, there is none
            npy_intp advance[3] = {walk.steps[0][axis], walk.steps[1][axis], walk.steps[2][axis] * out_size};
            bool inside = ++at[axis] < walk.sizes[axis];
            for (int i = 0; i < 3; ++i) data[i] += inside ? advance[i] : -advance[i] * (walk.sizes[axis] - 1);
            if (inside) break;
            at[axis] = 0;
        }
    }
    if (released != nullptr) take_lock(released);
    return result;
}

// Below how many elements no backend is asked; -1 before the kernel was looked up.
npy_intp small_of(Elementwise* self) {
    PyObject* small = field(self->table, fields.small);
    return small == nullptr || !PyLong_CheckExact(small) ? -1 : PyLong_AsSsize_t(small);
}

// What is computed, and how; false where the definition must serve.
struct Plan {
    int type;
    const Loop* loop;
    Walk walk;
};

bool make_plan(Elementwise* self, const Operand& a, const Operand& b, Plan& plan) {
    plan.type = type_of(a.array != nullptr ? a.array : b.array);
    if (plan.type == NPY_NOTYPE) return false;
    plan.loop = plan.type == NPY_FLOAT ? &self->single : &self->twice;
    if (plan.loop->function == nullptr) return false;
    npy_intp small = small_of(self), item = plan.type == NPY_FLOAT ? 4 : 8;
    for (const Operand* each : {&a, &b})
        if (each->array != nullptr && PyArray_SIZE(each->array) >= small) return false;
    if (a.array == nullptr || b.array == nullptr) return walk_evenly(a.array, b.array, item, plan.walk);
    return type_of(b.array) == plan.type && walk_of(a.array, b.array, item, plan.walk);
}

PyObject* call_unary(PyObject* callable, PyObject* const* args, size_t count, PyObject* names) {
    auto* self = reinterpret_cast<Elementwise*>(callable);
    Operand input, other;
    other.number = self->constant;
    if (PyVectorcall_NARGS(count) != 1 || names != nullptr || fields.watched) return define(self, args, count, names);
    bool served = is_array(args[0]) ? read_array(args[0], input) : read_tensor(args[0], input);
    Plan plan;
    if (!served || !make_plan(self, input, other, plan)) return define(self, args, count, names);
    if (input.tensor == nullptr) return compute(*plan.loop, plan.type, input, other, plan.walk, self->operands);
    if (!self->known) return read_picks(self) ? call_unary(callable, args, count, names) : nullptr;
    Held held(input);
    int recorded = input.node != Py_None && self->recordable ? is_recording() : 0;
    if (recorded < 0) return nullptr;
    if (recorded && !self->simple[0]) return define(self, args, count, names);

    PyObject* result = compute(*plan.loop, plan.type, input, other, plan.walk, self->operands);
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
            node = new_node(self->op, reinterpret_cast<PyArrayObject*>(result), parents, saved, guards);
        else
            for (PyObject* each : {saved, guards, parents}) Py_XDECREF(each);
        if (node == nullptr)
            Py_CLEAR(tensor);
        else
            Py_SETREF(field(tensor, fields.node), node);
    }
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
    return new_node(self->op, reinterpret_cast<PyArrayObject*>(result), parents, saved, guards);
}

PyObject* call_binary(PyObject* callable, PyObject* const* args, size_t count, PyObject* names) {
    auto* self = reinterpret_cast<Elementwise*>(callable);
    if (PyVectorcall_NARGS(count) != 2 || names != nullptr || fields.watched) return define(self, args, count, names);
    PyObject *first = args[self->swapped], *second = args[!self->swapped];
    bool arrays = is_array(first) || is_array(second);
    auto read = arrays ? read_array : read_tensor;
    Operand a, b;
    bool served;
    if (is_number(second))
        served = self->second_number && read(first, a) && read_number(second, b);
    else if (is_number(first))
        served = self->first_number && read(second, b) && read_number(first, a);
    else
        served = read(first, a) && read(second, b);
    Plan plan;
    if (!served || !make_plan(self, a, b, plan)) return define(self, args, count, names);
    if (arrays) return compute(*plan.loop, plan.type, a, b, plan.walk, 2);
    if (!self->known) return read_picks(self) ? call_binary(callable, args, count, names) : nullptr;
    Held first_held(a), second_held(b);
    bool left = a.tensor != nullptr && a.node != Py_None, right = b.tensor != nullptr && b.node != Py_None;
    int recorded = (left || right) && self->recordable ? is_recording() : 0;
    if (recorded < 0) return nullptr;
    if (recorded && ((left && !self->simple[0]) || (right && !self->simple[1])))
        return define(self, args, count, names);

    PyObject* result = compute(*plan.loop, plan.type, a, b, plan.walk, 2);
    PyObject* node = recorded && result != nullptr ? record(self, result, plan.type, a, b) : nullptr;
    PyObject* tensor = nullptr;
    if (result != nullptr && (!recorded || node != nullptr)) {
        tensor = new_tensor(result, node);
    } else {
        Py_XDECREF(result);
    }
    Py_XDECREF(node);
    return tensor;
}

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

// See `shortened` in tinygrad_i2dl/ops/_define.py, the only caller.
void bind_elementwise(py::module_& module) {
    elementwise_type = callable_class("tinygrad_i2dl._native.Elementwise", sizeof(Elementwise));
    module.def(
        "elementwise",
        [](py::object definition, py::object op, py::object table, py::object ufunc, int inputs, double constant,
           bool first_number, bool second_number, bool swapped) {
            auto* known = reinterpret_cast<PyUFuncObject*>(ufunc.ptr());
            if (!PyObject_TypeCheck(ufunc.ptr(), &PyUFunc_Type) || known->nout != 1 || known->nin > 2 ||
                known->nin < inputs || known->core_enabled)
                throw py::type_error("expected a ufunc of one or two operands and one result");
            auto* self = static_cast<Elementwise*>(
                new_callable(elementwise_type, inputs == 1 ? call_unary : call_binary, definition, op, table));
            self->single = loop_of(known, NPY_FLOAT);
            self->twice = loop_of(known, NPY_DOUBLE);
            self->operands = known->nin;
            self->constant = constant;
            self->first_number = first_number;
            self->second_number = second_number;
            self->swapped = swapped;
            return finished(self);
        },
        py::arg("definition"), py::arg("op"), py::arg("table"), py::arg("ufunc"), py::arg("inputs"),
        py::arg("constant"), py::arg("first_number"), py::arg("second_number"), py::arg("swapped"));
}

}  // namespace i2dl
