"""C99 that runs a plan: kernels, a call for each step, weights in the kernels' layout."""
