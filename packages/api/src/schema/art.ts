import { modelServerFields } from './model.ts'
import { object, text, textMap } from './schema.ts'

const { confidential: _confidential, protocolVersion: _protocol, ...artServerFields } = modelServerFields

/** spec.explainer.art */
export const art = object('Explains predictions with the Adversarial Robustness Toolbox.', {
  ...artServerFields,
  type: text('The explainer, such as `SquareAttack`.'),
  config: textMap('Settings of the explainer.'),
})
