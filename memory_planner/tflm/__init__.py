"""TensorFlow Lite Micro's memory: its structs, its allocator, its kernels' requests, its greedy planner."""
