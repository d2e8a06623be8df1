/** All that a command sees of the outside; tests put their own in its place. */
export interface Terminal {
  /** The result. */
  out(text: string): void;
  /** Progress and messages. */
  message(text: string): void;
  readonly input: () => AsyncIterable<string | Uint8Array>;
  /** Whether messages may be coloured and lines overwritten. */
  readonly messagesAreSeen: boolean;
  readonly color: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Standard streams. Colour where standard error is a terminal and neither NO_COLOR nor --no-color says otherwise. */
export function processTerminal(arguments_: readonly string[]): Terminal {
  const abort = new AbortController();
  let interrupts = 0;
  process.on("SIGINT", () => {
    // A second Ctrl-C does not wait for the checkpoint.
    if (++interrupts > 1) process.exit(130);
    abort.abort();
  });
  const messagesAreSeen = process.stderr.isTTY === true;
  const { env } = process;
  return {
    out: (text) => void process.stdout.write(text),
    message: (text) => void process.stderr.write(text),
    input: () => process.stdin,
    messagesAreSeen,
    color: messagesAreSeen && !env["NO_COLOR"] && env["TERM"] !== "dumb" && !arguments_.includes("--no-color"),
    environment: env,
    signal: abort.signal,
  };
}
