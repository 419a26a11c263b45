// Making Tensors and nodes from C++, and the class of callables that stand for Python functions.
#define I2DL_IMPORTS_NUMPY
#include "bind_graph.h"

namespace i2dl {

Fields fields;

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

// Whatever makes an object that garbage collection knows may collect, run finalizers and let other threads run: what is
// read of a tensor is held before, and read again behind.
PyObject* version_of(PyObject* tensor) {
    PyObject*& version = field(tensor, fields.version);
    if (version == Py_None || version == nullptr) {
        PyObject* made = PyList_New(2);
        if (made == nullptr) return nullptr;
        for (Py_ssize_t i = 0; i < 2; ++i) PyList_SET_ITEM(made, i, PyLong_FromLong(0));
        if (version == Py_None || version == nullptr)
            Py_XSETREF(version, made);
        else
            Py_DECREF(made);
    }
    if (!PyList_CheckExact(version) || PyList_GET_SIZE(version) != 2) {
        PyErr_Format(PyExc_TypeError, "expected the list [changes, rewrites] as a tensor's _version, got %R", version);
        return nullptr;
    }
    return Py_NewRef(version);
}

PyObject* guard_of(PyObject* tensor) {
    PyObject* version = version_of(tensor);
    if (version == nullptr) return nullptr;
    PyObject* changes = Py_NewRef(PyList_GET_ITEM(version, 0));
    PyObject* guard = PyTuple_Pack(2, version, changes);
    Py_DECREF(version);
    Py_DECREF(changes);
    return guard;
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

PyObject* new_node(PyObject* op, PyArrayObject* result, PyObject* parents, PyObject* saved, PyObject* guards) {
    PyObject* number = Py_TYPE(fields.counter)->tp_iternext(fields.counter);
    PyObject* shape = shape_of(result);
    PyObject* node = fields.graph_node->tp_alloc(fields.graph_node, 0);  // last: nobody sees it without its fields
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
    field(node, fields.op) = Py_NewRef(op);
    field(node, fields.saved) = saved;
    field(node, fields.guards) = guards;
    return node;
}

int is_recording() {
    PyObject* value = PyObject_GetAttr(fields.state, fields.recording);
    if (value == nullptr) return -1;
    int answer = PyObject_IsTrue(value);
    Py_DECREF(value);
    return answer;
}

PyObject* append(PyObject* guards, PyObject* guard) {
    if (guard == nullptr || PyList_Append(guards, guard) < 0) Py_CLEAR(guards);
    Py_XDECREF(guard);
    return guards;
}

// ------------------------------------------------------------------------------------------------- callables

namespace {

Callable* of(PyObject* object) { return reinterpret_cast<Callable*>(object); }

int traverse(PyObject* object, visitproc visit, void* arg) {
    Callable* self = of(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->dict);
    Py_VISIT(self->definition);
    Py_VISIT(self->op);
    Py_VISIT(self->table);
    Py_VISIT(self->tail);
    return 0;
}

// Only this: finalizers may still call it, and all else breaks its own cycles, as CPython has it for functions.
int clear(PyObject* object) {
    Py_CLEAR(of(object)->dict);
    return 0;
}

void deallocate(PyObject* object) {
    PyObject_GC_UnTrack(object);
    Callable* self = of(object);
    if (self->references != nullptr) PyObject_ClearWeakRefs(object);
    if (self->discard != nullptr) self->discard(self);
    for (PyObject* each : {self->dict, self->definition, self->op, self->table, self->tail}) Py_XDECREF(each);
    PyTypeObject* type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

PyObject* bind_to(PyObject* self, PyObject* object, PyObject*) {
    return object == nullptr || object == Py_None ? Py_NewRef(self) : PyMethod_New(self, object);
}

PyObject* represent(PyObject* self) {
    PyObject* name = PyObject_GetAttrString(self, "__name__");
    PyObject* text = name == nullptr ? nullptr : PyUnicode_FromFormat("<function %S at %p>", name, self);
    Py_XDECREF(name);
    return text;
}

PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyMethodDef methods[] = {
    {"__reduce__", reduce, METH_NOARGS, "Pickled by name, as functions are."},
    {nullptr, nullptr, 0, nullptr},
};

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(Callable, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Callable, references), READONLY, nullptr},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Callable, call), READONLY, nullptr},
    {"definition", T_OBJECT, offsetof(Callable, definition), READONLY, "The Python function for all other cases."},
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

}  // namespace

