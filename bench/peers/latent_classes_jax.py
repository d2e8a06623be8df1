"""JAX: seconds per EM iteration of latent classes (independent categorical answers within a class), jitted.

products: two matrix products of the answers as zeros and ones, made once, outside the clock. gather: the log
probabilities are looked up and the statistics added up by segment. blocks: products over row blocks in lax.scan.
Uses `common.py` of the peers folder.
"""
from common import start, load, measure, report, versions

a = start(__doc__, k=16, choices=4, dtype='float64', iters=10, reps=5, block=2000, data='')
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update('jax_enable_x64', True)
x64 = load(a.data, lambda: None)
n, d = x64.shape
k, v = a.k, a.choices
answers = jnp.asarray(x64, jnp.int32)
first = np.stack([x64[j * n // k] for j in range(k)])
initial = jnp.asarray((1 + (first[:, :, None] == np.arange(v))) / (v + 1), a.dtype)


def posterior(w, lp):
    lp = jnp.log(w) + lp
    z = jax.nn.logsumexp(lp, 1, keepdims=True)
    return jnp.exp(lp - z), jnp.sum(z)


def maximise(nk, counts, ll):
    return (nk / n, counts / nk[:, None, None]), ll / n


def expect(hot, w, p):
    r, ll = posterior(w, hot @ jnp.log(p).reshape(k, d * v).T)
    return r.sum(0), (r.T @ hot).reshape(k, d, v), ll


def products(theta, hot):
    return maximise(*expect(hot, *theta))


def blocks(theta, hot):
    b = min(a.block, n)
    m = n // b
    body = lambda acc, part: (jax.tree.map(jnp.add, acc, expect(part, *theta)), None)
    zero = (jnp.zeros(k, hot.dtype), jnp.zeros((k, d, v), hot.dtype), jnp.zeros((), hot.dtype))
    rest = expect(hot[m * b:], *theta) if m * b < n else zero
    total, _ = jax.lax.scan(body, rest, hot[:m * b].reshape(m, b, d * v))
    return maximise(*total)


def gather(theta, x):
    w, p = theta
    flat = x + v * jnp.arange(d)
    r, ll = posterior(w, jnp.sum(jnp.log(p).reshape(k, d * v).T[flat], 1))
    counts = jnp.zeros((d * v, k), r.dtype).at[flat].add(r[:, None, :])
    return maximise(r.sum(0), counts.T.reshape(k, d, v), ll)


hot = jax.nn.one_hot(answers, v, dtype=a.dtype).reshape(n, d * v)
results = {}
for name, (f, data) in {'products': (products, hot), 'blocks': (blocks, hot), 'gather': (gather, answers)}.items():
    f = jax.jit(f)

    def run():
        theta = (jnp.full(k, 1 / k, a.dtype), initial)
        for _ in range(a.iters):
            theta, ll = f(theta, data)
        jax.block_until_ready(theta)
        return float(ll)

    results[name] = measure(run, a.iters, a.reps)
report('jax', 'latent-classes-em', dict(n=n, d=d, k=k, v=v, iters=a.iters), a.dtype, a.threads, results,
       versions('jax', 'jaxlib'))
