"""Small studies of the two kinds that end in tables of their own."""

EXPONENTS = """
title = "Small exponents"
figure = "exponents"

[[sweep]]
name = "l = 1"
kind = "scan"
theory = "certificate"
target = "z1"
network = {width = 8, activation = "He1", readout = "constant", symmetric = false}
protocol = {steps = 1, batch = "4d", learning_rate = 1, loss = "correlation"}
smallest_batch = "0.1d"
seeds = 6
product.dimension = [300, 1000, 3000]

[[sweep]]
name = "l = 2, step 2"
kind = "scan"
theory = "certificate"
target = "rotated_leap2"
network = {width = 8, activation = "He1+He2", readout = "rademacher", symmetric = false}
smallest_batch = "0.1d^2"
seeds = 4
product.dimension = [50, 100]

[[sweep.protocol]]
batch = "100d"
learning_rate = "sqrt(p)"
loss = "correlation"

[[sweep.protocol]]
batch = "8d^2"
learning_rate = "sqrt(p)"
loss = "correlation"

[[sweep]]
name = "preprocessing"
kind = "simulation"
target = "z1 + He2(z2)/sqrt(2)"
network = {width = 8, readout = "rademacher", symmetric = false}
seeds = 3
product.protocol.preprocess = [false, true]
product.dimension = [64, 128]

[sweep.protocol]
steps = 1
batch = "2d^2"
learning_rate = "p*d"
loss = "correlation"
"""

BEYOND_KERNEL = """
title = "Small beyond the kernel"
figure = "beyond-kernel"

[[sweep]]
kind = "simulation"
dimension = 128
seeds = 2
ridge = "auto"
network = {width = 64, activation = "relu", readout = "uniform", bias = 1.0}
protocol = {loss = "correlation", learning_rate = "4*sqrt(p)"}
product.target = [{name = "stairs", expression = "z1 + z1*z2", noise = 0.25}, "z1*z2"]
product.protocol.steps = [1, 2]
zip.protocol.batch = ["2d", "8d"]
zip.ridge_batch = ["2d", "8d"]
"""
