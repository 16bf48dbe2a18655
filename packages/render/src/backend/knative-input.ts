import type { KubeObject } from '@millrace/kube'
import type { Knative } from '../capabilities.ts'
import type { RenderInput } from '../seam.ts'
import type { EmitInput } from './standard.ts'

export interface KnativeInput extends EmitInput {
  readonly service: KubeObject
  readonly knative: Knative
  readonly isTemplateUnchanged?: RenderInput['isTemplateUnchanged']
}
