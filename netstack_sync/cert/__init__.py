"""Certificate verification: a chain of verifiers with one interface, and one verdict table for everybody."""
