"""Small studies of time-scales and of minimax games."""

TIME_SCALES = """
title = "Small time-scales"
figure = "time-scales"
seed = 3

[[sweep]]
name = "limit"
kind = "time-scales"
orthonormal_activation = [0.5, 0.8]
orthonormal_target = [0.5, 1.0]
width = 8
seeds = 2
product.time_scale_ratio = [1e-2, 1e-3]

[[sweep]]
name = "nouns"
kind = "time-scales"
target = "z1"
activation = "relu"
degree = 1
dimension = 50
method = "flow"
time_scale_ratio = 1e-2
until = 0.3
product.width = [8, 12]
"""

MINIMAX = """
title = "Small games"
figure = "minimax"

[[sweep]]
name = "games"
kind = "minimax"
width = 20
until = 4
seeds = 2
product.output_scale = [4, 16]

[[sweep]]
name = "naive"
kind = "minimax"
method = "naive"
problem = "policy-evaluation"
discount = 0.5
width = 20
until = 1
product.output_scale = [4]
"""
