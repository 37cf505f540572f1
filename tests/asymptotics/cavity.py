"""Theory note 10, section 4, letter by letter: pseudo-inverses, R and all. For tests only.

The package carries a kept batch in the reduced engine's coordinates instead; agreement of the two is a test
of both, and only here can the feedback through R be switched off.
"""

import numpy as np


def _pinv(matrix):
    return np.linalg.pinv(matrix, rcond=1e-9, hermitian=True)


def cavity_steps(case, start, *, samples=40_000, feedback=True, seed=0):
    """Return [(M, Q) after each step]; ``case`` holds target, activation, a, alpha, rates, loss."""
    target, activation, a = case["target"], case["activation"], np.asarray(case["a"], float)
    alpha, p, r = case["alpha"], len(case["a"]), target.rank
    generator = np.random.default_rng(seed)
    overlaps, gram = start
    whole = np.block([[np.eye(r), overlaps.T], [overlaps, gram]])  # Gram of (W*, w^0, .., w^t)
    values, vectors = np.linalg.eigh(whole)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    half = generator.standard_normal((samples // 2, r + p))
    fields = np.concatenate([half, -half]) @ root.T  # (z*, lt^0, .., lt^t)
    y = target(fields[:, :r])
    shifts = [np.zeros((samples, p))]
    path = []
    for t, rate in enumerate(case["rates"]):
        trained = [fields[:, r + s * p : r + (s + 1) * p] + shifts[s] / alpha for s in range(t + 1)]
        residual = y.copy()
        if case["loss"] == "square":
            residual = y - activation.value(trained[t]) @ a / np.sqrt(p)
        delta = residual[:, None] * activation.derivative(trained[t]) * a / np.sqrt(p)
        inverse = _pinv(whole)
        stein = inverse @ (fields.T @ delta / samples)  # (r + p (t + 1), p)
        heard = np.zeros_like(delta)
        if feedback:
            heard = sum(shifts[s] @ stein[r + s * p : r + (s + 1) * p] for s in range(t + 1))
        v = np.hstack([fields[:, :r], *trained]).T @ delta / samples  # overlaps of G with (W*, w^s)
        square = stein.T @ v + (delta + heard).T @ delta / samples / alpha
        square = 0.5 * (square + square.T)
        old = whole[:, -p:]
        column = old + rate * v
        corner = old[-p:] + rate * (v[-p:] + v[-p:].T) + rate**2 * square
        # fields of the next step: conditional Gaussian given all earlier ones
        rest = square - v.T @ inverse @ v
        values, vectors = np.linalg.eigh(0.5 * (rest + rest.T))
        half = generator.standard_normal((samples // 2, p))
        noise = np.concatenate([half, -half]) @ (vectors * np.sqrt(np.clip(values, 0.0, None))).T
        chi = fields @ (inverse @ v) + noise
        shifts.append(shifts[t] + rate * (delta + heard))
        fields = np.hstack([fields, fields[:, -p:] + rate * chi])
        whole = np.block([[whole, column], [column.T, corner]])
        path.append((column[:r].T, corner))
    return path
