/** What emitted trainers and their users import as "genc/runtime". */
export { EmTrainer } from "./em-trainer.js";
export type { ForecastOptions, Score } from "./em-trainer.js";
export type { SampleOptions } from "./model-trainer.js";
export type { Forecast } from "./chain/forecast.js";
export { raisedStartMeans } from "./chain/start-means.js";
export { OnlineFilter } from "./chain/online-filter.js";
export type { Filtered, Observation } from "./chain/online-filter.js";
export { ChainElboTrainer } from "./chain-elbo-trainer.js";
export { ElboTrainer } from "./elbo-trainer.js";
export { AdversarialTrainer } from "./adversarial-trainer.js";
export type * from "./adversarial/adversarial-description.js";
export type { AdversarialFitResult } from "./adversarial/adversarial-fit.js";
export type { SampleQuality } from "./adversarial/sample-quality.js";
export type { AdversarialFitOptions, AdversarialState, Comparison } from "./adversarial/adversarial-options.js";
export type { BoundOptions, BoundScore } from "./bound-trainer.js";
export type * from "./elbo/elbo-description.js";
export type * from "./elbo/chain/chain-elbo-description.js";
export { NonFiniteStepError } from "./elbo/non-finite-step-error.js";
export type * from "./networks/network-description.js";
export type { StepFitOptions } from "./elbo/step-options.js";
export type { StepState } from "./elbo/step-state.js";
export type * from "./description.js";
export type { KernelArrayDescription, KernelDescription, KernelModule } from "./kernels/kernel-description.js";
export { FitRun } from "./fit-run.js";
export type {
  BoundFitResult,
  FitCallbacks,
  FitEvent,
  FitResult,
  IterationEvent,
  RestartSummary,
} from "./fit/fit-events.js";
export type { FitOptions, InitialParameters, ParameterValues } from "./fit/fit-options.js";
export type { FitState } from "./fit/fit-state.js";
export type { Batch, BatchSource } from "./data/collect-columns.js";
export type { Column, Entry, Label, NestedEntries, ShapedValues, TensorLike } from "./data/raw-column.js";
export type { LabelDictionary } from "./data/labels.js";
export type { NamedTensor } from "./named-tensor.js";
export { namedTensor } from "./named-tensor.js";
export { degreesOfFreedom } from "./parameter-space.js";
export type { ColumnMapping, SavedModel } from "./model-file.js";
export { decodeModel, describeModelFile, encodeModel } from "./model-file.js";
export { decodeSafetensors, encodeSafetensors } from "./safetensors.js";
export type { SafetensorsFile, StoredTensor } from "./safetensors.js";
export type { FitWarning } from "./warnings.js";
export {
  CollapsedComponentError,
  DataError,
  DisposedError,
  ModelFileError,
  NonFiniteError,
  NotFittedError,
  OptionError,
} from "./errors.js";
export type { DataErrorCode, ModelFileReason } from "./errors.js";

export { useBackend } from "./tensor-flow.js";

// For generated loops and M-steps.
export * from "../numerics/dense.js";
export * from "../numerics/special-functions.js";
export * from "../numerics/sweeps.js";
export { maximisers } from "../numerics/maximise/index.js";
export type { MaximisationInput, Maximiser, PriorArguments } from "../numerics/maximise/index.js";
export { maximiseRegression } from "../numerics/maximise/regression.js";
export { recentreRegression } from "../numerics/maximise/regression/recentre.js";
export { regressionRidgePenalty } from "../numerics/maximise/regression/ridge-penalty.js";
export type {
  RegressionBlock,
  RegressionCovariance,
  RegressionProblem,
  RegressionSettings,
  RegressionStatistics,
} from "../numerics/maximise/regression.js";
export { RandomStream } from "../numerics/random.js";
export {
  columnMeans,
  downloadGradients,
  downloadTensor,
  imageTensor,
  isPositive,
  mapOnHost,
  multiplyMatrices,
  tensorFlow,
  uploadTensor,
  uploadWeights,
} from "./tensor-flow.js";
export type { TensorFlow } from "./tensor-flow.js";
