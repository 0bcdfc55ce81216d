"""What a trained network shows when one looks inside: dead kernels, doubled maps, lost information, attention."""
