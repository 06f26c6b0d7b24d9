"""Many runs of the main road, gathered: sweeps over ALPHA and RES, and the paper's experiments."""
