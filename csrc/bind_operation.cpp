// The short way of all other operations: what `general_function` and `view_function` of tinygrad_i2dl/ops/_define.py do
// in Python, for calls by position with Tensors of NumPy arrays that need no promotion and give one result. Reads the
// arguments, runs the kernel, makes the Tensor, its node and what the node saves. All else goes to the Python function;
// so does a call whose kernel raised, since it is there that errors are explained.
#include <algorithm>
#include <memory>

#include "bind_graph.h"

namespace i2dl {
namespace {

constexpr int MOST_ARGUMENTS = 24, MOST_INPUTS = 8;

// Where a formula's argument comes from, as Formula._source of _define.py tells.
enum class Kind { INPUT, STATIC, NEEDS, OUT, SHAPE, DTYPE, OTHER };

struct Source {
    Kind kind;
    int position, number;
};

struct Recipe {
    int covers;  // the input whose gradient it gives, -1 for a joint formula
    std::vector<Source> sources;
};

struct Operation : Callable {
    int count, leading, inputs, promoted;
    int position[MOST_INPUTS], promotes[MOST_INPUTS];
    bool floating;  // integers would have to be converted
    bool several;   // gave several results once: not for here
    bool known, served, recordable;
    std::vector<Recipe>* recipes;
};

Kind kind_of(const std::string& word) {
    if (word == "input") return Kind::INPUT;
    if (word == "static") return Kind::STATIC;
    if (word == "needs") return Kind::NEEDS;
    if (word == "out") return Kind::OUT;
    if (word == "shape") return Kind::SHAPE;
    if (word == "dtype") return Kind::DTYPE;
    return Kind::OTHER;
}

// Reads once what the formulas save: `op.recipe()` is a tuple of (covers, ((kind, position, number), ...)).
bool read_recipes(Operation* self, bool of_view) {
    try {
        auto recipe = py::reinterpret_steal<py::object>(PyObject_CallMethodNoArgs(self->op, fields.recipe));
        if (!recipe) return false;
        auto recipes = std::make_unique<std::vector<Recipe>>();
        bool served = true;
        for (py::handle each : recipe) {
            auto pair = each.cast<py::tuple>();
            Recipe read{pair[0].cast<int>(), {}};
            for (py::handle source : pair[1]) {
                auto parts = source.cast<py::tuple>();
                read.sources.push_back(
                    {kind_of(parts[0].cast<std::string>()), parts[1].cast<int>(), parts[2].cast<int>()});
                Kind kind = read.sources.back().kind;
                bool fits = of_view ? kind == Kind::STATIC || kind == Kind::SHAPE : kind != Kind::OTHER;
                served = served && fits;
            }
            recipes->push_back(read);
        }
        if (self->known) return true;  // another thread was faster
        self->served = served;
        self->recordable = !recipes->empty();
        self->recipes = recipes.release();
        return self->known = true;
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::cast_error& error) {
        PyErr_SetString(PyExc_TypeError, error.what());
    }
    return false;
}

struct Arguments {
    PyObject* values[MOST_ARGUMENTS];
    PyObject* tensors[MOST_INPUTS];
    PyObject* nodes[MOST_INPUTS];  // None where no gradient is asked for
    bool recorded = false;
};

// The values in the kernel's order, defaults filled in.
bool read_values(const Operation* self, PyObject* const* args, Py_ssize_t given, Arguments& arguments) {
    if (given > self->count || given == 0) return false;
    std::copy(args, args + given, arguments.values);
    for (Py_ssize_t i = given; i < self->count; ++i) {
        arguments.values[i] = PyTuple_GET_ITEM(self->tail, i);
        if (arguments.values[i] == fields.missing) return false;
    }
    return true;
}

// The node of a tensor, null where Python must bring it up to date: a view whose base was changed since.
PyObject* node_of(PyObject* tensor) {
    PyObject* view = field(tensor, fields.view);
    if (view != Py_None) {
        PyObject* version = field(tensor, fields.version);
        if (view == nullptr || Py_TYPE(view) != fields.view_class) return nullptr;
        if (version == nullptr || !PyList_CheckExact(version) || PyList_GET_SIZE(version) != 2) return nullptr;
        int same = PyObject_RichCompareBool(field(view, fields.rewrites), PyList_GET_ITEM(version, 1), Py_EQ);
        if (same < 0) PyErr_Clear();
        if (same != 1) return nullptr;
    }
    return field(tensor, fields.node);
}

bool read_tensor(PyObject* value, PyObject*& array, PyObject*& node) {
    if (!is_tensor(value)) return false;
    array = field(value, fields.array);
    node = node_of(value);
    return array != nullptr && node != nullptr && Py_TYPE(array) == &PyArray_Type;
}

bool is_real(PyObject* array) {
    if (Py_TYPE(array) != &PyArray_Type) return false;
    int type = PyArray_DESCR(reinterpret_cast<PyArrayObject*>(array))->type_num;
    return type == NPY_FLOAT || type == NPY_DOUBLE;
}

// Puts arrays in the place of Tensors; false for what is not served here.
bool read_inputs(const Operation* self, Arguments& arguments) {
    bool found = false, asked = false;
    for (int i = 0; i < self->inputs; ++i) {
        PyObject*& value = arguments.values[self->position[i]];
        arguments.tensors[i] = nullptr;
        arguments.nodes[i] = Py_None;
        if (value == Py_None) continue;
        PyObject* array;
        if (!read_tensor(value, array, arguments.nodes[i])) return false;
        arguments.tensors[i] = value;
        value = array;
        found = true;
        asked = asked || arguments.nodes[i] != Py_None;
    }
    if (!found) return false;
    PyObject* common = nullptr;
    for (int i = 0; i < self->promoted; ++i) {
        PyObject* value = arguments.values[self->promotes[i]];
        if (value == Py_None) continue;
        if (!is_real(value)) return false;
        auto* descr = reinterpret_cast<PyObject*>(PyArray_DESCR(reinterpret_cast<PyArrayObject*>(value)));
        if (common != nullptr && common != descr) return false;
        common = descr;
    }
    if (self->floating && self->promoted == 0 && !is_real(arguments.values[self->position[0]])) return false;
    arguments.recorded = asked && self->recordable;
    return true;
}

// A NumPy scalar or Python number as an array without dimensions: takes over `value`; null for other things.
PyObject* as_array(PyObject* value) {
    if (value == nullptr || Py_TYPE(value) == &PyArray_Type) return value;
    bool number = PyArray_IsScalar(value, Generic) || PyFloat_Check(value) || PyLong_Check(value);
    PyObject* array = number ? PyArray_FromAny(value, nullptr, 0, 0, 0, nullptr) : nullptr;
    Py_DECREF(value);
    return array;
}

PyObject* run_kernel(const Operation* self, PyObject* const* values, bool silently) {
    PyObject* kernel = Py_XNewRef(field(self->table, fields.numpy));
    if (kernel == nullptr) return nullptr;
    PyObject* token = silently ? PyContextVar_Set(fields.errors, fields.silent) : nullptr;
    PyObject* result =
        silently && token == nullptr ? nullptr : PyObject_Vectorcall(kernel, values, self->count, nullptr);
    Py_DECREF(kernel);
    if (token != nullptr) {
        PyObject *type, *value, *trace;
        PyErr_Fetch(&type, &value, &trace);
        if (PyContextVar_Reset(fields.errors, token) < 0) PyErr_Clear();
        PyErr_Restore(type, value, trace);
        Py_DECREF(token);
    }
    return result;
}

// After a kernel raised, or returned what is not served here: whether the definition should have its turn.
bool leave_to_definition() {
    if (!PyErr_Occurred()) return true;
    if (!PyErr_ExceptionMatches(PyExc_Exception)) return false;  // an interrupt
    PyErr_Clear();
    return true;
}

// What a formula asks for, as a new reference.
PyObject* saved_value(const Source& source, const Arguments& arguments, PyObject* result) {
    PyObject* value = arguments.values[source.position];
    auto* array = reinterpret_cast<PyArrayObject*>(value);
    switch (source.kind) {
        case Kind::OUT:
            return Py_NewRef(result);
        case Kind::NEEDS:
            return Py_NewRef(Py_None);
        case Kind::SHAPE:
            return value == Py_None ? PyTuple_New(0) : shape_of(array);
        case Kind::DTYPE:
            return Py_NewRef(value == Py_None ? Py_None : reinterpret_cast<PyObject*>(PyArray_DESCR(array)));
        default:
            return Py_NewRef(value);
    }
}

// The arguments of a formula, as a new reference, and the guards of the tensors among them.
PyObject* saved_of(const Recipe& recipe, const Arguments& arguments, PyObject* result, PyObject* tensor,
                   PyObject*& guards) {
    PyObject* saved = PyTuple_New(static_cast<Py_ssize_t>(recipe.sources.size()));
    for (size_t i = 0; saved != nullptr && i < recipe.sources.size(); ++i) {
        const Source& source = recipe.sources[i];
        PyObject* value = saved_value(source, arguments, result);
        if (value == nullptr) {
            Py_CLEAR(saved);
            break;
        }
        PyTuple_SET_ITEM(saved, static_cast<Py_ssize_t>(i), value);
        PyObject* guarded = source.kind == Kind::INPUT ? arguments.tensors[source.number]
                            : source.kind == Kind::OUT ? tensor
                                                       : nullptr;
        if (guarded != nullptr) guards = append(guards, guard_of(guarded));
        if (guards == nullptr) Py_CLEAR(saved);
    }
    return saved;
}

// The node of `result`, which `tensor` holds; null with an exception where there is no memory.
PyObject* record(const Operation* self, const Arguments& arguments, PyObject* result, PyObject* tensor) {
    PyObject* parents = PyTuple_New(self->inputs);
    if (parents == nullptr) return nullptr;
    for (int i = 0; i < self->inputs; ++i) PyTuple_SET_ITEM(parents, i, Py_NewRef(arguments.nodes[i]));
    PyObject* guards = PyList_New(0);
    auto count = static_cast<Py_ssize_t>(self->recipes->size());
    PyObject* saved = guards == nullptr ? nullptr : PyTuple_New(count);
    bool anything = count > 2;
    for (Py_ssize_t i = 0; saved != nullptr && i < count; ++i) {
        const Recipe& recipe = (*self->recipes)[static_cast<size_t>(i)];
        PyObject* part = recipe.covers >= 0 && arguments.nodes[recipe.covers] == Py_None
                             ? Py_NewRef(Py_None)
                             : saved_of(recipe, arguments, result, tensor, guards);
        if (part == nullptr) {
            Py_CLEAR(saved);
            break;
        }
        anything = anything || (part != Py_None && PyTuple_GET_SIZE(part) > 0);
        PyTuple_SET_ITEM(saved, i, part);
    }
    if (saved == nullptr || guards == nullptr) {
        for (PyObject* each : {parents, guards, saved}) Py_XDECREF(each);
        return nullptr;
    }
    if (!anything) Py_SETREF(saved, Py_NewRef(fields.nothing_saved));
    return new_node(self->op, reinterpret_cast<PyArrayObject*>(result), parents, saved, guards);
}

// Arguments are borrowed from the caller's tensors, which another thread may give other arrays.
void hold(const Operation* self, const Arguments& arguments) {
    for (int i = 0; i < self->inputs; ++i) {
        Py_INCREF(arguments.values[self->position[i]]);
        Py_INCREF(arguments.nodes[i]);
    }
}

void let_go(const Operation* self, const Arguments& arguments) {
    for (int i = 0; i < self->inputs; ++i) {
        Py_DECREF(arguments.values[self->position[i]]);
        Py_DECREF(arguments.nodes[i]);
    }
}

// The operation on arrays, as formulas call it; null without an exception where the definition must serve.
PyObject* on_arrays(const Operation* self, const Arguments& arguments) {
    for (int i = 0; i < self->inputs; ++i)
        if (is_tensor(arguments.values[self->position[i]])) return nullptr;
    PyObject* result = run_kernel(self, arguments.values, false);
    if (result != nullptr && !PyTuple_CheckExact(result)) result = as_array(result);
    if (result != nullptr && PyTuple_CheckExact(result)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(result); ++i) {
            PyObject* each = PyTuple_GET_ITEM(result, i);
            if (each != Py_None && Py_TYPE(each) != &PyArray_Type) {
                Py_CLEAR(result);
                break;
            }
        }
    }
    return result;
}

PyObject* call_operation(PyObject* callable, PyObject* const* args, size_t count, PyObject* names) {
    auto* self = reinterpret_cast<Operation*>(callable);
    Py_ssize_t given = PyVectorcall_NARGS(count);
    Arguments arguments;
    if (names != nullptr || fields.watched || self->several || !read_values(self, args, given, arguments))
        return define(self, args, count, names);
    if (Py_TYPE(arguments.values[self->leading]) == &PyArray_Type) {
        PyObject* result = on_arrays(self, arguments);
        if (result != nullptr) return result;
        return leave_to_definition() ? define(self, args, count, names) : nullptr;
    }
    if ((!self->known && !read_recipes(self, false)) || !self->served || !read_inputs(self, arguments))
        return PyErr_Occurred() ? nullptr : define(self, args, count, names);
    hold(self, arguments);
    int recorded = arguments.recorded ? is_recording() : 0;
    if (recorded < 0) {
        let_go(self, arguments);
        return nullptr;
    }
    PyObject* result = run_kernel(self, arguments.values, true);
    if (result != nullptr && (PyTuple_Check(result) || PyList_Check(result))) self->several = true;
    result = as_array(result);
    if (result == nullptr) {
        let_go(self, arguments);
        return leave_to_definition() ? define(self, args, count, names) : nullptr;
    }
    PyObject* tensor = new_tensor(result, nullptr);
    if (tensor != nullptr && recorded) {
        PyObject* node = record(self, arguments, result, tensor);
        if (node == nullptr)
            Py_CLEAR(tensor);
        else
            Py_SETREF(field(tensor, fields.node), node);
    }
    let_go(self, arguments);
    return tensor;
}

// ------------------------------------------------------------------------------------------------- views

// Notes in `tensor`, of the array `made`, that it is a view of `input`; false with an exception where there is no
// memory.
bool mark_view(Operation* self, PyObject* tensor, PyObject* input, const Arguments& arguments, bool unrecorded) {
    PyObject* version = version_of(input);
    PyObject* parent = Py_XNewRef(field(input, fields.view));
    PyObject* rest = PyTuple_New(self->count - 1);
    PyObject* step = nullptr;
    PyObject* steps = nullptr;
    if (rest != nullptr) {
        for (int i = 1; i < self->count; ++i) PyTuple_SET_ITEM(rest, i - 1, Py_NewRef(arguments.values[i]));
        step = PyTuple_Pack(2, reinterpret_cast<PyObject*>(self), rest);
        steps = step == nullptr ? nullptr : PyTuple_Pack(1, step);
    }
    Py_XDECREF(rest);
    Py_XDECREF(step);
    PyObject* base = Py_NewRef(input);
    PyObject* special = unrecorded ? Py_NewRef(fields.unrecorded) : PyUnicode_FromStringAndSize("", 0);
    if (parent != nullptr && Py_TYPE(parent) == fields.view_class && steps != nullptr) {
        Py_SETREF(base, Py_XNewRef(field(parent, fields.base)));
        Py_SETREF(steps, PySequence_Concat(field(parent, fields.steps), steps));
        if (!unrecorded) Py_XSETREF(special, Py_XNewRef(field(parent, fields.special)));
    }
    PyObject* view = nullptr;  // made last: nobody sees it without its fields
    if (version != nullptr && steps != nullptr && special != nullptr)
        view = fields.view_class->tp_alloc(fields.view_class, 0);
    if (view == nullptr) {
        for (PyObject* each : {version, parent, steps, base, special}) Py_XDECREF(each);
        return false;
    }
    field(view, fields.base) = base;
    field(view, fields.steps) = steps;
    field(view, fields.rewrites) = Py_NewRef(PyList_GET_ITEM(version, 1));
    field(view, fields.special) = special;
    Py_SETREF(field(tensor, fields.version), version);
    Py_SETREF(field(tensor, fields.view), view);
    Py_XDECREF(parent);
    return true;
}

bool shares_memory(PyObject* made, PyObject* array) {
    if (made == array) return true;
    PyObject* base = PyArray_BASE(reinterpret_cast<PyArrayObject*>(made));
    return base != nullptr && (base == array || base == PyArray_BASE(reinterpret_cast<PyArrayObject*>(array)));
}

PyObject* call_view(PyObject* callable, PyObject* const* args, size_t count, PyObject* names) {
    auto* self = reinterpret_cast<Operation*>(callable);
    Py_ssize_t given = PyVectorcall_NARGS(count);
    Arguments arguments;
    if (names != nullptr || fields.watched || !read_values(self, args, given, arguments))
        return define(self, args, count, names);
    if (Py_TYPE(args[0]) == &PyArray_Type) {
        PyObject* result = on_arrays(self, arguments);
        if (result != nullptr) return result;
        return leave_to_definition() ? define(self, args, count, names) : nullptr;
    }
    if ((!self->known && !read_recipes(self, true)) || !self->served || !read_inputs(self, arguments))
        return PyErr_Occurred() ? nullptr : define(self, args, count, names);
    hold(self, arguments);
    int recorded = arguments.recorded ? is_recording() : 0;
    if (recorded < 0) {
        let_go(self, arguments);
        return nullptr;
    }
    PyObject* array = arguments.values[0];
    PyObject* tensor = nullptr;
    PyObject* result = run_kernel(self, arguments.values, false);
    if (result == nullptr || Py_TYPE(result) != &PyArray_Type) {
        Py_XDECREF(result);
        let_go(self, arguments);
        return leave_to_definition() ? define(self, args, count, names) : nullptr;
    }
    tensor = new_tensor(result, nullptr);
    if (tensor != nullptr && recorded) {
        PyObject* node = record(self, arguments, result, tensor);
        if (node == nullptr)
            Py_CLEAR(tensor);
        else
            Py_SETREF(field(tensor, fields.node), node);
    }
    bool unrecorded = arguments.nodes[0] != Py_None && !recorded;
    if (tensor != nullptr && shares_memory(result, array) &&
        !mark_view(self, tensor, arguments.tensors[0], arguments, unrecorded))
        Py_CLEAR(tensor);
    let_go(self, arguments);
    return tensor;
}

PyTypeObject* operation_type = nullptr;

template <int N>
int read_positions(const std::vector<int>& from, int (&into)[N]) {
    if (from.size() > N) throw py::value_error("too many inputs");
    std::copy(from.begin(), from.end(), into);
    return static_cast<int>(from.size());
}

}  // namespace

