"""JAX: seconds per EM iteration of a mixture of independent Poisson counts, jitted.

products: two matrix products around a softmax; the log factorials of the data are computed once, outside the clock.
blocks: the same over row blocks in lax.scan. Uses `common.py` of the peers folder.
"""
from common import start, load, measure, report, versions

a = start(__doc__, k=16, dtype='float64', iters=10, reps=5, block=2000, data='')
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update('jax_enable_x64', True)
x64 = load(a.data, lambda: None)
n, d = x64.shape
k = a.k
x = jnp.asarray(x64, a.dtype)
constant = -jnp.sum(jax.scipy.special.gammaln(x + 1))
means = jnp.asarray(np.stack([x64[j * n // k] for j in range(k)]) + 1, a.dtype)


def expect(x, w, rate):
    lp = jnp.log(w) - jnp.sum(rate, 1) + x @ jnp.log(rate).T
    z = jax.nn.logsumexp(lp, 1, keepdims=True)
    r = jnp.exp(lp - z)
    return r.sum(0), r.T @ x, jnp.sum(z)


def maximise(nk, sx, ll):
    return (nk / n, sx / nk[:, None]), (ll + constant) / n


def products(theta, x):
    return maximise(*expect(x, *theta))


def blocks(theta, x):
    b = min(a.block, n)
    m = n // b
    body = lambda acc, xb: (jax.tree.map(jnp.add, acc, expect(xb, *theta)), None)
    rest = expect(x[m * b:], *theta) if m * b < n else (jnp.zeros(k, x.dtype), jnp.zeros((k, d), x.dtype), jnp.zeros((), x.dtype))
    total, _ = jax.lax.scan(body, rest, x[:m * b].reshape(m, b, d))
    return maximise(*total)


results = {}
for name, f in {'products': products, 'blocks': blocks}.items():
    f = jax.jit(f)

    def run():
        theta = (jnp.full(k, 1 / k, x.dtype), means)
        for _ in range(a.iters):
            theta, ll = f(theta, x)
        jax.block_until_ready(theta)
        return float(ll)

    results[name] = measure(run, a.iters, a.reps)
report('jax', 'poisson-em', dict(n=n, d=d, k=k, iters=a.iters), a.dtype, a.threads, results, versions('jax', 'jaxlib'))
