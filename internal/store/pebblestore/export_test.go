package pebblestore

// Flush writes what Pebble has in memory to tables.
func (s *Store) Flush() error { return s.lists.(*records).db.Flush() }
