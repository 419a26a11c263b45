#include "choice.h"

#include "arithmetic.h"
#include "depthwise.h"
#include "instruction_set.h"
#include "positions.h"
#include "thread_pool.h"
#include "winograd.h"

namespace i2dl {

template <typename T>
Plan choose_plan(const ShiftProblem& problem, Algorithm algorithm, Purpose purpose) {
    const int lanes = kernel_table<T>().vector_length;
    constexpr int bytes = static_cast<int>(sizeof(T));
    const bool planned_elsewhere = algorithm == Algorithm::kWinograd || algorithm == Algorithm::kDepthwise ||
                                   (algorithm == Algorithm::kOuter && purpose == Purpose::kTiles);
    if (planned_elsewhere) return Plan{algorithm, 1, 1, 1, 1, 0};
    if (algorithm != Algorithm::kAuto) return plan_problem(problem, algorithm, purpose, lanes, bytes);
    Plan best = plan_problem(problem, Algorithm::kIm2col, purpose, lanes, bytes);
    for (const Algorithm other : {Algorithm::kPacked, Algorithm::kDirect, Algorithm::kOuter}) {
        if (other == Algorithm::kOuter && purpose == Purpose::kTiles) continue;
        const Plan plan = plan_problem(problem, other, purpose, lanes, bytes);
        if (plan.cost < best.cost) best = plan;
    }
    if (purpose == Purpose::kTiles && problem.batch > 0 && problem.destination_volume() > 0 &&
        positions_serve(problem)) {
        const double cost = positions_cost(problem, lanes);
        if (cost < best.cost) best = Plan{Algorithm::kOuter, 1, 1, 1, 1, cost};
    }
    if (problem.batch > 0 && problem.destination_volume() > 0 && !problem.phases.empty() && depthwise_serves(problem)) {
        const double cost = depthwise_cost(problem, purpose, lanes);
        if (cost < best.cost) best = Plan{Algorithm::kDepthwise, 1, 1, 1, 1, cost};
    }
    // Winograd's error is about twice that of a plain sum: in float32 within the tolerance that users of PyTorch know;
    // who computes in float64 wants the digits.
    if (purpose == Purpose::kTiles && bytes == 4 && winograd_serves(problem)) {
        const double cost = winograd_cost(problem, lanes);
        if (cost < best.cost) best = Plan{Algorithm::kWinograd, 1, 1, 1, 1, cost};
    }
    return best;
}

void spread_plan(const ShiftProblem& problem, Plan& plan) {
    const int64_t wanted = get_num_threads() > 1 ? 2 * get_num_threads() : 1;
    while (cut_count(problem, plan) < wanted) {
        int64_t* longest = plan.images > 1 ? &plan.images : plan.slices > 1 ? &plan.slices : &plan.rows;
        if (*longest < 2) return;
        *longest = ceil_divide(*longest, 2);
    }
}

template Plan choose_plan<float>(const ShiftProblem&, Algorithm, Purpose);
template Plan choose_plan<double>(const ShiftProblem&, Algorithm, Purpose);

}  // namespace i2dl
