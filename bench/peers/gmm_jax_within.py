"""`gmm_jax.py` of the peers folder without the formulations that would need more than --gib of memory at once.

By rows, components and columns: `batched` keeps several arrays of all three where covariances are full, `features` all
pairs of columns; else they keep some of the rows by the components.
"""
import math
import os
import runpy
import sys
import common
import numpy as np

gib = 3.0
if '--gib' in sys.argv:
    at = sys.argv.index('--gib')
    gib = float(sys.argv[at + 1])
    del sys.argv[at:at + 2]
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
n, d = np.load(given['--data'], mmap_mode='r').shape
k, cov = int(given['--k']), given['--cov']
numbers = {'batched': 2 * n * k * (d if cov == 'full' else 1), 'features': n * d * (d + 1) // 2}
measure = common.measure


def within(run, iterations, reps, **more):
    variant = run.__globals__['v']
    if 8 * numbers.get(variant, 0) > gib * 2**30:
        return dict(median=math.inf, min=math.inf, max=math.inf, repetitions=0, warmup=0, check=math.nan)
    return measure(run, iterations, reps, **more)


report = common.report
common.measure = within
common.report = lambda *a: report(*a[:5], {v: r for v, r in a[5].items() if r['repetitions'] > 0}, *a[6:])
from_peers = next(p for p in sys.path if os.path.exists(os.path.join(p, 'gmm_jax.py')))
runpy.run_path(os.path.join(from_peers, 'gmm_jax.py'), run_name='__main__')
