/** What the exit status of `genc` says. */
export const exitCode = {
  fine: 0,
  /** Errors in a program, output that is stale, or a fit that did not converge and had to. */
  diagnostics: 1,
  usage: 2,
  data: 3,
  /** A backend, an engine or a part of genc that is not there. */
  unavailable: 4,
  /** A bug of ours. */
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
