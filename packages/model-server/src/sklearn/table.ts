import { InvalidInput } from '@millrace/protocol'

/** Rows of numbers, row-major. A missing number is NaN. */
export interface Matrix {
  readonly kind: 'matrix'
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
  /** The numbers are float32: scikit-learn's scalers then round to float32 after each step. */
  readonly isSingle: boolean
  readonly names: readonly string[] | undefined
}

/** One column of a mixed table: numbers, or text where null is a missing value. */
export type Column =
  | { readonly kind: 'numbers'; readonly data: Float64Array }
  | { readonly kind: 'texts'; readonly data: readonly (string | null)[] }

/** Columns of different types, as a pandas DataFrame or an object array has them. */
export interface Mixed {
  readonly kind: 'mixed'
  readonly rows: number
  readonly columns: readonly Column[]
  readonly names: readonly string[] | undefined
}

/** What an estimator takes and a transformer gives. */
export type Table = Matrix | Mixed

/** Numbers that one step of one request may make: 1 GiB of doubles. */
const cellsMax = 2 ** 27

/** An empty matrix of the given size. @throws InvalidInput when a request would need more memory than is sane. */
export function createMatrix(rows: number, columns: number, isSingle = false): Matrix {
  if (rows * columns > cellsMax) {
    throw new InvalidInput(`${rows} rows would become ${rows} × ${columns} numbers inside the model: send fewer rows`)
  }
  return { kind: 'matrix', rows, columns, data: new Float64Array(rows * columns), isSingle, names: undefined }
}

const columnCount = (table: Table): number => (table.kind === 'matrix' ? table.columns : table.columns.length)

/** What checks need of an estimator. */
export interface Expectation {
  readonly className: string
  readonly featureCount: number | undefined
}

/** @throws InvalidInput when the table has another number of columns than the estimator was fitted on. */
export function checkWidth(table: Table, { className, featureCount }: Expectation): void {
  const got = columnCount(table)
  if (featureCount === undefined || featureCount === got) return
  throw new InvalidInput(
    `${className} was fitted on ${featureCount} features (n_features_in_), the input has ${got} in each row`,
  )
}

/** The table as numbers, with the right number of columns. Text is refused, as scikit-learn refuses it. */
export function toMatrix(table: Table, expected: Expectation): Matrix {
  checkWidth(table, expected)
  if (table.kind === 'matrix') return table
  const { rows, columns, names } = table
  const matrix = createMatrix(rows, columns.length)
  for (const [index, column] of columns.entries()) {
    if (column.kind === 'texts') {
      throw new InvalidInput(
        `${expected.className} takes numbers, and ${nameColumn(names, index)} of the input holds text`,
      )
    }
    for (let row = 0; row < rows; row++) matrix.data[row * columns.length + index] = column.data[row] ?? Number.NaN
  }
  return { ...matrix, names }
}

/** The same, and every number is finite: what most estimators ask for. */
export function toFiniteMatrix(table: Table, expected: Expectation): Matrix {
  const matrix = toMatrix(table, expected)
  checkFinite(matrix, expected.className, false)
  return matrix
}

/** Rounded to float32, as scikit-learn casts the input of trees; NaN is let through where `mayMiss`. */
export function toSingleMatrix(table: Table, expected: Expectation, mayMiss: boolean): Matrix {
  const matrix = toMatrix(table, expected)
  const rounded = matrix.isSingle ? matrix : { ...matrix, isSingle: true, data: roundToSingle(matrix.data) }
  checkFinite(rounded, expected.className, mayMiss)
  return rounded
}

function roundToSingle(data: Float64Array): Float64Array {
  const rounded = new Float64Array(data.length)
  for (let i = 0; i < rounded.length; i++) rounded[i] = Math.fround(data[i] ?? 0)
  return rounded
}

/** @throws InvalidInput naming the first row and column that holds infinity, or NaN unless `mayMiss`. */
export function checkFinite(matrix: Matrix, className: string, mayMiss: boolean): void {
  const { data, columns, names, isSingle } = matrix
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0
    if (value - value === 0 || (mayMiss && Number.isNaN(value))) continue
    const place = `row ${Math.floor(i / columns)}, ${nameColumn(names, i % columns)} of the input`
    if (!Number.isNaN(value)) {
      throw new InvalidInput(`${place} is infinite or too large for ${isSingle ? 'float32' : 'float64'}`)
    }
    throw new InvalidInput(
      `${place} is missing (null or NaN), and ${className} takes no missing values: ` +
        'fill them in, or put an imputer before it and train again',
    )
  }
}

/** `column 3` or `column "age"`. */
export function nameColumn(names: readonly string[] | undefined, index: number): string {
  const name = names?.[index]
  return name === undefined ? `column ${index}` : `column ${JSON.stringify(name)}`
}

/** Columns picked by position, in that order. */
export function selectColumns(table: Table, positions: readonly number[]): Table {
  const names = table.names && positions.map((position) => table.names?.[position] ?? '')
  if (table.kind === 'mixed') {
    const columns = positions.flatMap((position) => table.columns[position] ?? [])
    const isNumeric = columns.every((column) => column.kind === 'numbers')
    const picked: Mixed = { kind: 'mixed', rows: table.rows, columns, names }
    return isNumeric ? toMatrix(picked, { className: '', featureCount: undefined }) : picked
  }
  const picked = createMatrix(table.rows, positions.length, table.isSingle)
  for (let row = 0; row < table.rows; row++) {
    for (const [to, from] of positions.entries()) {
      picked.data[row * positions.length + to] = table.data[row * table.columns + from] ?? 0
    }
  }
  return { ...picked, names }
}

/** Tables of the same rows side by side. */
export function joinColumns(rows: number, tables: readonly Table[]): Table {
  if (tables.every((table) => table.kind === 'matrix')) return joinMatrices(rows, tables)
  const columns = tables.flatMap((table) => splitColumns(table))
  return { kind: 'mixed', rows, columns, names: undefined }
}

function joinMatrices(rows: number, matrices: readonly Matrix[]): Matrix {
  const width = matrices.reduce((sum, matrix) => sum + matrix.columns, 0)
  const isSingle = matrices.length > 0 && matrices.every((matrix) => matrix.isSingle)
  const joined = createMatrix(rows, width, isSingle)
  let offset = 0
  for (const matrix of matrices) {
    for (let row = 0; row < rows; row++) {
      const from = row * matrix.columns
      joined.data.set(matrix.data.subarray(from, from + matrix.columns), row * width + offset)
    }
    offset += matrix.columns
  }
  return joined
}

/** The columns of any table, each on its own. */
export function splitColumns(table: Table): readonly Column[] {
  if (table.kind === 'mixed') return table.columns
  return Array.from({ length: table.columns }, (_, column) => {
    const data = new Float64Array(table.rows)
    for (let row = 0; row < table.rows; row++) data[row] = table.data[row * table.columns + column] ?? 0
    return { kind: 'numbers', data }
  })
}
