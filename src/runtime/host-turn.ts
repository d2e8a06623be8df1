/**
 * Lets the host have a turn: a fit is a long chain of microtasks, and without this no timer, signal handler or repaint
 * would run until it ends.
 */
export class HostTurns {
  private last = performance.now();

  /** @param every milliseconds between turns */
  constructor(private readonly every = 30) {}

  async give(): Promise<void> {
    const now = performance.now();
    if (now - this.last < this.every) return;
    await hostTurn();
    this.last = performance.now();
  }
}

function hostTurn(): Promise<void> {
  return new Promise((resolve) => {
    // In browsers there is no setImmediate, and 4 ms of a timer every 30 ms is a fair price.
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
