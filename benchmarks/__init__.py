"""Side by side with what one would write without rnnviz. `python -m benchmarks` prints every ratio beside its goal."""
