import type { DeploymentMode } from './kinds/inference-service.ts'

/** `ModelMesh` services belong to another controller: ours leaves them alone. */
export type ParsedDeploymentMode = DeploymentMode | 'ModelMesh'

const spellings: Readonly<Record<string, ParsedDeploymentMode>> = {
  Standard: 'Standard',
  RawDeployment: 'Standard',
  Knative: 'Knative',
  Serverless: 'Knative',
  ModelMesh: 'ModelMesh',
}

/** The spellings that may be written, newest first. */
export const deploymentModeSpellings: readonly string[] = Object.keys(spellings)

/**
 * The one place where older spellings end: `RawDeployment` is Standard, `Serverless` is Knative. Undefined for a word that
 * is none of them; KServe takes such a word for the default in one half of its code and not in the other.
 */
export function parseDeploymentMode(text: string): ParsedDeploymentMode | undefined {
  return Object.hasOwn(spellings, text) ? spellings[text] : undefined
}
