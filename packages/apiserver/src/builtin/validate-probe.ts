import { type FieldError, forbidden, invalid, required } from '../schema/field-error.ts'
import { isObject, type Json } from './defaults-type.ts'
import { each, named, nonNegatives, oneOf } from './findings.ts'
import { headerNameErrors, portNameErrors, portRange } from './names.ts'

/** A probe: exactly one handler, counts that make sense. */
export function checkProbe(probe: unknown, path: string, succeedsOnce: boolean): FieldError[] {
  if (!isObject(probe)) return []
  const counts = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']
  const findings = [...checkHandlers(probe, path), ...nonNegatives(path, probe, ...counts)]
  const grace = probe.terminationGracePeriodSeconds
  if (typeof grace === 'number' && grace <= 0) {
    findings.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  }
  if (succeedsOnce && probe.successThreshold !== 1) {
    findings.push(invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  }
  return findings
}

const handlerKinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep']

/** The one handler of a probe or a lifecycle hook. */
export function checkHandlers(holder: Json, path: string): FieldError[] {
  const given = handlerKinds.filter((kind) => isObject(holder[kind]))
  const [first, ...more] = given
  if (first === undefined) return [required(path, 'must specify a handler type')]
  const findings = checkHandler(first, holder[first] as Json, `${path}.${first}`)
  return [...findings, ...more.map((kind) => forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type'))]
}

function checkHandler(kind: string, action: Json, path: string): FieldError[] {
  switch (kind) {
    case 'exec':
      return Array.isArray(action.command) && action.command.length > 0 ? [] : [required(`${path}.command`)]
    case 'httpGet':
      return [
        ...(action.path ? [] : [required(`${path}.path`)]),
        ...checkTarget(action.port, `${path}.port`),
        ...oneOf(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS']),
        ...each(`${path}.httpHeaders`, action.httpHeaders, (header) =>
          named(`${path}.httpHeaders`, header.name, headerNameErrors),
        ),
      ]
    case 'tcpSocket':
      return checkTarget(action.port, `${path}.port`)
    case 'grpc':
      return checkTarget(action.port ?? 0, `${path}.port`)
    default:
      return []
  }
}

/** A port by number or name. */
export function checkTarget(value: unknown, path: string): FieldError[] {
  if (typeof value === 'string') return named(path, value, portNameErrors)
  const number = Number(value)
  return number >= 1 && number <= 65535 ? [] : [invalid(path, number, portRange)]
}
