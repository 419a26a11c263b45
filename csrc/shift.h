// The form that all three directions of convolution are brought into: sums of shifted images.
//
// A strided, padded, dilated convolution reads source[q * stride + shift] for output position q and each tap's shift.
// Write shift = a * stride + residue. Copied once into one bordered plane per residue (a "slab"), the source is read at
// plane[residue][q + a]: stride 1, no border to test, and the taps differ only in an offset. A register tile then
// multiplies lines of the slab at those offsets with packed weights, and no matrix of columns is ever written.
//
// The input gradient of a strided convolution is several such problems, one "phase" per residue of the position in the
// input, each with the taps that reach it: no multiplication by inserted zeros.
#pragma once

#include <cstdint>
#include <vector>

#include "convolution.h"
#include "kernels.h"

namespace i2dl {

struct Tap {
    int64_t shift;   // in the source, for output position 0
    int64_t kernel;  // index into the kernel
};

struct Phase {
    int64_t count[3];  // output positions
    int64_t start[3];  // where position 0 goes in the destination
    int64_t step[3];   // distance of neighbours in the destination
    std::vector<Tap> taps[3];
    int64_t depth;  // terms of each sum: source channels of a group times taps
};

struct ShiftProblem {
    int64_t batch, groups;
    int64_t source_channels, destination_channels;  // of one group
    int64_t source[3], destination[3], stride[3], kernel[3];
    int64_t weight_group, weight_row, weight_channel;  // steps in the weight array
    std::vector<Phase> phases;
    bool covered;  // every destination element belongs to a phase that has taps

    // Derived: the range of `a` above, and the residues that occur.
    int64_t low[3], high[3], most[3];
    std::vector<int64_t> residues[3];
    bool viewable;  // stride 1 and no tap outside: the source serves as its own slab

    int64_t source_volume() const { return source[0] * source[1] * source[2]; }
    int64_t destination_volume() const { return destination[0] * destination[1] * destination[2]; }
};

ShiftProblem forward_problem(const ConvolutionShape& shape);
ShiftProblem input_gradient_problem(const ConvolutionShape& shape);

// Of a plain sum for every output, images and groups together.
double multiplications(const ShiftProblem& problem);

// How a problem is cut: `slices`, `rows` and `columns` output positions in z, y and x, `images` at a time.
struct Plan {
    Algorithm algorithm;
    int64_t images, slices, rows, columns;
    double cost;  // estimated cycles per image and group; only comparisons mean anything
};

enum class Purpose { kTiles, kDots };

Plan plan_problem(const ShiftProblem& problem, Algorithm algorithm, Purpose purpose, int vector_length,
                  int element_bytes);

// One cut: images [image, image + images) of a group, output positions from (z, y, x) on.
struct Cut {
    int64_t image, images, group, z, slices, y, rows, x, columns;
};

int64_t cut_count(const ShiftProblem& problem, const Plan& plan);
Cut cut_at(const ShiftProblem& problem, const Plan& plan, int64_t index);
Cut clip(const Cut& cut, const Phase& phase);  // to the positions that the phase has; possibly empty

// The plane that offsets refer to: that of a slab, or of the source itself.
struct Layout {
    bool view;
    int64_t extent[3];
    int64_t plane() const { return extent[0] * extent[1] * extent[2]; }
};

Layout layout_of(const ShiftProblem& problem, const Plan& plan);
int64_t slab_size(const ShiftProblem& problem, const Layout& layout);
std::vector<int64_t> offsets_of(const ShiftProblem& problem, const Phase& phase, const Layout& layout);

// The lines of one image and group for a cut: a pointer into the source where that can be read `reach` elements past
// the cut's start, else a filled slab in `slab` (slab_size elements and a border of kMaxVectorLength).
template <typename T>
const T* lines_of(const ShiftProblem& problem, const Layout& layout, const Cut& cut, int64_t image, const T* source,
                  int64_t reach, T* slab);

template <typename T>
void run_problem(const ShiftProblem& problem, const Plan& plan, const T* source, const T* weight, const T* bias,
                 T* destination);

}  // namespace i2dl
