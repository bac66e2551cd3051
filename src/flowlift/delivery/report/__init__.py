"""What people and later jobs read of a delivery: the comment, annotations, outputs."""