// See `general_function` and `view_function` in tinygrad_i2dl/ops/_define.py, the only callers.
void bind_operation(py::module_& module) {
    operation_type = callable_class("tinygrad_i2dl._native.Operation", sizeof(Operation));
    module.def(
        "operation",
        [](py::object definition, py::object op, py::object table, py::tuple tail, int leading,
           const std::vector<int>& positions, const std::vector<int>& promotes, bool floating, bool view) {
            if (tail.size() > MOST_ARGUMENTS || tail.size() == 0) throw py::value_error("too many arguments, or none");
            auto* self = static_cast<Operation*>(
                new_callable(operation_type, view ? call_view : call_operation, definition, op, table));
            self->count = static_cast<int>(tail.size());
            self->tail = tail.release().ptr();
            self->discard = [](Callable* callable) { delete static_cast<Operation*>(callable)->recipes; };
            self->leading = leading;
            self->inputs = read_positions(positions, self->position);
            self->promoted = read_positions(promotes, self->promotes);
            self->floating = floating;
            return finished(self);
        },
        py::arg("definition"), py::arg("op"), py::arg("table"), py::arg("tail"), py::arg("leading"),
        py::arg("positions"), py::arg("promotes"), py::arg("floating"), py::arg("view"));
}

}  // namespace i2dl
