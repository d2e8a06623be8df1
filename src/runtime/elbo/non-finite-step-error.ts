/** An objective or a derivative that is no number. */
export class NonFiniteStepError extends Error {
  override readonly name: string = "NonFiniteError";
  constructor(
    /** What is no number: "objective", "derivative of `w`", "parameter `w`". */
    readonly what: string,
    /** Number of the step over the whole fit, from 1. */
    readonly step: number,
  ) {
    super(`The ${what} is no number in step ${step}. Lower the learning rate, set \`clip\`, or rescale the data.`);
  }
}
