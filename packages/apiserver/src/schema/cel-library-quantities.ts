import type { Environment } from '@marcbachmann/cel-js'
import { compareQuantities, parseQuantity, type Quantity, quantitySyntax } from './quantity.ts'

type CelModule = typeof import('@marcbachmann/cel-js')

const billion = 1_000_000_000n

class QuantityValue {
  readonly quantity: Quantity
  constructor(quantity: Quantity) {
    this.quantity = quantity
  }
}

class SemverValue {
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly prerelease: readonly string[]
  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    this.numbers = numbers
    this.prerelease = prerelease
  }
}

/** `quantity("1Gi")` and `semver("1.2.3")` of Kubernetes' CEL. */
export function registerQuantities(environment: Environment, module: CelModule): void {
  const type = 'kubernetes.Quantity'
  const make = (nano: bigint): QuantityValue => new QuantityValue({ nano, format: 'DecimalSI' })
  const parse = (text: string): QuantityValue => {
    const quantity = parseQuantity(text)
    if (!quantity) throw new module.EvaluationError(quantitySyntax)
    return new QuantityValue(quantity)
  }
  const compare = (a: QuantityValue, b: QuantityValue): number => compareQuantities(a.quantity, b.quantity)
  environment
    .registerType(type, { ctor: QuantityValue, fields: {} })
    .registerFunction(`quantity(string): ${type}`, parse)
    .registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
    .registerFunction(`${type}.sign(): int`, ({ quantity }: QuantityValue) => BigInt(Math.sign(Number(quantity.nano))))
    .registerFunction(`${type}.isInteger(): bool`, ({ quantity }: QuantityValue) => quantity.nano % billion === 0n)
    .registerFunction(`${type}.asInteger(): int`, ({ quantity }: QuantityValue) => {
      if (quantity.nano % billion !== 0n) throw new module.EvaluationError('cannot convert value to integer')
      return quantity.nano / billion
    })
    .registerFunction(
      `${type}.asApproximateFloat(): double`,
      ({ quantity }: QuantityValue) => Number(quantity.nano) / 1e9,
    )
    .registerFunction(`${type}.compareTo(${type}): int`, (a: QuantityValue, b: QuantityValue) => BigInt(compare(a, b)))
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0)
    .registerFunction(`${type}.add(${type}): ${type}`, (a: QuantityValue, b: QuantityValue) =>
      make(a.quantity.nano + b.quantity.nano),
    )
    .registerFunction(`${type}.sub(${type}): ${type}`, (a: QuantityValue, b: QuantityValue) =>
      make(a.quantity.nano - b.quantity.nano),
    )
    .registerFunction(`${type}.add(int): ${type}`, (a: QuantityValue, b: bigint) => make(a.quantity.nano + b * billion))
    .registerFunction(`${type}.sub(int): ${type}`, (a: QuantityValue, b: bigint) => make(a.quantity.nano - b * billion))
    .registerOperator(`${type} == ${type}`, (a: QuantityValue, b: QuantityValue) => compare(a, b) === 0)
  registerSemver(environment, module)
}

const semverSyntax =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

function parseSemver(text: string): SemverValue | undefined {
  const match = text.length > 256 ? null : semverSyntax.exec(text)
  if (!match) return undefined
  const [major, minor, patch] = [match[1], match[2], match[3]].map((part) => BigInt(part ?? '0'))
  return new SemverValue([major ?? 0n, minor ?? 0n, patch ?? 0n], match[4]?.split('.') ?? [])
}

/** `v1.2` → `1.2.0`: what a lenient reader accepts. */
function normalized(text: string): string {
  const [, core = '', rest = ''] = /^v?(\d+(?:\.\d+)*)(.*)$/.exec(text) ?? []
  const parts = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3) parts.push('0')
  return parts.join('.') + rest
}

function registerSemver(environment: Environment, module: CelModule): void {
  const type = 'kubernetes.Semver'
  const parse = (text: string): SemverValue => {
    const version = parseSemver(text)
    if (!version) throw new module.EvaluationError('No Major.Minor.Patch elements found')
    return version
  }
  environment
    .registerType(type, { ctor: SemverValue, fields: {} })
    .registerFunction(`semver(string): ${type}`, parse)
    .registerFunction(`semver(string, bool): ${type}`, (text: string, isLenient: boolean) =>
      parse(isLenient ? normalized(text) : text),
    )
    .registerFunction('isSemver(string): bool', (text: string) => parseSemver(text) !== undefined)
    .registerFunction(
      'isSemver(string, bool): bool',
      (text: string, isLenient: boolean) => parseSemver(isLenient ? normalized(text) : text) !== undefined,
    )
    .registerFunction(`${type}.major(): int`, ({ numbers }: SemverValue) => numbers[0])
    .registerFunction(`${type}.minor(): int`, ({ numbers }: SemverValue) => numbers[1])
    .registerFunction(`${type}.patch(): int`, ({ numbers }: SemverValue) => numbers[2])
    .registerFunction(`${type}.compareTo(${type}): int`, (a: SemverValue, b: SemverValue) =>
      BigInt(compareSemver(a, b)),
    )
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: SemverValue, b: SemverValue) => compareSemver(a, b) < 0)
    .registerFunction(
      `${type}.isGreaterThan(${type}): bool`,
      (a: SemverValue, b: SemverValue) => compareSemver(a, b) > 0,
    )
    .registerOperator(`${type} == ${type}`, (a: SemverValue, b: SemverValue) => compareSemver(a, b) === 0)
}

/** semver.org, 11: numbers count as numbers, a pre-release comes before its release. */
function compareSemver(a: SemverValue, b: SemverValue): number {
  for (const index of [0, 1, 2] as const) {
    if (a.numbers[index] !== b.numbers[index]) return a.numbers[index] < b.numbers[index] ? -1 : 1
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Math.sign(b.prerelease.length - a.prerelease.length)
  }
  for (const [index, part] of a.prerelease.entries()) {
    const other = b.prerelease[index]
    if (other === undefined) return 1
    const order = comparePart(part, other)
    if (order !== 0) return order
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0
}

function comparePart(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumberA && isNumberB) return Math.sign(Number(BigInt(a) - BigInt(b)))
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