PyTypeObject* callable_class(const char* name, int size) {
    PyType_Spec spec = {
        name,
        size,
        0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
            Py_TPFLAGS_DISALLOW_INSTANTIATION,
        slots,
    };
    auto* type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (type == nullptr) throw py::error_already_set();
    return type;
}

Callable* new_callable(PyTypeObject* type, vectorcallfunc call, py::object definition, py::object op,
                       py::object table) {
    if (fields.tensor == nullptr) throw py::type_error("expected the classes to be told first");
    auto* made = reinterpret_cast<Callable*>(type->tp_alloc(type, 0));  // tracked and zero
    if (made == nullptr) throw py::error_already_set();
    PyObject_GC_UnTrack(made);  // until all is set
    made->call = call;
    made->definition = definition.release().ptr();
    made->op = op.release().ptr();
    made->table = table.release().ptr();
    return made;
}

// ------------------------------------------------------------------------------------------------- classes

namespace {

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

}  // namespace

// See tinygrad_i2dl/ops/_short.py, the only caller.
void bind_graph(py::module_& module) {
    if (PyArray_ImportNumPyAPI() < 0 || PyUFunc_ImportUFuncAPI() < 0) throw py::error_already_set();

    module.def("short_way", [](py::type tensor, py::type node, py::type view, py::type table, py::dict values) {
        PyObject* t = tensor.ptr();
        fields.array = offset_of(t, "_array");
        fields.node = offset_of(t, "_node");
        fields.grad = offset_of(t, "_grad");
        fields.version = offset_of(t, "_version");
        fields.view = offset_of(t, "_view");
        PyObject* n = node.ptr();
        fields.number = offset_of(n, "number");
        fields.parents = offset_of(n, "parents");
        fields.shape = offset_of(n, "shape");
        fields.dtype = offset_of(n, "dtype");
        fields.hooks = offset_of(n, "hooks");
        fields.trace = offset_of(n, "trace");
        fields.op = offset_of(n, "op");
        fields.saved = offset_of(n, "saved");
        fields.guards = offset_of(n, "guards");
        PyObject* v = view.ptr();
        fields.base = offset_of(v, "base");
        fields.steps = offset_of(v, "steps");
        fields.rewrites = offset_of(v, "rewrites");
        fields.special = offset_of(v, "special");
        fields.small = offset_of(table.ptr(), "small");
        fields.numpy = offset_of(table.ptr(), "numpy");
        auto value = [&values](const char* name) { return py::object(values[name]).release().ptr(); };
        fields.state = value("state");
        fields.counter = value("counter");
        if (Py_TYPE(fields.counter)->tp_iternext == nullptr) throw py::type_error("expected a counter");
        fields.nothing_saved = value("nothing_saved");
        fields.unrecorded = value("unrecorded");
        fields.errors = value("errors");
        fields.silent = value("silent");
        fields.missing = value("missing");
        fields.recording = PyUnicode_InternFromString("recording");
        fields.picks = PyUnicode_InternFromString("picks");
        fields.recipe = PyUnicode_InternFromString("recipe");
        fields.view_class = reinterpret_cast<PyTypeObject*>(view.release().ptr());
        fields.graph_node = reinterpret_cast<PyTypeObject*>(node.release().ptr());
        fields.tensor = reinterpret_cast<PyTypeObject*>(tensor.release().ptr());
    });
    module.def("watch", [](bool watched) { fields.watched = watched; });
}

}  // namespace i2dl
