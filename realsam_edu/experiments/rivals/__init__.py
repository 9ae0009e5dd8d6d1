"""Who Sam is compared with."""
