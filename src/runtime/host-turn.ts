/**
 * Lets the host have a turn: a fit is a long chain of microtasks, and without this no timer, signal handler or repaint
 * would run until it ends.
 */
export class HostTurns {
  private last = performance.now();

  /** @param every milliseconds between turns */
  constructor(
    private readonly signal?: AbortSignal,
    private readonly every = 30,
  ) {}

  /** Throws `Interrupted` once the signal is aborted. */
  async give(): Promise<void> {
    this.stopIfAborted();
    const now = performance.now();
    if (now - this.last < this.every) return;
    await hostTurn();
    this.last = performance.now();
    this.stopIfAborted();
  }

  private stopIfAborted(): void {
    if (this.signal?.aborted === true) throw new Interrupted();
  }
}

/** Leaves the work in hand after an abort; the fit catches it and ends with what it has. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
}

function hostTurn(): Promise<void> {
  return new Promise((resolve) => {
    // In browsers there is no setImmediate, and 4 ms of a timer every 30 ms is a fair price.
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
