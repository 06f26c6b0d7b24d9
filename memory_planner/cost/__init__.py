"""What a plan costs on a chip: work of each layer, cycles, frames a second with an interval, and fits."""
