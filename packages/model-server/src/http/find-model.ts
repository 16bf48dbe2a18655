import { nearest } from '../nearest.ts'
import type { ServedModel } from '../model-repository.ts'
import { type HandlerContext, type Request, RequestError } from './answer.ts'

/**
 * The model that the path names, and its version where the path has one. 404 for an unknown model or version; 501 for a
 * version of a model that has none, as in KServe.
 */
export function findModel(context: HandlerContext, request: Request): ServedModel {
  const [name = '', version] = request.parameters
  const served = context.models.find(name)
  if (served === undefined) {
    const near =
      nearest(name, context.models.names) ?? (context.models.names.length === 1 ? context.models.names[0] : undefined)
    throw new RequestError(
      404,
      `Model with name ${name} does not exist.${near === undefined ? '' : ` This server has ${near}.`}`,
    )
  }
  if (version === undefined || version === served.version) return served
  if (served.version === undefined) {
    throw new RequestError(501, `Model with name ${name} has no versions; leave /versions/${version} out.`)
  }
  throw new RequestError(404, `Model with name ${name} has no version ${version}; it has ${served.version}.`)
}
