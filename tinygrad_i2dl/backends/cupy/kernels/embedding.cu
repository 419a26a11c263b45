// A table of sums: row index[i] of the table gets row i. Sums are made in A, by atomic additions in any order.
KERNEL add_rows(const T* rows, const Int* index, A* table, Int count, Int width) {
    EACH(i, count * width) atomicAdd(table + index[i / width] * width + i % width, (A)rows[i]);
}
