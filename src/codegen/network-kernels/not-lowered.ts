/** An operation that float32 kernels do not have. */
export class NotLowered extends Error {}
