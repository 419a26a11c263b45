// One step of an optimizer over many tensors: `table` has for each tensor its size and the addresses of its arrays, and
// a block's second number says which tensor it works on.
#define ARRAY(k) ((T*)table[blockIdx.y * columns + 1 + (k)])
#define TENSOR_SIZE ((Int)table[blockIdx.y * columns])

typedef unsigned long long Address;

KERNEL sgd_step(
    const Address* table, Int columns, double lr, double momentum, double dampening, double weight_decay, Int nesterov,
    Int maximize, Int first
) {
    T *parameter = ARRAY(0), *gradient = ARRAY(1), *velocity = momentum != 0 ? ARRAY(2) : 0;
    EACH(i, TENSOR_SIZE) {
        A p = (A)parameter[i], g = (A)gradient[i];
        if (maximize) g = -g;
        if (weight_decay != 0) g += p * (A)weight_decay;
        if (velocity) {
            A v = first ? g : (A)velocity[i] * (A)momentum + g * (A)(1 - dampening);
            velocity[i] = (T)v;
            g = nesterov ? g + v * (A)momentum : v;
        }
        parameter[i] = (T)(p - g * (A)lr);
    }
}

KERNEL adam_step(
    const Address* table, const double* corrections, Int columns, double lr, double beta1, double beta2, double eps,
    double weight_decay, Int amsgrad, Int decoupled, Int maximize
) {
    T *parameter = ARRAY(0), *gradient = ARRAY(1), *first = ARRAY(2), *second = ARRAY(3);
    T* largest = amsgrad ? ARRAY(4) : 0;
    A rate = (A)(lr / corrections[2 * blockIdx.y]), root = (A)sqrt(corrections[2 * blockIdx.y + 1]);
    EACH(i, TENSOR_SIZE) {
        A p = (A)parameter[i], g = (A)gradient[i];
        if (maximize) g = -g;
        if (decoupled)
            p *= (A)(1 - lr * weight_decay);
        else if (weight_decay != 0)
            g += p * (A)weight_decay;
        A m = (A)first[i], v = (A)second[i];
        m += (g - m) * (A)(1 - beta1);
        v = v * (A)beta2 + g * g * (A)(1 - beta2);
        first[i] = (T)m;
        second[i] = (T)v;
        if (largest) {
            A l = (A)largest[i];
            v = l > v ? l : v;
            largest[i] = (T)v;
        }
        parameter[i] = (T)(p - rate * m / (sqrt(v) / root + (A)eps));
    }
}

KERNEL scale_arrays(const Address* table, Int columns, const T* factor) {
    T* values = ARRAY(0);
    A by = (A)*factor;
    EACH(i, TENSOR_SIZE) values[i] = (T)((A)values[i] * by);
}
