"""scikit-learn: seconds per EM iteration of Gaussian mixtures of several covariances in one process.

The estimator's E and M steps, called one after another as the fastest form of `gmm_sklearn.py` of the peers folder does,
with --threads BLAS threads and with one; the fastest is reported. Prints a line of JSON for each of --covs. Repeats for
--seconds, at least once; the first iteration is not counted.
"""
from common import start, load, report, versions

a = start(__doc__, k=16, covs='full,diag,tied,spherical', iters=3, seconds=2.0, data='')
import statistics
import time
import warnings
import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky
from threadpoolctl import threadpool_limits

warnings.filterwarnings('ignore')
x = load(a.data, lambda: None)
n, d = x.shape
k = a.k


def initial(cov):
    """Equal weights, means = rows floor(j n / k), covariance 4 I: the start of all sides."""
    shape = {'full': np.stack([np.eye(d)] * k), 'tied': np.eye(d), 'diag': np.ones((k, d)), 'spherical': np.ones(k)}[cov]
    return np.full(k, 1 / k), np.stack([x[j * n // k] for j in range(k)]), 4 * shape, shape / 4


def measure(cov):
    w, mu, _, p = initial(cov)
    g = GaussianMixture(k, covariance_type=cov, tol=0, reg_covar=1e-6, max_iter=1, init_params='random_from_data',
                        random_state=0, weights_init=w, means_init=mu, precisions_init=p).fit(x[:max(1000, 4 * k)])
    times, begun = [], time.perf_counter()
    while not times or time.perf_counter() - begun < a.seconds:
        g.weights_, g.means_, g.covariances_, _ = initial(cov)
        g.precisions_cholesky_ = _compute_precision_cholesky(g.covariances_, cov)
        for _ in range(a.iters):
            t = time.perf_counter()
            ll, lr = g._e_step(x)
            g._m_step(x, lr)
            times.append(time.perf_counter() - t)
    if len(times) > 1:
        times = times[1:]
    return dict(median=statistics.median(times), min=min(times), max=max(times), repetitions=len(times),
                warmup=0, check=float(ll))


for cov in a.covs.split(','):
    results = {}
    for threads in sorted({1, a.threads}, reverse=True):
        # Where an iteration takes this long, the products are large, and threads pay.
        if results and next(iter(results.values()))['median'] > 5:
            break
        with threadpool_limits(threads):
            results[f'steps, {threads} BLAS threads'] = measure(cov)
    report('scikit-learn', 'gmm-em', dict(n=n, d=d, k=k, cov=cov, iters=a.iters), 'float64', a.threads,
           results, versions('scikit-learn', 'numpy', 'scipy'))
