"""Ground: what is true of N(0, I) - Hermite polynomials, quadrature, kernels, Bartlett factors."""
