"""A small study that runs in a second, and what a results folder holds."""

TEXT = """
title = "Small"
figure = "stairway"

[[sweep]]
kind = "simulation"
theory = "certificate"
network = {width = 4, readout = "gaussian"}
protocol = {steps = 2, batch = "2d", learning_rate = 3}
product.target = ["stair2", "z1"]
zip.dimension = [100, 1e3]
zip.seeds = [3, 2]
"""


def contents(folder):
    return {path.name: path.read_bytes() for path in (folder / "points").glob("*.nc")}
