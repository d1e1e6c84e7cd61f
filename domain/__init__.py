"""What happened and what may happen next: pure rules, without I/O, clock or randomness."""
