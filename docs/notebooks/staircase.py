# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Notebook: watch a staircase being climbed
#
# Neurons as points, steps as time. The target is $z_1 + z_1 z_2$; the first step turns every neuron
# towards $z_1$, the second opens $z_2$. We look at the neurons in the plane of the two directions, at
# $d = 10^6$.

# %%
import altair as alt

import giantstep as gs

alt.renderers.enable("svg")
target = gs.Target.parse("z1 + z1*z2")
network = gs.Network(width=16, activation="relu", readout="gaussian", symmetric=False)
protocol = gs.Protocol.repeat(3, batch="3d", learning_rate=4.0, loss="correlation")
data = gs.simulate(target, network, protocol, dimension=10**6, seeds=1)
theory = gs.predict.overlaps(target, network, protocol, samples=2**18)
print(dict(data.overlaps.sizes))

# %% [markdown]
# `overlaps` holds $W W_*^\top$ for every replicate, step and neuron. Divided by the neuron's norm it is
# a cosine, so a neuron that knows nothing but the target sits on the unit circle.

# %%
sizes = [float(data.self_overlaps.isel(replicate=0, step=t).values.diagonal().mean()) for t in range(4)]
print("mean squared norm of the rows, step by step:", [round(size, 3) for size in sizes])

# %%
rows = []
for step in range(4):
    at = data.isel(replicate=0, step=step)
    norm = at.self_overlaps.values.diagonal() ** 0.5
    for neuron in range(network.width):
        x, y = at.overlaps.values[neuron] / norm[neuron]
        rows.append({"step": f"step {step}", "z1": float(x), "z2": float(y)})
axis = alt.Scale(domain=[-1, 1])
alt.Chart(alt.InlineData(values=rows)).mark_point(filled=True).encode(
    x=alt.X("z1:Q", scale=axis, title="cosine with z1"),
    y=alt.Y("z2:Q", scale=axis, title="cosine with z2"),
    column=alt.Column("step:N", title=None),
).properties(width=150, height=150)

# %% [markdown]
# Theory knows every one of these numbers: its order parameters after each step, in the limit $d \to \infty$.

# %%
last = data.overlaps.isel(replicate=0, step=3) - theory.overlaps.isel(step=3)
print("largest |simulation - theory| over neurons:", float(abs(last).max().round(3)))
