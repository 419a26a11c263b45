#!/usr/bin/env bash
# Builds the kernels with the address and undefined-behaviour sanitizers and runs them over many shapes.
# Exits with an error on any finding. CXX is the compiler, the first argument the number of random rounds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

compiler=${CXX:-g++}
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
flags=(-std=c++17 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -pthread)
flags+=(-fno-math-errno -fno-trapping-math -ffp-contract=fast -Wall -Wextra -Werror)
case $(uname -m) in x86_64 | amd64) x86=1 ;; *) x86= ;; esac
[ -z "$x86" ] || flags+=(-DI2DL_HAVE_X86_VARIANTS)

objects=()
for source in *.cpp sanitize/driver.cpp; do
    extra=()
    case $source in
        bind_*.cpp | direct_call.cpp | module.cpp) continue ;;  # these need Python
        *_avx2.cpp) [ -n "$x86" ] || continue; extra=(-march=x86-64-v3) ;;
        *_avx512.cpp) [ -n "$x86" ] || continue; extra=(-march=x86-64-v4 -mprefer-vector-width=512) ;;
    esac
    object=$build/$(basename "$source" .cpp).o
    "$compiler" "${flags[@]}" "${extra[@]}" -c "$source" -o "$object"
    objects+=("$object")
done
"$compiler" "${flags[@]}" "${objects[@]}" -o "$build/driver"
"$compiler" "${flags[@]}" allocator.cpp sanitize/allocator.cpp -o "$build/allocator"
"$build/allocator"
ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 "$build/driver" "${1:-300}"
