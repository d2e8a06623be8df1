import type { FitCallbacks, FitEvent, FitResult } from "./fit/fit-events.js";
import type { FitState } from "./fit/fit-state.js";

/** What callbacks are told of a result. */
interface AnyResult {
  readonly logLikelihood: number | null;
  readonly converged: boolean;
}

/**
 * A fit under way. `await` it for the result, or iterate over its events; the fit goes on as events are taken, so that
 * what the loop does (writing a checkpoint) is done before the next iteration. Leaving the loop early ends the fit with
 * the best parameters so far.
 */
export class FitRun<P, R extends AnyResult = FitResult<P>, S = FitState>
  implements PromiseLike<R>, AsyncIterable<FitEvent<P, R, S>>
{
  private readonly outcome: Promise<R>;
  private resolve: (result: R) => void = () => undefined;
  private reject: (reason: unknown) => void = () => undefined;
  private taken = false;

  constructor(
    private readonly events: AsyncGenerator<FitEvent<P, R, S>, void, undefined>,
    private readonly callbacks: readonly FitCallbacks[],
    /** Ends the fit at the next opportunity. */
    private readonly stop: () => void,
  ) {
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever iterates sees the error there; the promise may then have no listener.
    this.outcome.catch(() => undefined);
    // A run that nobody iterates over by then goes ahead by itself.
    queueMicrotask(() => {
      if (!this.taken) void this.drain();
    });
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a run is there to be awaited
  then<A = R, B = never>(
    onResult?: ((result: R) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.outcome.then(onResult, onError);
  }

  catch<B = never>(onError?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<R | B> {
    return this.outcome.catch(onError);
  }

  finally(onSettled?: (() => void) | null): Promise<R> {
    return this.outcome.finally(onSettled);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FitEvent<P, R, S>, void, undefined> {
    if (this.taken) throw new Error("The events of a fit can be iterated over once, and not after the fit has begun.");
    yield* this.take();
  }

  private async *take(): AsyncGenerator<FitEvent<P, R, S>, void, undefined> {
    this.taken = true;
    let epoch = 0;
    let finished = false;
    try {
      for (;;) {
        const next = await this.events.next();
        if (next.done === true) break;
        await this.callBack(next.value, epoch);
        if (next.value.kind === "iteration") epoch++;
        if (next.value.kind === "end") this.resolve(next.value.result);
        yield next.value;
      }
      finished = true;
    } catch (error) {
      finished = true;
      this.reject(error);
      throw error;
    } finally {
      // The loop was left early: let the fit wrap up with what it has.
      if (!finished) await this.wrapUp();
    }
  }

  private async wrapUp(): Promise<void> {
    this.stop();
    try {
      for (let next = await this.events.next(); next.done !== true; next = await this.events.next()) {
        if (next.value.kind === "end") this.resolve(next.value.result);
      }
    } catch (error) {
      this.reject(error);
    }
  }

  private async drain(): Promise<void> {
    try {
      for await (const event of this.take()) void event;
    } catch {
      // `take` has handed the error to the promise.
    }
  }

  private async callBack(event: FitEvent<P, R, S>, epoch: number): Promise<void> {
    for (const callback of this.callbacks) {
      switch (event.kind) {
        case "start":
          await callback.onTrainBegin?.({ rows: event.rows, restarts: event.restarts });
          break;
        case "iteration": {
          const { restart, iteration, objective, meanLogLikelihood } = event;
          await callback.onEpochEnd?.(epoch, { restart, iteration, objective, meanLogLikelihood });
          break;
        }
        case "end":
          await callback.onTrainEnd?.({
            logLikelihood: event.result.logLikelihood ?? NaN,
            converged: event.result.converged,
          });
          break;
        case "restart":
        case "checkpoint":
        case "warning":
          break;
      }
    }
  }
}

/** A run that the caller's signal ends, or the run itself when its loop is left early. */
export function startFit<P, R extends AnyResult, S>(
  { signal, callbacks }: { readonly signal: AbortSignal | undefined; readonly callbacks: readonly FitCallbacks[] },
  learn: (signal: AbortSignal) => AsyncGenerator<FitEvent<P, R, S>, void, undefined>,
): FitRun<P, R, S> {
  const early = new AbortController();
  if (signal?.aborted === true) early.abort(signal.reason);
  else signal?.addEventListener("abort", () => early.abort(signal.reason), { once: true });
  return new FitRun(learn(early.signal), callbacks, () => early.abort());
}
