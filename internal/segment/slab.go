package segment

// A slab hands out slices of one type that share few allocations.
type slab[T any] struct {
	all, free []T // the latest allocation, and what is left of it
	// least is the size of an allocation, unless more is asked for at once.
	least int
	// taken counts the elements allocated.
	taken int
}

// take returns n zero elements.
func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		s.all = make([]T, max(n, s.least))
		s.free = s.all
		s.taken += len(s.all)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

// copy returns a copy of from.
func (s *slab[T]) copy(from []T) []T {
	out := s.take(len(from))
	copy(out, from)
	return out
}

// pick returns the elements of from at the indexes in order, or a copy of them
// all if there is no order.
func (s *slab[T]) pick(from []T, order []int32) []T {
	if order == nil {
		return s.copy(from)
	}
	out := s.take(len(order))
	for i, k := range order {
		out[i] = from[k]
	}
	return out
}

// reset makes the slab hand out the same memory again, which nobody may use any
// more, in one piece.
func (s *slab[T]) reset() {
	if s.taken > len(s.all) {
		s.all = make([]T, s.taken)
	} else {
		clear(s.all[:len(s.all)-len(s.free)])
	}
	s.free, s.taken = s.all, len(s.all)
}

// sized returns n elements of any value, in the memory of s if that is enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// blank is sized for zero elements.
func blank[T any](s []T, n int) []T {
	s = sized(s, n)
	clear(s)
	return s
}
