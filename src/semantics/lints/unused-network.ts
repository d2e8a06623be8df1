import { unusedNetwork } from "../../diagnostics/catalogue/semantics.js";
import { distinctNames } from "../../ir/read-names.js";
import { usedExpressions, type Lint } from "./lint.js";

export const lintUnusedNetworks: Lint = ({ model }) => {
  const used = new Set([
    ...distinctNames(usedExpressions(model)).networks,
    ...(model.critic === undefined ? [] : [model.critic.network]),
  ]);
  return model.networks
    .filter((network) => !used.has(network.name))
    .map(({ name, span }) => unusedNetwork(span, { name }));
};
