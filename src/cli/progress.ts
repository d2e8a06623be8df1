import type { Terminal } from "./terminal.js";

/** Reports how a fit goes: one line that is overwritten on a terminal, else a plain line every few seconds. */
export interface Progress {
  update(text: string): void;
  /** A message that stays, above the line of progress. */
  note(text: string): void;
  end(): void;
}

const overwriteEvery = 100;
const plainEvery = 5000;

/** @param now milliseconds from any beginning */
export function createProgress(terminal: Terminal, quiet: boolean, now: () => number = Date.now): Progress {
  let last = now();
  let shown = false;
  const clear = (): void => {
    if (shown) terminal.message("\r\u001b[K");
    shown = false;
  };
  return {
    update(text) {
      if (quiet || now() - last < (terminal.messagesAreSeen ? overwriteEvery : plainEvery)) return;
      last = now();
      clear();
      terminal.message(terminal.messagesAreSeen ? text : `${text}\n`);
      shown = terminal.messagesAreSeen;
    },
    note(text) {
      clear();
      if (!quiet) terminal.message(`${text}\n`);
    },
    end: clear,
  };
}
