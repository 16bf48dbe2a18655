/** libsvm keeps pairwise probabilities away from 0 and 1. */
const shareMin = 1e-7

/** Platt's sigmoid of a decision value, in the form that does not cancel. */
function sigmoid(decision: number, a: number, b: number): number {
  const exponent = decision * a + b
  return exponent >= 0 ? Math.exp(-exponent) / (1 + Math.exp(-exponent)) : 1 / (1 + Math.exp(exponent))
}

/**
 * Class probabilities of one row from the decision values of all pairs of classes, by the second method of Wu, Lin and
 * Weng (2004), "Probability Estimates for Multi-class Classification by Pairwise Coupling". The iteration and where it
 * stops are libsvm's, for two classes too, so that the result equals scikit-learn's and not only the exact solution.
 */
export function coupleProbabilities(
  decisions: Float64Array,
  a: Float64Array,
  b: Float64Array,
  classes: number,
): Float64Array {
  const pairs = new Float64Array(classes * classes)
  let pair = 0
  for (let i = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, pair++) {
      const share = Math.min(
        Math.max(sigmoid(decisions[pair] ?? 0, a[pair] ?? 0, b[pair] ?? 0), shareMin),
        1 - shareMin,
      )
      pairs[i * classes + j] = share
      pairs[j * classes + i] = 1 - share
    }
  }
  return solveCoupling(couplingMatrix(pairs, classes), classes)
}

function couplingMatrix(pairs: Float64Array, classes: number): Float64Array {
  const matrix = new Float64Array(classes * classes)
  for (let t = 0; t < classes; t++) {
    for (let j = 0; j < classes; j++) {
      if (j === t) continue
      const opposite = pairs[j * classes + t] ?? 0
      matrix[t * classes + t] = (matrix[t * classes + t] ?? 0) + opposite * opposite
      matrix[t * classes + j] = -opposite * (pairs[t * classes + j] ?? 0)
    }
  }
  return matrix
}

function solveCoupling(matrix: Float64Array, classes: number): Float64Array {
  const shares = new Float64Array(classes).fill(1 / classes)
  const products = new Float64Array(classes)
  const tolerance = 0.005 / classes
  const rounds = Math.max(100, classes)
  for (let round = 0; round < rounds; round++) {
    let total = multiply(matrix, shares, products)
    if (products.every((product) => Math.abs(product - total) < tolerance)) break
    for (let t = 0; t < classes; t++) {
      const diagonal = matrix[t * classes + t] ?? 0
      const product = products[t] ?? 0
      const step = (total - product) / diagonal
      shares[t] = (shares[t] ?? 0) + step
      total = (total + step * (step * diagonal + 2 * product)) / (1 + step) / (1 + step)
      for (let j = 0; j < classes; j++) {
        products[j] = ((products[j] ?? 0) + step * (matrix[t * classes + j] ?? 0)) / (1 + step)
        shares[j] = (shares[j] ?? 0) / (1 + step)
      }
    }
  }
  return shares
}

/** products = matrix · shares; returns shares · products. */
function multiply(matrix: Float64Array, shares: Float64Array, products: Float64Array): number {
  const size = shares.length
  let total = 0
  for (let t = 0; t < size; t++) {
    let sum = 0
    for (let j = 0; j < size; j++) sum += (matrix[t * size + j] ?? 0) * (shares[j] ?? 0)
    products[t] = sum
    total += (shares[t] ?? 0) * sum
  }
  return total
}
