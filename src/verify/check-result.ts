/** What one check found out. */
export interface CheckResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** The figure behind the outcome, or why it was skipped. */
  readonly detail: string;
}
